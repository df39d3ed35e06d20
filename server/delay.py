"""Chooses the playout delay: the smallest at which pictures are not late.

Pure; used by the player at each tick. Time is counted in ticks of 20 ms.
Never beyond its bounds, never by more than one step at a time, and down only slowly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

STEP_MS = 20
WINDOW_TICKS = 100
"""2 s of arrivals decide about growing."""
LATE_SHARE = 0.05
"""Grow when more than this share of the window's pictures came late..."""
BIN_TICKS = 25
LATE_BINS = 3
"""...in three of its four half seconds: a stall that is over is no reason to wait for ever."""
GROW_TICKS = 5
"""Between two steps up: each repeats 20 ms of sound, and five in a row would stutter."""
CALM_TICKS = 500
"""10 s in which every picture came early enough decide about shrinking."""
SPARE_MS = 30
"""Shrink by 20 ms only if the latest picture of that time was 30 ms early."""
SETTLE_TICKS = 25
"""After an interrupt 0.5 s of arrivals are not counted: the engine then dates pictures back."""


@dataclass(frozen=True, slots=True)
class DelayLimits:
    """In milliseconds; multiples of 20."""

    initial_ms: int
    low_ms: int
    high_ms: int


LOW_MS = 100
"""Below it no picture can be on time: 80 ms look-ahead and one packet."""
HIGH_MS = 400
"""Beyond it a conversation suffers more than the picture gains."""


def limits_around(initial_ms: int) -> DelayLimits:
    """Limits for a first delay of `initial_ms`, widened where it lies outside the usual ones."""
    initial_ms = _round(initial_ms)
    return DelayLimits(initial_ms, min(initial_ms, LOW_MS), max(initial_ms, HIGH_MS))


class DelayController:
    """Holds the delay; hears how early each picture came, in ms (negative is late)."""

    def __init__(self, limits: DelayLimits) -> None:
        """Raises ValueError when the limits are out of order."""
        if not 0 < limits.low_ms <= limits.initial_ms <= limits.high_ms:
            raise ValueError(f"delay limits are out of order: {limits}")
        self.limits = limits
        self.delay_ms = _round(limits.initial_ms)
        self.grown = self.shrunk = 0
        # Pictures come 25 a second: these hold 20 s and can drop nothing that counts.
        self._early: deque[tuple[int, float]] = deque(maxlen=512)
        self._since = 0
        self._changed = 0

    def arrived(self, tick: int, early_ms: float) -> None:
        """A picture came at `tick`, `early_ms` before its own was due."""
        if tick >= self._since:
            self._early.append((tick, early_ms))

    def settle(self, tick: int) -> None:
        """Do not judge by what comes just now."""
        self._early.clear()
        self._since = tick + SETTLE_TICKS

    def decide(self, tick: int) -> int:
        """The delay in ms from now on."""
        while self._early and self._early[0][0] < tick - CALM_TICKS:
            self._early.popleft()
        if self._must_grow(tick):
            return self._change(tick, STEP_MS)
        if self._may_shrink(tick):
            return self._change(tick, -STEP_MS)
        return self.delay_ms

    def _must_grow(self, tick: int) -> bool:
        if self.delay_ms + STEP_MS > self.limits.high_ms or tick < self._changed + GROW_TICKS:
            return False
        recent = [item for item in self._early if item[0] > tick - WINDOW_TICKS]
        late = [at for at, early in recent if early < 0]
        bins = {(tick - at) // BIN_TICKS for at in late}
        return len(bins) >= LATE_BINS and len(late) > LATE_SHARE * len(recent)

    def _may_shrink(self, tick: int) -> bool:
        if self.delay_ms - STEP_MS < self.limits.low_ms:
            return False
        if tick - max(self._since, self._changed) < CALM_TICKS:
            return False
        if len(self._early) < CALM_TICKS // 4:
            return False
        return min(early for _, early in self._early) >= SPARE_MS

    def _change(self, tick: int, step_ms: int) -> int:
        self.delay_ms += step_ms
        self.grown += step_ms > 0
        self.shrunk += step_ms < 0
        self._changed = tick
        # What came is judged by the new delay too: so it grows as far as it must, and no further.
        self._early = deque(((at, early + step_ms) for at, early in self._early), maxlen=512)
        return self.delay_ms


def _round(value_ms: int) -> int:
    """To a multiple of the step, upwards."""
    return -(-value_ms // STEP_MS) * STEP_MS
