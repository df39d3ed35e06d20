"""Which points belong to the lips' and the eyes' own nets, and where their crops lie.

Constants and pure geometry; any thread.
Never computed from a picture: the groups come with the weights' manifest order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.face.frame import MESH_SIZE, Frame, frame_of
from engines.render import landmarks as lm
from engines.values import F32

MESH_PX = 96
PART_PX = 64
LIPS_SIDE = 1.5
EYE_SIDE = 1.1
"""Sides of the part crops in frame units."""

_BROW_LEFT = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
_BROW_RIGHT = (300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
_AROUND_LEFT = (
    130, 25, 110, 24, 23, 22, 26, 112, 243, 226, 31, 228, 229, 230, 231, 232, 233, 244, 190,
)  # fmt: skip
_AROUND_RIGHT = (
    359, 255, 339, 254, 253, 252, 256, 341, 463, 446, 261, 448, 449, 450, 451, 452, 453, 464, 414,
)  # fmt: skip


def _eye(index: int, around: tuple[int, ...], brow: tuple[int, ...]) -> tuple[int, ...]:
    eye = lm.EYES[index]
    rows = (*eye.upper, *eye.lower, *eye.corners, *eye.crease, *eye.above, *eye.iris)
    return tuple(dict.fromkeys((*rows, *around, *brow)))


LEFT_EYE = _eye(0, _AROUND_LEFT, _BROW_LEFT)
"""Points of the eye on the picture's left."""
RIGHT_EYE = _eye(1, _AROUND_RIGHT, _BROW_RIGHT)
LIPS = tuple(
    dict.fromkeys(
        (*(p for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS) for p in row),
         lm.MOUTH_LEFT, lm.MOUTH_RIGHT, lm.INNER_LEFT, lm.INNER_RIGHT, 76, 306, 62, 292)
    )
)  # fmt: skip
LIDS = tuple(p for eye in lm.EYES for p in (*eye.upper, *eye.lower, *eye.corners))
"""The rims of both eyes, for figures."""


@dataclass(frozen=True, slots=True)
class Part:
    """One net's points and crop."""

    name: str
    points: tuple[int, ...]
    centre: tuple[int, ...]
    """The crop's middle is the mean of these points."""
    side: float
    """Frame units."""
    side_px: int


PARTS = {
    "mesh": Part("mesh", tuple(range(lm.ALL_POINTS)), (), MESH_SIZE, MESH_PX),
    "lips": Part("lips", LIPS, lm.OUTER_LOOP, LIPS_SIDE, PART_PX),
    "eye": Part("eye", LEFT_EYE, (*lm.EYES[0].upper, *lm.EYES[0].lower), EYE_SIDE, PART_PX),
    "eye_right": Part(
        "eye_right", RIGHT_EYE, (*lm.EYES[1].upper, *lm.EYES[1].lower), EYE_SIDE, PART_PX
    ),
}


def part_frame(part: Part, points: F32) -> Frame:
    """Where the part's crop lies for a mesh f32[478,3] in pixels; its unit makes the side fit."""
    whole = frame_of(points)
    unit = whole.unit * part.side / MESH_SIZE
    if not part.centre:
        return Frame(whole.centre, unit, whole.angle)
    x, y = np.mean(points[[*part.centre], :2], axis=0)
    return Frame((float(x), float(y)), unit, whole.angle)
