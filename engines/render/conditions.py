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
from engines.values import F32, MOTION_SIZE

_PARTS = (MOTION_SIZE, MEL_BINS, Z_SIZE, len(STYLE_NAMES))
CONDITION_SIZE = sum(_PARTS) + len(_PARTS) - 1
"""Motion, sound, emotion, manner, and for each of the last three whether it is there."""


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
