"""Chooses the playout delay: the smallest at which pictures are not late.

Pure; used by the player at each tick. Time is counted in ticks of 20 ms.
Never beyond its bounds, never by more than one step at a time, and down only after a calm time.
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
CALM_TICKS = 250
"""5 s in which pictures came early enough decide about shrinking, counted from the last growth."""
SHRINK_TICKS = 50
"""Between two steps down: what was early enough for both says so at once, yet a second apart no
page hears or sees the sound that is left out. Back from 400 ms to 120 takes 18 s."""
MOST_CALM_TICKS = 3000
"""The longest time that is asked for: it doubles when a step down has to be taken back."""
REGRET_TICKS = 1500
"""Growing within 30 s of a step down takes it back; later it is another load."""
SPARE_MS = 26
"""Shrink by 20 ms only if all pictures of that time but a few were 26 ms early..."""
SPARED_SHARE = 0.02
"""...these few: asking it of every one, a machine with a hiccup in ten seconds never came back."""
SETTLE_TICKS = 25
"""After an interrupt 0.5 s of arrivals are not counted: the engine then dates pictures back."""
BEGIN_TICKS = 75
"""Nor are the first 1.5 s of a call: caches are cold and a browser has just woken, which says
nothing of the pictures to come (on two cores: 200 to 340 ms, and 120 ever after)."""


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
        # Pictures come 25 a second: these hold 20 s, and more is never judged by.
        self._early: deque[tuple[int, float]] = deque(maxlen=512)
        self._late: deque[int] = deque(maxlen=512)
        """When those of them came that were late: mostly none, so that a tick asks no further."""
        self._since = BEGIN_TICKS
        self._changed = 0
        self._raised = 0
        self._lowered: int | None = None
        """When it last went down, as long as that may still have to be taken back."""
        self._calm = CALM_TICKS

    def arrived(self, tick: int, early_ms: float) -> None:
        """A picture came at `tick`, `early_ms` before its own was due."""
        if tick >= self._since:
            self._early.append((tick, early_ms))
            if early_ms < 0:
                self._late.append(tick)

    def settle(self, tick: int) -> None:
        """Do not judge by what comes just now."""
        self._early.clear()
        self._late.clear()
        self._since = tick + SETTLE_TICKS

    def decide(self, tick: int, shrink: bool = True) -> int:
        """The delay in ms from now on; not smaller unless `shrink`: that leaves sound out."""
        while self._early and self._early[0][0] < tick - self._calm:
            self._early.popleft()
        if self._lowered is not None and tick > self._lowered + REGRET_TICKS:
            self._lowered, self._calm = None, CALM_TICKS
        if self._must_grow(tick):
            if self._lowered is not None:
                self._calm = min(2 * self._calm, MOST_CALM_TICKS)
                self._lowered = None
            return self._change(tick, STEP_MS)
        if shrink and self._may_shrink(tick):
            return self._change(tick, -STEP_MS)
        return self.delay_ms

    def _must_grow(self, tick: int) -> bool:
        if self.delay_ms + STEP_MS > self.limits.high_ms or tick < self._changed + GROW_TICKS:
            return False
        begin, late = tick - WINDOW_TICKS, self._late
        while late and late[0] <= begin:
            late.popleft()
        if len({(tick - at) // BIN_TICKS for at in late}) < LATE_BINS:
            return False
        recent = sum(at > begin for at, _ in self._early)
        return len(late) > LATE_SHARE * recent

    def _may_shrink(self, tick: int) -> bool:
        if self.delay_ms - STEP_MS < self.limits.low_ms:
            return False
        if tick - max(self._since, self._raised) < self._calm:
            return False
        if tick - self._changed < SHRINK_TICKS:
            return False
        if len(self._early) < CALM_TICKS // 4:
            return False
        short = sum(early < SPARE_MS for _, early in self._early)
        return short <= SPARED_SHARE * len(self._early)

    def _change(self, tick: int, step_ms: int) -> int:
        self.delay_ms += step_ms
        self.grown += step_ms > 0
        self.shrunk += step_ms < 0
        self._changed = tick
        if step_ms < 0:
            self._lowered = tick
        else:
            self._raised = tick
        # What came is judged by the new delay too: so it grows as far as it must, and no further.
        self._early = deque(((at, early + step_ms) for at, early in self._early), maxlen=512)
        self._late = deque((at for at, early in self._early if early < 0), maxlen=512)
        return self.delay_ms


def _round(value_ms: int) -> int:
    """To a multiple of the step, upwards."""
    return -(-value_ms // STEP_MS) * STEP_MS
