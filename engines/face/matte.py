"""What is person: a small net at 256 pixels, its edge drawn to the photo's own edges.

Any thread; no state.
Never cuts out a face: hair, neck and shoulders belong to the person.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import guided
from engines.face.weights import FaceNets
from engines.render.cv import cv2
from engines.values import F32, U8

SIDE_PX = 256
REACH = 1 / 90
"""Radius of the edge-keeping smoothing as a share of the longer side (6 px at 512)."""
EDGE = 1e-3
"""Contrast (squared, of full scale) from which the photo's edge leads."""


def person_mask(image: U8, nets: FaceNets) -> F32:
    """f32[H,W] in [0, 1]: person 1, background 0, for u8[H,W,3] BGR."""
    height, width = image.shape[:2]
    shrink = cv2.INTER_AREA if min(height, width) > SIDE_PX else cv2.INTER_LINEAR
    small = cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=shrink)
    logits = nets.run("scene", small[None], "person")[0, 0]
    coarse = 1 / (1 + np.exp(-logits))
    # The mirror image is a second opinion at the price of a few milliseconds.
    back = 1 / (1 + np.exp(-nets.run("scene", small[None, :, ::-1], "person")[0, 0, :, ::-1]))
    both = ((coarse + back) / 2).astype(np.float32)
    full = cv2.resize(both, (width, height), interpolation=cv2.INTER_CUBIC)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    radius = max(2, round(max(height, width) * REACH))
    out: F32 = guided(grey, full, radius, EDGE).clip(0, 1).astype(np.float32)
    return out
