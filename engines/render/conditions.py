"""What tells the renderer how a frame should look, besides its picture: one vector.

Engine thread and training; pure.
Never keeps anything between frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.emotion.values import Z_SIZE
from engines.features import MEL_BINS
from engines.motion.style import STYLE_NAMES
from engines.values import F32, MOTION_INDEX, MOTION_NAMES, MOTION_SIZE

_PARTS = (MOTION_SIZE, MEL_BINS, Z_SIZE, len(STYLE_NAMES))
CONDITION_SIZE = sum(_PARTS) + len(_PARTS) - 1
"""Motion, sound, emotion, manner, and for each of the last three whether it is there."""


def _other_side(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


MIRROR_ORDER = [MOTION_INDEX[_other_side(name)] for name in MOTION_NAMES]
"""Which value of a motion is value i of its mirror image, but for the sign."""
MIRROR_SIGN: F32 = np.array(
    [-1 if name in ("headYaw", "headRoll", "headX") else 1 for name in MOTION_NAMES], np.float32
)


@dataclass(frozen=True, slots=True)
class Cues:
    """What is known of a frame; None where nothing is."""

    sound: F32 | None = None
    """f32[80]: mean of the four newest log-mel rows (`engines.features`) that motion heard."""
    emotion: F32 | None = None
    """f32[64]: Z_emo."""
    manner: F32 | None = None
    """f32[7] in STYLE_NAMES order: what the scene text asks for."""


NOTHING = Cues()


def mirrored(motion: F32) -> F32:
    """f32[...,58]: the motion as a mirror shows it; for the box that is mirrored itself."""
    out: F32 = motion[..., MIRROR_ORDER] * MIRROR_SIGN
    return out


def condition(motion: F32, cues: Cues = NOTHING) -> F32:
    """f32[212] of a motion f32[58] and its cues. Raises ValueError for another size."""
    given = (motion, cues.sound, cues.emotion, cues.manner)
    parts = []
    for value, size in zip(given, _PARTS, strict=True):
        part = np.zeros(size, np.float32) if value is None else value
        if part.shape != (size,):
            raise ValueError(f"condition: wanted {size} values, got {part.shape}")
        parts.append(part)
    there = np.array([value is not None for value in given[1:]], np.float32)
    return np.concatenate([*parts, there]).astype(np.float32)
