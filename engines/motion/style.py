"""How a character moves: seven dials that the scene sets.

Plain data, any thread.
Never changes lips.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32

STYLE_NAMES: tuple[str, ...] = (
    "energy",
    "smile",
    "gaze",
    "tempo",
    "blink",
    "brows",
    "nod",
)
"""Reach of the head; smile (0.5 none, 1 friendly); steadiness of eye contact; tempo; blinks; brow
accents; nods while listening."""
STYLE_INDEX: dict[str, int] = {name: i for i, name in enumerate(STYLE_NAMES)}
STYLE_SIZE = len(STYLE_NAMES)
USUAL: F32 = np.full(STYLE_SIZE, 0.5, np.float32)
USUAL.flags.writeable = False
