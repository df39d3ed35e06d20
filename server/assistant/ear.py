"""The microphone of an assistant session: frames to gapless sound at 16 kHz.

Runs on the event loop.
Never lets a lost packet shorten what was said: short holes are filled with silence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engines.values import F32

RTP_STEP = 3
"""48 kHz units of the RTP clock in one sample at 16 kHz."""
MAX_HOLE = 8_000
"""Half a second; after more the microphone was away, and nothing is made up."""


class Ear:
    """Where `server.ingest.MicReader` puts an assistant session's microphone."""

    def __init__(self, on_sound: Callable[[F32], None]) -> None:
        self._on_sound = on_sound
        self._next: int | None = None
        """RTP time, in samples at 16 kHz, that would follow without a hole."""
        self.filled = 0
        """Samples of silence that took the place of lost packets."""

    def push(self, now_s: float, rtp_pts: int, samples: F32) -> None:
        """Take f32[N] at 16 kHz whose first sample has the unwrapped RTP time `rtp_pts`."""
        if not len(samples):
            return
        start = rtp_pts // RTP_STEP
        hole = 0 if self._next is None else start - self._next
        if 1 < hole <= MAX_HOLE:
            self.filled += hole
            self._on_sound(np.zeros(hole, np.float32))
        self._next = start + len(samples)
        self._on_sound(samples)

    def restart(self) -> None:
        """What comes next is another microphone's: no hole lies between."""
        self._next = None
