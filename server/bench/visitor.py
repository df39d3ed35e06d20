"""A visitor of the bench: silent but for a faint room, and vowels in a row when told to speak.

Pure; used on the bench's event loop by a microphone track.
Never runs ahead: sound is made as it is taken.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32
from server.bench.sounds import RATE_HZ, burst

ROOM = 0.0005
"""RMS of the room: -66 dB."""
SYLLABLE_S = 0.15
"""A vowel of 120 ms and a gap of 30."""


class Visitor:
    """Sound at 48 kHz, as it is asked for."""

    def __init__(self, seed: int = 0, level: float = 0.9) -> None:
        self._rng = np.random.default_rng(seed)
        self._level = level
        self._speech = np.empty(0, np.float32)
        self.spoken = 0
        """Turns so far."""

    @property
    def speaking(self) -> bool:
        """Whether any of what was to be said has not been taken."""
        return len(self._speech) > 0

    def say(self, seconds: float) -> None:
        """Speak for so long, from now on."""
        vowel = burst(RATE_HZ) * np.float32(self._level)
        syllable = np.zeros(round(SYLLABLE_S * RATE_HZ), np.float32)
        syllable[: len(vowel)] = vowel
        self._speech = np.tile(syllable, max(1, round(seconds / SYLLABLE_S)))
        self.spoken += 1

    def take(self, count: int) -> F32:
        """The next f32[count]."""
        sound = (self._rng.standard_normal(count) * ROOM).astype(np.float32)
        said, self._speech = self._speech[:count], self._speech[count:]
        sound[: len(said)] += said
        return np.clip(sound, -1, 1)
