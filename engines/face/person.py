"""What is person about a known face: a net of its own, looking nearer than the scene net does.

Any thread; no state. At onboarding, a twentieth of a second.
Never speaks of what lies outside its crop: there the scene net's mask holds.
"""

from __future__ import annotations

import numpy as np

from engines.face.frame import MESH_SIZE, Frame, cut, frame_of, inverse
from engines.face.weights import FaceNets
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

SIDE_PX = 160
REACH = 1.7
"""Half of the crop's side in face widths: an avatar shows 1.25 of them."""
_RIM = 0.08
"""Share of the crop's side over which its word fades to nothing at the edge."""


def person_crop(points: F32) -> F32:
    """f32[2,3]: picture pixels to the net's crop, upright about the face, of a mesh f32[478,3]."""
    middle = (points[lm.FACE_TOP, :2] + points[lm.CHIN, :2]) / 2
    width = float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2]))
    unit = 2 * REACH * width / MESH_SIZE
    at = Frame((float(middle[0]), float(middle[1])), unit, frame_of(points).angle)
    return at.matrix(SIDE_PX)


def person_near(image: U8, points: F32, side: int, nets: FaceNets) -> tuple[F32, F32]:
    """The chance of person about the face of a mesh f32[478,3] in u8[H,W,3], f32[side,side] of the
    whole picture; and how far it counts there, 1 to 0 where the crop ends.
    """
    matrix = person_crop(points)
    crop = cut(image, matrix, SIDE_PX)
    logits = nets.run("person", np.stack([crop, crop[:, ::-1]]), "person")[:, 0]
    chance = 1 / (1 + np.exp(-logits))
    seen = ((chance[0] + chance[1][:, ::-1]) / 2).astype(np.float32)
    back = _shrunk(inverse(matrix), image.shape[0], image.shape[1], side)
    flags = cv2.INTER_LINEAR
    near = cv2.warpAffine(seen, back, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return near, cv2.warpAffine(trust(), back, (side, side), flags=flags)


def _shrunk(matrix: F32, height: int, width: int, side: int) -> F32:
    """A map into a picture as a map into the same picture at side x side pixels."""
    scale = np.array([[side / width], [side / height]], np.float32)
    out: F32 = matrix * scale
    out[:, 2:] += (scale - 1) / 2
    return out


def trust() -> F32:
    """f32[S,S]: 1 in the crop, falling to 0 along its edge."""
    line = np.arange(SIDE_PX, dtype=np.float32)
    inward = np.minimum(line, line[::-1]) / (_RIM * SIDE_PX)
    ramp = inward.clip(0, 1)
    out: F32 = np.minimum(ramp[:, None], ramp[None]).astype(np.float32)
    return out
