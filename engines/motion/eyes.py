"""Lids and gaze as eyes move them: blinks all the way, looks in leaps.

Pure; used by the engine thread.
Never adds a blink or a look that was not performed.

A net trained on squares of errors shuts lids half way and lets the gaze drift; eyes do neither:
lids close within three frames (Evinger 1991), and the gaze rests on a point or leaps (saccades
last 20 to 60 ms, Bahill, Clark, Stark 1975).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engines.motion.face import together
from engines.values import F32

LEAP = 0.05
"""Shortest leap, in full looks: smaller wishes are followed slowly, as the head's turn is."""
FOLLOW = 0.12
"""Share of a small wish made good in a frame."""
FIRST = 0.7
"""Share of a leap made in its first frame."""
_BLINKS = together("blinkLeft", "blinkRight")
_LOOKS = together("lookLeft", "lookDown")


@dataclass(slots=True)
class EyesState:
    """Where one session's eyes look."""

    look: F32
    """f32[2]: to the person's left, and down."""
    goal: F32 | None = None
    """Where a leap that has begun ends."""


def new_eyes() -> EyesState:
    """Eyes on the camera."""
    return EyesState(np.zeros(2, np.float32))


def move_eyes(state: EyesState, channels: F32, blink: tuple[float, float]) -> None:
    """Sharpen blinks and gaze of f32[28], in place.

    blink: the performed lid (0..1) at which one begins to count, and from which it is shut.
    """
    low, high = blink
    # Plain floats: of two numbers every numpy call costs more than its work.
    shut = [min(1.0, max(0.0, (lid - low) / (high - low))) for lid in channels[_BLINKS].tolist()]
    channels[_BLINKS] = [lid * lid * (3.0 - 2.0 * lid) for lid in shut]
    wish = channels[_LOOKS].copy()
    if state.goal is not None:
        state.look, state.goal = state.goal, None
    else:
        away = wish - state.look
        leaps = math.hypot(*away.tolist()) > LEAP
        if leaps:
            state.goal = wish
        state.look = state.look + np.float32(FIRST if leaps else FOLLOW) * away
    channels[_LOOKS] = state.look
