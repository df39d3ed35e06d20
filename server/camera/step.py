"""Keeps picture and voice in step: what goes out sooner is held for the difference.

Pure; used on the event loop. Time is given, never read.
Never holds more than it must: of pictures that come due together the newest is shown.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 16
"""Pictures that may wait: 640 ms, longer than any sound system holds sound back."""


class HeldBack(Generic[T]):
    """A delay line for pictures, as long as the way that sound takes through its own system."""

    def __init__(self, delay_s: float) -> None:
        """Raises ValueError for a delay below zero, or longer than the line holds."""
        if not 0.0 <= delay_s <= MOST / 25:
            raise ValueError(f"delay: got {delay_s:g} s, wanted 0 to {MOST / 25:g} s")
        self._delay_s = delay_s
        self._waiting: deque[tuple[float, T]] = deque(maxlen=MOST)

    def put(self, now_s: float, item: T) -> None:
        """A picture that was released now."""
        self._waiting.append((now_s + self._delay_s, item))

    def due(self, now_s: float) -> T | None:
        """The newest picture whose time has come, or None."""
        found: T | None = None
        while self._waiting and self._waiting[0][0] <= now_s:
            found = self._waiting.popleft()[1]
        return found

    @property
    def next_s(self) -> float | None:
        """When the next picture is due; None when none waits."""
        return self._waiting[0][0] if self._waiting else None
