"""What is seen in a photo, for the person who chose it: face, crop, faults, what could be better.

Any thread; plain values and pure functions.
Never decides that a photo cannot be used: that is an error raised where it is looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.face.finder import brightness, pose, way_of
from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import F32, U8

GOOD_FACE_PX = 180
GOOD_LIGHT = 70.0
SLIGHT_TURN_DEG = 12.0
CLEAR_TURN_DEG = 15.0
"""From here on the far side of the face has to be made up."""
EDGE = 0.25
"""Face widths of picture wanted around the face."""
Box = tuple[float, float, float, float]
"""x, y, width, height as shares of the photo's width and height."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a photo: code for programs, text and remedy for people."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is seen in a photo; lengths are shares of its width and height, 0 to 1."""

    width: int
    height: int
    faces: Sequence[Box]
    """From left to right; each can be chosen by its index."""
    outlines: Sequence[Sequence[tuple[float, float]]] = ()
    """Of the face and the lips, for drawing over the photo; empty when there is no mesh."""
    crop: Box | None = None
    """What the avatar will show; None when there is no avatar to be."""
    problem: Remark | None = None
    """Why it cannot become an avatar."""
    warnings: Sequence[Remark] = ()


def remark(error: Exception) -> Remark:
    """An error of this package as code, message and remedy: `message; remedy` is its text."""
    message, _, remedy = str(error).partition("; ")
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    return Remark(code, message, remedy)


def face_width(points: F32) -> float:
    """Pixels from temple to temple of f32[478,3]."""
    return float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2]))


def outlines(points: F32, width: int, height: int) -> list[list[tuple[float, float]]]:
    """Face, outer and inner lips of f32[478,3] pixels, as shares of the photo."""
    shares = points[:, :2] / np.array([width, height], np.float32)
    loops = ([*load_rig().oval], [*lm.OUTER_LOOP], [*lm.INNER_LOOP])
    return [[(round(float(x), 4), round(float(y), 4)) for x, y in shares[loop]] for loop in loops]


def warnings(picture: U8, points: F32) -> list[Remark]:
    """What would make a better avatar: photo u8[H,W,3] and the mesh f32[478,3] in its pixels."""
    found = (_turned(points), _small(points), _dim(picture, points), _tight(picture, points))
    return [each for each in found if each is not None]


def _turned(points: F32) -> Remark | None:
    yaw, pitch = pose(points)
    turn = max(abs(yaw), abs(pitch))
    if turn <= SLIGHT_TURN_DEG:
        return None
    way = way_of(yaw, pitch)
    if turn <= CLEAR_TURN_DEG:
        return Remark("slight_turn", f"The head is {way} a little.", "Look straight ahead.")
    return Remark(
        "turned",
        f"The head is {way} by about {turn:.0f} degrees: the far side will look less like you.",
        "A photo that looks straight into the camera gives a better face.",
    )


def _small(points: F32) -> Remark | None:
    width = face_width(points)
    if width >= GOOD_FACE_PX:
        return None
    return Remark(
        "small_face",
        f"The face is {math.floor(width)} pixels wide and will look soft.",
        f"From {GOOD_FACE_PX} on it looks sharp: take the original, or stand closer.",
    )


def _dim(picture: U8, points: F32) -> Remark | None:
    if brightness(picture, points) >= GOOD_LIGHT:
        return None
    return Remark("dim", "The light is dim.", "Face a window or a lamp.")


def _tight(picture: U8, points: F32) -> Remark | None:
    height, width = picture.shape[:2]
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    room = min(low[0], low[1], width - high[0], height - high[1])
    if room >= EDGE * face_width(points):
        return None
    return Remark(
        "tight_crop",
        "The face is close to the picture's edge.",
        "Leave room above the hair and around the shoulders.",
    )
