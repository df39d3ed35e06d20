"""Stress in speech: which peaks of the voice bring a nod or raise the brows.

Pure but for its seeded generator; used by the engine thread.
Never reacts to a steady sound, and never twice within half a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from export.data.acting.smooth import FRAME_S, Spring

MEAN_S = 0.8
"""Time over which the voice's usual energy is learnt."""
RISE = 0.10
"""A peak rises this far (of full energy) above the usual."""
TAKEN = 0.65
"""Share of peaks that show: not every stress moves the face."""
REST_FRAMES = (12, 36)
NOD_RAD = (0.018, 0.048)
"""1 to 2.7 degrees."""
BROW = (0.12, 0.36)
BROW_FRAMES = (6, 11)
BROW_OMEGA = 11.0


@dataclass(slots=True)
class AccentState:
    """One session's stresses."""

    rng: np.random.Generator
    usual: float = 0.0
    above: bool = False
    rest: int = 0
    """Frames before another accent may come."""
    brow: Spring = field(default_factory=Spring)
    brow_goal: float = 0.0
    brow_left: int = 0
    tilt: float = 0.0
    """By how much more the left brow rises (if negative, the right)."""


@dataclass(frozen=True, slots=True)
class Accent:
    """One frame: the depth of a nod that begins (0: none), and the brows' height, 0..1."""

    nod: float
    brow_left: float
    brow_right: float


def new_accents(rng: np.random.Generator) -> AccentState:
    """State of a new session, which owns `rng`."""
    return AccentState(rng)


def step_accents(state: AccentState, speaking: bool, energy: float) -> Accent:
    """Move on one frame; `energy` of the voice, 0..1."""
    keep = math.exp(-FRAME_S / MEAN_S)
    state.usual = keep * state.usual + (1.0 - keep) * energy
    above = energy > state.usual + RISE
    begins = above and not state.above
    state.above = above
    state.rest = max(0, state.rest - 1)
    nod = 0.0
    if begins and speaking and state.rest == 0:
        state.rest = int(state.rng.integers(*REST_FRAMES))
        if state.rng.random() < TAKEN:
            nod = _accent(state)
    goal = state.brow_goal if state.brow_left > 0 else 0.0
    state.brow_left = max(0, state.brow_left - 1)
    height = max(0.0, state.brow.follow(goal, BROW_OMEGA))
    return Accent(nod, height * (1.0 + state.tilt), height * (1.0 - state.tilt))


def _accent(state: AccentState) -> float:
    """Begin a nod, raised brows or both; return the nod's depth."""
    rng = state.rng
    kind = float(rng.random())
    nod = float(rng.uniform(*NOD_RAD))
    if kind > 0.4:
        state.brow_goal = float(rng.uniform(*BROW))
        state.brow_left = int(rng.integers(*BROW_FRAMES))
        state.tilt = float(rng.uniform(-0.15, 0.15))
    return nod if kind < 0.75 else 0.0
