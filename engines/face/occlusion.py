"""What of a face is hidden: its mouth, its eyes; by a hand, a mask, dark glasses, hair.

Any thread; no state.
Never refuses a photo: the finder does, with the remedy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.face.frame import cut, frame_of
from engines.face.mesh import LOOKS, moved
from engines.face.parts import PARTS
from engines.face.weights import FaceNets
from engines.values import F32, U8


@dataclass(frozen=True, slots=True)
class Hidden:
    """Chance in [0, 1] that a part is hidden; left and right as seen in the picture."""

    mouth: float
    left_eye: float
    right_eye: float


def hidden(image: U8, points: F32, nets: FaceNets) -> Hidden:
    """The mean of some looks and their mirrors at the face f32[478,3] in u8[H,W,3] BGR."""
    side = PARTS["mesh"].side_px
    crops = [cut(image, moved(frame_of(points), look).matrix(side), side) for look in LOOKS]
    plain = np.stack(crops)
    logits = nets.run("occlusion", np.concatenate([plain, plain[:, :, ::-1]]), "hidden")
    logits[len(crops) :] = logits[len(crops) :, [0, 2, 1]]
    mouth, left, right = (1 / (1 + np.exp(-logits.mean(0)))).tolist()
    return Hidden(mouth, left, right)
