"""Where the eyes look: fixations near the camera, short looks away, and the head's counter-turn.

Pure but for its seeded generator; used by the engine thread.
Never moves one eye without the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engines.values import FRAME_RATE_HZ

FULL_TURN_RAD = 0.5
"""Turn of an eyeball at eyeLook* = 1 (about 29 degrees)."""
STEADY = 0.85
"""Share of the head's turn that the eyes take back (vestibulo-ocular reflex): contact is kept."""
LIMIT = 0.45
CAMERA_S, AWAY_S = 1.1, 0.55
"""Median fixation at the camera (small shifts between its points), and away from it."""
AWAY, AWAY_SPEAKING = 0.10, 0.18
"""Chance that a fixation lies away: speakers look away more, listeners look on."""
LEAP = 0.18
"""A shift of this size is often made behind a blink."""
FIRST = 0.65
"""Share of a shift done in its first frame: small saccades last 30 to 60 ms."""


@dataclass(slots=True)
class GazeState:
    """One session's line of sight; + is the person's left, and down."""

    rng: np.random.Generator
    wait: float = 10.0
    """Frames until the next shift."""
    side: float = 0.0
    down: float = 0.0
    to_side: float = 0.0
    to_down: float = 0.0
    away: bool = False


@dataclass(frozen=True, slots=True)
class Gaze:
    """One frame: eyeLook* of the pair (side +: the person's left; down +), and the leap made."""

    side: float
    down: float
    leap: float


def new_gaze(rng: np.random.Generator) -> GazeState:
    """State of a new session, which owns `rng`: looks at the camera."""
    return GazeState(rng)


def step_gaze(state: GazeState, speaking: bool, yaw: float, pitch: float) -> Gaze:
    """Move on one frame; `yaw` and `pitch` are the head's, in radians."""
    leap = 0.0
    state.wait -= 1.0
    if state.wait <= 0:
        leap = _shift(state, speaking)
    state.side += FIRST * (state.to_side - state.side)
    state.down += FIRST * (state.to_down - state.down)
    side = state.side - STEADY * yaw / FULL_TURN_RAD
    down = state.down - STEADY * pitch / FULL_TURN_RAD
    return Gaze(min(LIMIT, max(-LIMIT, side)), min(LIMIT, max(-LIMIT, down)), leap)


def _shift(state: GazeState, speaking: bool) -> float:
    """Choose the next fixation; return how far it lies from this one."""
    rng = state.rng
    chance = AWAY_SPEAKING if speaking else AWAY
    # Two looks away in a row read as a wandering mind.
    state.away = not state.away and bool(rng.random() < chance)
    if state.away:
        angle = float(rng.uniform(0.0, 2.0 * math.pi))
        size = float(rng.uniform(0.6, 1.0))
        side, down = 0.30 * size * math.cos(angle), 0.16 * size * math.sin(angle)
    else:
        side, down = float(rng.normal(0.0, 0.025)), float(rng.normal(0.0, 0.015))
    leap = math.hypot(side - state.to_side, down - state.to_down)
    state.to_side, state.to_down = side, down
    median_s = AWAY_S if state.away else CAMERA_S
    seconds = math.exp(float(rng.normal(math.log(median_s), 0.45)))
    state.wait = min(4.0, max(0.2, seconds)) * FRAME_RATE_HZ
    return leap
