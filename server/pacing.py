"""When the next tick is due: absolute deadlines, a small catch-up, no burst after a stall.

Pure; used by the player's task. `now_s` is given, never read.
Never lets time lost be made up by haste: more than two ticks behind are left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_BEHIND = 2
"""Ticks that may be sent late, at once: 40 ms, which every browser's jitter buffer holds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The tick to make next, when, and how many were left out before it."""

    index: int
    due_s: float
    skipped: int = 0


class Pacer:
    """Tick k is due at `origin_s + k * period_s`, whatever happened before."""

    def __init__(self, origin_s: float, period_s: float) -> None:
        """Raises ValueError when the period is not positive."""
        if period_s <= 0:
            raise ValueError(f"period_s must be positive, got {period_s}")
        self.origin_s = origin_s
        self.period_s = period_s

    def due_s(self, index: int) -> float:
        """When tick `index` is due."""
        return self.origin_s + index * self.period_s

    def next(self, index: int, now_s: float) -> Pace:
        """What follows tick `index`, made at or before `now_s`."""
        following = index + 1
        current = int((now_s - self.origin_s) / self.period_s + 1e-6)
        skipped = 0
        if current - following > MAX_BEHIND:
            skipped = current - following
            following = current
        return Pace(following, self.due_s(following), skipped)
