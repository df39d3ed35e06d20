"""Whether the sound being played is speech or silence, for the page: level with hysteresis.

Pure; used by the player.
Never decides what the face does: the engine has its own voice activity detection.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from engines.values import F32

LOUD, QUIET = 0.010, 0.005
"""RMS of 20 ms: -40 and -46 dB of full scale."""
BEGIN_TICKS = 2
END_TICKS = 15
"""300 ms: shorter pauses are part of speech."""


class SpeakingState:
    """Fed with each 20 ms of sound."""

    def __init__(self) -> None:
        self.speaking = False
        self._run = 0

    def step(self, samples: F32) -> bool:
        """Take f32[320]; return whether `speaking` changed."""
        level = sqrt(float(np.dot(samples, samples)) / len(samples))
        against = level < QUIET if self.speaking else level > LOUD
        self._run = self._run + 1 if against else 0
        if self._run < (END_TICKS if self.speaking else BEGIN_TICKS):
            return False
        self.speaking = not self.speaking
        self._run = 0
        return True
