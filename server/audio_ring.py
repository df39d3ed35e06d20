"""The last four seconds of sound by media time, for the playout to read from.

Pure; used by the event loop.
Never grows and never shifts sound: what was not written reads as silence.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ

SIZE = 4 * SAMPLE_RATE_HZ
"""4 s: twice the longest playout delay (2 s)."""


class AudioRing:
    """f32 samples of media time [end - SIZE, end)."""

    def __init__(self) -> None:
        self._data = np.zeros(SIZE, np.float32)
        self.end = 0

    def write(self, pts: int, samples: F32) -> int:
        """Put f32[N] at `pts`; return how many were dropped because their time is taken."""
        late = min(max(0, self.end - pts), len(samples))
        samples, pts = samples[late:], pts + late
        if not len(samples):
            return late
        hole = pts - self.end
        if hole >= SIZE:
            self._data[:] = 0
        else:
            self._store(self.end, np.zeros(hole, np.float32))
        if len(samples) > SIZE:
            pts, samples = pts + len(samples) - SIZE, samples[-SIZE:]
        self._store(pts, samples)
        self.end = pts + len(samples)
        return late

    def truncate(self, pts: int) -> None:
        """Forget what lies at or after `pts`."""
        if pts < self.end - SIZE:
            self._data[:] = 0
        self.end = min(self.end, pts)

    def read(self, pts: int, count: int) -> F32:
        """f32[count] from `pts`, zero where nothing is held."""
        out = np.zeros(count, np.float32)
        first, last = max(pts, self.end - SIZE), min(pts + count, self.end)
        if first < last:
            at, count = first % SIZE, last - first
            wrapped = max(0, at + count - SIZE)
            out[first - pts : last - pts - wrapped] = self._data[at : at + count - wrapped]
            if wrapped:
                out[last - pts - wrapped : last - pts] = self._data[:wrapped]
        return out

    def _store(self, pts: int, samples: F32) -> None:
        """At most SIZE samples."""
        at = pts % SIZE
        fits = min(len(samples), SIZE - at)
        self._data[at : at + fits] = samples[:fits]
        self._data[: len(samples) - fits] = samples[fits:]
