"""Tells speech from silence, with hysteresis: WebRTC's detector above a level floor.

Used by the engine thread; one state for each session.
Never looks ahead, never raises for what a microphone sends (NaN, infinity, too loud).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import webrtcvad

from engines.values import F32, SAMPLE_RATE_HZ

HOP = 320
"""20 ms: webrtcvad takes 10, 20 or 30 ms."""
AGGRESSIVENESS = 2
ATTACK_HOPS = 2
"""40 ms of speech in a row open: one click or knock is shorter."""
RELEASE_HOPS = 7
"""140 ms without speech close: the closure of a stop consonant is shorter (50-120 ms)."""
MIN_LEVEL_DB = -52.0
"""Below this (dB of full scale, RMS of a hop) nothing is speech."""
ABOVE_FLOOR_DB = 6.0
"""Speech must rise this far above the tracked noise floor: a steady hum does not."""
FLOOR_RISE_DB = 0.02
"""The floor rises 1 dB/s under any sound and falls at once in a pause."""
STEADY_RISE_DB = 0.4
"""And 20 dB/s under a steady one, whose level strays less than STEADY_DB from its mean."""
STEADY_DB = 1.2
"""Speech strays 4 dB and more from its mean, a hum or white noise less than 0.5."""
MEAN_WEIGHT, STRAY_WEIGHT = 0.15, 0.05
"""The mean follows within 0.15 s, its measure of straying within 0.4 s."""
MIN_FLOOR_DB = MIN_LEVEL_DB - ABOVE_FLOOR_DB
"""A quieter room changes nothing, and the floor finds a new noise sooner from here."""
MAX_FLOOR_DB = -24.0
"""Talk without a pause never makes a loud voice count as noise."""
SILENT_DB = -96.0
BELOW_VOICE_DB = 24.0
"""So far below the loudest voice of late, a sound that is no voice is a pause in a noisy room."""
MAX_PAUSE_DB = -34.0
VOICE_DB = -30.0
"""Loudness of a voice not heard yet."""
VOICE_FALL_DB = 0.02
"""The loudest voice is forgotten at 1 dB/s of speech."""


@dataclass(slots=True)
class VadState:
    """One session's detector."""

    detector: Any
    """webrtcvad.Vad: it adapts to the noise, so each session has one."""
    rest: F32 = field(default_factory=lambda: np.empty(0, np.float32))
    """Samples left over: fewer than HOP."""
    speaking: bool = False
    run: int = 0
    """Hops in a row that speak against `speaking`."""
    level_db: float = SILENT_DB
    """Level of the last hop."""
    floor_db: float = MIN_FLOOR_DB
    """Tracked level of the noise."""
    mean_db: float = SILENT_DB
    stray_db: float = 6.0
    """How far the level lies from its running mean, on average."""

    voice_db: float = VOICE_DB
    """Level of the loudest voice of late."""

    @property
    def room(self) -> bool:
        """Whether the last hop was no louder than the room: it cannot have been speech."""
        return self.level_db < max(MIN_LEVEL_DB, self.floor_db + ABOVE_FLOOR_DB)

    @property
    def quiet(self) -> bool:
        """Whether the last hop was too soft for this speaker to be speaking."""
        return self.room or self.level_db < min(self.voice_db - BELOW_VOICE_DB, MAX_PAUSE_DB)


class Vad:
    """Voice activity every 20 ms; opens after 40 ms of speech, closes 140 ms after the last."""

    def new_state(self) -> VadState:
        """State of a new session: silent."""
        return VadState(webrtcvad.Vad(AGGRESSIVENESS))

    def step(self, state: VadState, samples: F32) -> bool:
        """Hear f32[N], N any; return whether there is speech after the last whole hop."""
        samples = clean(samples)
        if len(state.rest):
            samples = np.concatenate((state.rest, samples))
        whole = len(samples) // HOP * HOP
        for begin in range(0, whole, HOP):
            _hear(state, samples[begin : begin + HOP])
        state.rest = samples[whole:].copy()
        return state.speaking


def clean(samples: F32) -> F32:
    """The same samples as float32 in [-1, 1]; what is not a number becomes 0.

    Good samples are given back as they are, not copied.
    """
    # One look tells good sound from bad: what is not a number is not at most 1.
    if samples.dtype == np.float32 and np.maximum.reduce(np.abs(samples), initial=0.0) <= 1.0:
        return samples
    if not np.isfinite(samples).all():
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)


def _hear(state: VadState, hop: F32) -> None:
    _track(state, _level_db(hop))
    pcm = (hop * 32767.0).astype("<i2").tobytes()
    # The detector hears quiet hops too: it learns the noise from them.
    heard = bool(state.detector.is_speech(pcm, SAMPLE_RATE_HZ)) and not state.room
    state.run = state.run + 1 if heard != state.speaking else 0
    if state.run >= (RELEASE_HOPS if state.speaking else ATTACK_HOPS):
        state.speaking = heard
        state.run = 0


def _track(state: VadState, level_db: float) -> None:
    """Follow the level, how much it strays, and the floor under it."""
    away_db = level_db - state.mean_db
    state.mean_db += MEAN_WEIGHT * away_db
    # One click must not count as seconds of straying.
    state.stray_db += STRAY_WEIGHT * (min(abs(away_db), 12.0) - state.stray_db)
    rise_db = STEADY_RISE_DB if state.stray_db < STEADY_DB else FLOOR_RISE_DB
    raised_db = min(state.floor_db + rise_db, MAX_FLOOR_DB)
    state.floor_db = max(min(raised_db, level_db), MIN_FLOOR_DB)
    state.level_db = level_db
    if state.speaking:
        state.voice_db = max(level_db, state.voice_db - VOICE_FALL_DB)


def _level_db(hop: F32) -> float:
    power = float(np.add.reduce(np.square(hop, dtype=np.float64))) / len(hop)
    return max(SILENT_DB, 10.0 * math.log10(max(power, 1e-12)))
