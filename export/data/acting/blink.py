"""Blinks: when, how far, and their course over seven frames.

Pure but for its seeded generator; used by the engine thread.
Never blinks twice within a second, except as a double blink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engines.values import FRAME_RATE_HZ

CLOSING = (0.42, 0.88, 1.0)
"""Lids fall in 120 ms and rise in 160 ms, fast then slow (Evinger 1991, VanderWerf 2003)."""
OPENING = (0.80, 0.46, 0.18, 0.05)
COURSE = (0.0, *CLOSING, *OPENING, 0.0)
MEDIAN_S = 3.3
SPREAD = 0.42
"""Log-normal intervals between blinks (sigma of the logarithm)."""
SHORTEST_S, LONGEST_S = 2.0, 6.0
SPEAKING_RATE = 1.2
"""People blink more often while they speak."""
DOUBLE = 0.10
PARTIAL = 0.12
REST_S = 1.0
"""A blink asked for by something else waits this long after the last one."""


@dataclass(slots=True)
class BlinkState:
    """One session's lids."""

    rng: np.random.Generator
    wait: float
    """Frames until the next blink begins."""
    since: int = 0
    """Frames since the last blink began."""
    at: int = 0
    """Frame within the running blink, 0: none."""
    depth: float = 1.0
    lag: float = 0.0
    """Frames by which the right lid (if negative, the left) comes later: under half a frame."""
    tilt: float = 0.0
    """By how much less the right lid (if negative, the left) closes."""
    again: bool = False
    """A second blink follows this one."""


def new_blink(rng: np.random.Generator) -> BlinkState:
    """State of a new session, which owns `rng`."""
    return BlinkState(rng, _interval(rng) * float(rng.uniform(0.2, 0.9)))


def step_blink(state: BlinkState, speaking: bool, asked: float) -> tuple[float, float]:
    """Move on one frame; return how far the left and right lids are closed, 0..1.

    `asked` is the chance that something (a phrase ended, the gaze leapt) brings a blink now.
    """
    state.since += 1
    state.wait -= SPEAKING_RATE if speaking else 1.0
    if state.at == 0:
        wanted = state.since > REST_S * FRAME_RATE_HZ and state.rng.random() < asked
        if state.wait <= 0 or wanted:
            _begin(state)
    if state.at == 0:
        return 0.0, 0.0
    left = _lid(state, max(0.0, -state.lag), min(0.0, state.tilt))
    right = _lid(state, max(0.0, state.lag), -max(0.0, state.tilt))
    state.at += 1
    if state.at >= len(COURSE):
        state.at = 0
        if state.again:
            state.again = False
            state.wait = float(state.rng.uniform(2.0, 5.0))
    return left, right


def _begin(state: BlinkState) -> None:
    rng = state.rng
    state.at = 1
    repeated = state.since < REST_S * FRAME_RATE_HZ
    state.since = 0
    state.wait = _interval(rng)
    state.again = not repeated and rng.random() < DOUBLE
    partial = rng.random() < PARTIAL
    state.depth = float(rng.uniform(0.6, 0.8) if partial else rng.uniform(0.95, 1.0))
    state.lag = float(rng.uniform(-0.3, 0.3))
    state.tilt = float(rng.uniform(-0.05, 0.05))


def _lid(state: BlinkState, lag: float, tilt: float) -> float:
    """The course `lag` frames ago, between two of its frames."""
    here, before = COURSE[state.at], COURSE[state.at - 1]
    return state.depth * (1.0 + tilt) * (here + lag * (before - here))


def _interval(rng: np.random.Generator) -> float:
    seconds = math.exp(float(rng.normal(math.log(MEDIAN_S), SPREAD)))
    return min(LONGEST_S, max(SHORTEST_S, seconds)) * FRAME_RATE_HZ
