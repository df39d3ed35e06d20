"""The head: postures held and left, a slow drift, breath, and nods on request.

Pure but for its seeded generator; used by the engine thread.
Never turns further than LIMITS and never jumps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from engines.values import FRAME_RATE_HZ
from export.data.acting.smooth import FRAME_S, Spring, soft_limit

RAD = math.pi / 180.0
LIMITS = (4.0 * RAD, 6.0 * RAD, 3.0 * RAD)
"""Pitch, yaw, roll."""
CALM = (0.7 * RAD, 1.3 * RAD, 0.6 * RAD)
LIVELY = (1.4 * RAD, 2.6 * RAD, 1.2 * RAD)
"""Spread of postures in silence and in speech, for the same three."""
CALM_S, LIVELY_S = 2.6, 1.0
"""Median time a posture is held."""
CALM_OMEGA, LIVELY_OMEGA = 2.6, 4.6
DRIFT = 0.22 * RAD
DRIFT_S = 0.7
NOD_FRAMES = 5
NOD_OMEGA = 9.5
BREATH_S = 4.2
BREATH_Y = 0.004
"""Rise of the head at the top of a breath, in face widths."""
BREATH_PITCH = 0.25 * RAD
NECK_YAW, NECK_ROLL = 0.10, 0.15
"""The head turns about the neck: it shifts this many face widths for each radian."""


@dataclass(slots=True)
class SwayState:
    """One session's head."""

    rng: np.random.Generator
    wait: float = 5.0
    """Frames until the posture is left."""
    goal: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    posture: list[Spring] = field(default_factory=lambda: [Spring(), Spring(), Spring()])
    wander: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Ornstein-Uhlenbeck noise behind the drift."""
    drift: list[Spring] = field(default_factory=lambda: [Spring(), Spring(), Spring()])
    drive: Spring = field(default_factory=Spring)
    """0 calm, 1 lively."""
    nod: Spring = field(default_factory=Spring)
    nod_depth: float = 0.0
    nod_left: int = 0
    breath: float = 0.0
    """Phase, 0..1."""
    breath_s: float = BREATH_S


def new_sway(rng: np.random.Generator) -> SwayState:
    """State of a new session, which owns `rng`: straight, anywhere in a breath."""
    return SwayState(rng, breath=float(rng.random()))


def step_sway(state: SwayState, speaking: bool, nod: float) -> tuple[float, ...]:
    """Move on one frame; `nod` > 0 begins a nod so deep (rad). Returns pitch, yaw, roll, x, y, z.

    Signs and units as POSE_NAMES.
    """
    drive = state.drive.follow(1.0 if speaking else 0.0, 4.0)
    state.wait -= 1.0 + 0.8 * drive
    if state.wait <= 0:
        _leave(state, drive)
    omega = CALM_OMEGA + drive * (LIVELY_OMEGA - CALM_OMEGA)
    turn = [state.posture[i].follow(state.goal[i], omega) + _drift(state, i) for i in range(3)]
    lift = _breathe(state)
    turn[0] += _nod(state, nod) - BREATH_PITCH * lift
    turn[2] -= 0.12 * turn[1]
    pitch, yaw, roll = (soft_limit(turn[i], LIMITS[i]) for i in range(3))
    # Seen from the front a turn to the person's left goes to the image's right.
    x = NECK_YAW * yaw + NECK_ROLL * roll
    y = -BREATH_Y * lift + 0.1 * pitch
    z = 0.12 * pitch
    return pitch, yaw, roll, x, y, z


def _leave(state: SwayState, drive: float) -> None:
    rng = state.rng
    for i in range(3):
        spread = CALM[i] + drive * (LIVELY[i] - CALM[i])
        state.goal[i] = 0.25 * state.goal[i] + float(rng.normal(0.0, spread))
    median_s = CALM_S + drive * (LIVELY_S * 1.8 - CALM_S)
    seconds = math.exp(float(rng.normal(math.log(median_s), 0.4)))
    state.wait = min(7.0, max(0.5, seconds)) * FRAME_RATE_HZ


def _drift(state: SwayState, i: int) -> float:
    keep = math.exp(-FRAME_S / DRIFT_S)
    kick = float(state.rng.normal(0.0, DRIFT * math.sqrt(1.0 - keep * keep)))
    state.wander[i] = keep * state.wander[i] + kick
    return state.drift[i].follow(state.wander[i], 6.0)


def _nod(state: SwayState, nod: float) -> float:
    if nod > 0.0:
        state.nod_depth = nod
        state.nod_left = NOD_FRAMES
    goal = state.nod_depth if state.nod_left > 0 else 0.0
    state.nod_left = max(0, state.nod_left - 1)
    # Five frames reach about two thirds of the goal.
    return state.nod.follow(1.5 * goal, NOD_OMEGA)


def _breathe(state: SwayState) -> float:
    """Lift of the chest, 0..1: in within 40 % of the time, out in the rest."""
    state.breath += FRAME_S / state.breath_s
    if state.breath >= 1.0:
        state.breath -= 1.0
        state.breath_s = BREATH_S * float(state.rng.uniform(0.85, 1.2))
    rising = 0.4
    if state.breath < rising:
        return 0.5 - 0.5 * math.cos(math.pi * state.breath / rising)
    return 0.5 + 0.5 * math.cos(math.pi * (state.breath - rising) / (1.0 - rising))
