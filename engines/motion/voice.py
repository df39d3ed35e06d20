"""What the face hears in a voice besides words: activity, loudness, melody, and how long since.

Used by the engine thread and by training: one implementation, one state for each stream.
Never hears more than it is given, and never depends on the level of a microphone for long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

import numpy as np

from engines.prosody import F0, HNR, LOUDNESS, VOICED, Prosody, ProsodyState
from engines.values import F32, FRAME_RATE_HZ

VOICE_NAMES: tuple[str, ...] = (
    "speaking",
    "energy",
    "rise",
    "usual",
    "voiced",
    "melody",
    "climb",
    "begun",
    "ended",
)
"""Voice activity; loudness 0..1 against the speaker's own loud speech; loudness above the usual of
0.8 s, and that usual; share of voiced rows; pitch against the speaker's running median in octaves,
and its change; and how lately speech began and ended (1 now, falling over 0.6 s)."""
VOICE_SIZE = len(VOICE_NAMES)
_USUAL = math.exp(-1.0 / (0.8 * FRAME_RATE_HZ))
_LATELY = math.exp(-1.0 / (0.6 * FRAME_RATE_HZ))
_PEAK_FALL_DB = 0.04
"""A frame (1 dB a second)."""
_RANGE_DB = 30.0
_QUIET_DB = -66.0
_FIRST_PEAK_DB = -36.0
_MEDIAN_STEP = 0.06
"""Semitones by which the running median moves toward each voiced frame."""
_FIRST_PITCH = 16.0
"""Semitones above 55 Hz: 139 Hz, between most men's and most women's."""


@dataclass(slots=True)
class VoiceState:
    """One stream."""

    prosody: ProsodyState
    peak_db: float = _FIRST_PEAK_DB
    usual: float = 0.0
    pitch: float = _FIRST_PITCH
    heard: int = 0
    """Voiced frames so far: the median settles faster at first."""
    melody: float = 0.0
    speaking: bool = False
    begun: float = 0.0
    ended: float = 0.0


class Voice:
    """Shared code; make one per process, one state per stream."""

    def __init__(self) -> None:
        self._prosody = Prosody()

    def new_state(self) -> VoiceState:
        """A stream that has been silent."""
        return VoiceState(self._prosody.new_state())

    def step(self, state: VoiceState, samples: F32, speaking: bool) -> F32:
        """f32[9] in VOICE_NAMES order of the next f32[640]; `speaking` by `engines.vad`."""
        return self.follow(state, self.hear(state, samples), speaking)

    def hear(self, state: VoiceState, samples: F32) -> F32:
        """The first half of a step: its prosody f32[m,10], which others may be given too."""
        return self._prosody.step(state.prosody, samples)

    def follow(self, state: VoiceState, rows: F32, speaking: bool) -> F32:
        """The second half: f32[9] of what `hear` gave."""
        energy = 0.0
        if speaking:
            level_db = np.add.reduce(rows[:, LOUDNESS]) / np.float32(len(rows))
            energy = _energy(state, float(level_db))
        # Plain lists: of four rows every numpy call costs more than its work.
        voiced = [row for row in rows[:, : HNR + 1].tolist() if row[VOICED] > 0.5]
        sure = bool(voiced) and max(row[HNR] for row in voiced) > 2.0
        before = state.melody
        if sure:
            _follow(state, median([row[F0] for row in voiced]))
        else:
            state.melody *= 0.8
        state.begun *= _LATELY
        state.ended *= _LATELY
        if speaking and not state.speaking:
            state.begun = 1.0
        if state.speaking and not speaking:
            state.ended = 1.0
        state.speaking = speaking
        state.usual = _USUAL * state.usual + (1.0 - _USUAL) * energy
        return np.array(
            [
                float(speaking),
                energy,
                energy - state.usual,
                state.usual,
                len(voiced) / max(1, len(rows)),
                state.melody,
                state.melody - before,
                state.begun,
                state.ended,
            ],
            np.float32,
        )


def _energy(state: VoiceState, level_db: float) -> float:
    state.peak_db = max(level_db, state.peak_db - _PEAK_FALL_DB, _QUIET_DB + _RANGE_DB)
    return min(1.0, max(0.0, 1.0 + (level_db - state.peak_db) / _RANGE_DB))


def _follow(state: VoiceState, pitch: float) -> None:
    state.heard += 1
    step = max(_MEDIAN_STEP, 3.0 / state.heard)
    away = pitch - state.pitch
    state.pitch += math.copysign(min(step, abs(away)), away)
    state.melody = min(1.0, max(-1.0, (pitch - state.pitch) / 12.0))
