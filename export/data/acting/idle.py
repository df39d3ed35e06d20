"""What a face does besides speaking: blinks, gaze, breath, head sway, nods and raised brows.

Pure but for its seeded generators; used by the engine thread.
Never moves the mouth, never repeats itself, and always does the same for the same seed and sound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, MOTION_SIZE
from export.data.acting.accents import Accent, AccentState, new_accents, step_accents
from export.data.acting.blink import BlinkState, new_blink, step_blink
from export.data.acting.gaze import LEAP, Gaze, GazeState, new_gaze, step_gaze
from export.data.acting.smooth import FRAME_S, Spring
from export.data.acting.sway import SwayState, new_sway, step_sway

PHRASE_BLINK = 0.45
"""Chance of a blink as a phrase ends; people blink at the joints of speech (Nakano 2010)."""
LEAP_BLINK = 0.45
PHRASE_NOD_RAD = 0.020
MOOD_S = 5.0
"""Time over which the resting brows and lids wander."""


@dataclass(slots=True)
class IdleState:
    """One session. Copy it with `copy.deepcopy` to branch off."""

    blink: BlinkState
    gaze: GazeState
    sway: SwayState
    accents: AccentState
    rng: np.random.Generator
    """For the slow wandering of brows and lids."""
    wander: list[float] = field(default_factory=lambda: [0.0, 0.0])
    brow: Spring = field(default_factory=Spring)
    squint: Spring = field(default_factory=Spring)
    warmth: Spring = field(default_factory=Spring)
    """Cheeks lifted a little while speaking."""
    speaking: bool = False


class IdleGenerator:
    """Idle motion as f32[58] in MOTION_NAMES order; mouth and jaw are always 0."""

    def new_state(self, seed: int) -> IdleState:
        """State of a new session. Each part draws from a stream of its own, so that what one
        does (a double blink) never changes what another does.
        """
        streams = [
            np.random.Generator(np.random.PCG64(child))
            for child in np.random.SeedSequence(seed).spawn(5)
        ]
        return IdleState(
            new_blink(streams[0]),
            new_gaze(streams[1]),
            new_sway(streams[2]),
            new_accents(streams[3]),
            streams[4],
        )

    def step(self, state: IdleState, speaking: bool, energy: float) -> F32:
        """Move on one frame (40 ms); `energy` of the voice, 0..1."""
        phrase_ended = state.speaking and not speaking
        state.speaking = speaking
        accent = step_accents(state.accents, speaking, energy)
        nod = accent.nod or (PHRASE_NOD_RAD if phrase_ended else 0.0)
        pose = step_sway(state.sway, speaking, nod)
        gaze = step_gaze(state.gaze, speaking, pose[1], pose[0])
        asked = PHRASE_BLINK if phrase_ended else 0.0
        if gaze.leap > LEAP:
            asked = max(asked, LEAP_BLINK)
        left, right = step_blink(state.blink, speaking, asked)
        motion = np.zeros(MOTION_SIZE, np.float32)
        _put_gaze(motion, gaze)
        _put_brows(motion, accent, *_mood(state, speaking))
        _put_lids(motion, left, right)
        motion[len(ARKIT_NAMES) :] = pose
        return motion


def _mood(state: IdleState, speaking: bool) -> tuple[float, float, float]:
    """Resting brow, squint and cheek, each 0..1 and small."""
    keep = math.exp(-FRAME_S / MOOD_S)
    for i in range(2):
        kick = float(state.rng.normal(0.0, math.sqrt(1.0 - keep * keep)))
        state.wander[i] = keep * state.wander[i] + kick
    brow = state.brow.follow(0.05 + 0.035 * state.wander[0] + 0.03 * speaking, 3.0)
    squint = state.squint.follow(0.06 + 0.03 * state.wander[1], 3.0)
    warmth = state.warmth.follow(0.06 if speaking else 0.02, 3.0)
    return max(0.0, brow), max(0.0, squint), warmth


def _put_gaze(motion: F32, gaze: Gaze) -> None:
    """eyeLook* of both eyes; In is toward the nose."""
    left, right = max(0.0, gaze.side), max(0.0, -gaze.side)
    motion[_LOOK_OUT_LEFT] = motion[_LOOK_IN_RIGHT] = left
    motion[_LOOK_IN_LEFT] = motion[_LOOK_OUT_RIGHT] = right
    motion[_LOOK_DOWN] = max(0.0, gaze.down)
    motion[_LOOK_UP] = max(0.0, -gaze.down)


def _put_brows(motion: F32, accent: Accent, brow: float, squint: float, warmth: float) -> None:
    motion[_BROW_INNER] = brow + 0.5 * (accent.brow_left + accent.brow_right) * 0.8
    motion[_BROW_OUTER_LEFT] = 0.6 * brow + accent.brow_left
    motion[_BROW_OUTER_RIGHT] = 0.6 * brow + accent.brow_right
    motion[_SQUINT] = squint
    motion[_CHEEK] = warmth


def _put_lids(motion: F32, left: float, right: float) -> None:
    """Lids, and what goes with them: the ring muscle squeezes, the brow gives way a little."""
    for side, lid in enumerate((left, right)):
        motion[_BLINK[side]] = lid
        motion[_SQUINT[side]] += 0.08 * lid
        motion[_CHEEK[side]] += 0.05 * lid
        motion[_BROW_DOWN[side]] = 0.06 * lid


def _pair(name: str) -> list[int]:
    return [MOTION_INDEX[f"{name}Left"], MOTION_INDEX[f"{name}Right"]]


_BLINK = _pair("eyeBlink")
_SQUINT = _pair("eyeSquint")
_CHEEK = _pair("cheekSquint")
_BROW_DOWN = _pair("browDown")
_LOOK_DOWN = _pair("eyeLookDown")
_LOOK_UP = _pair("eyeLookUp")
_LOOK_IN_LEFT, _LOOK_IN_RIGHT = _pair("eyeLookIn")
_LOOK_OUT_LEFT, _LOOK_OUT_RIGHT = _pair("eyeLookOut")
_BROW_INNER = MOTION_INDEX["browInnerUp"]
_BROW_OUTER_LEFT, _BROW_OUTER_RIGHT = _pair("browOuterUp")
