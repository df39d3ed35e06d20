"""A clock that only moves when told to: virtual time for tests.

Used by the test's own thread, and read by any thread under test.
Never sleeps and never reads the real time.
"""

from __future__ import annotations

import threading


class FakeClock:
    """Stands in for `time.monotonic`: `FakeClock()` is callable and returns seconds."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._now_s = now_s

    def __call__(self) -> float:
        with self._lock:
            return self._now_s

    def advance(self, seconds: float) -> None:
        """Move forward; raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError(f"a clock never runs back, got {seconds}")
        with self._lock:
            self._now_s += seconds

    def set(self, now_s: float) -> None:
        """Move to `now_s`; raises ValueError when that lies in the past."""
        self.advance(now_s - self())
