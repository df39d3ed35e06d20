"""What the engine counts: step times, frames drawn and dropped, ages; as frozen snapshots.

Written by the engine thread, read by any thread through `snapshot`.
Never decides anything and never logs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RECENT = 250
"""Steps that a percentile looks back over: 10 s at 25 fps."""
EWMA = 0.1
FIRST = 3
"""The first steps fill caches: of these the shortest counts."""
OUTLIER = 3.0
"""A longer step than so many means is the machine's hiccup, not the stage's cost: it counts as
that many."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Time of one stage of one session, in seconds."""

    steps: int = 0
    mean_s: float = 0.0
    """Running mean, weight 0.1 for the newest, outliers cut."""
    p95_s: float = 0.0
    """95th percentile of the last 250 steps."""
    max_s: float = 0.0
    """Longest of the last 250 steps."""


@dataclass(frozen=True, slots=True)
class EngineSessionStats:
    """One session as the engine sees it; counters since it was opened."""

    frames_rendered: int = 0
    frames_dropped: int = 0
    """Not rendered because too late, or too many waited: the picture before is held."""
    frames_held: int = 0
    """Not rendered on purpose, on the 12.5 fps rung."""
    frames_late: int = 0
    """Rendered, but finished after their deadline."""
    motion: StepTimes = StepTimes()
    render: StepTimes = StepTimes()
    work: StepTimes = StepTimes()
    """Of `render`, what the thread worked: the rest is other threads' and programs' time."""
    queue: StepTimes = StepTimes()
    """From the arrival of the last sample a frame needs to its finished picture."""
    rung: int = 0
    """Where it is on its ladder: 0 is the best."""
    rung_name: str = ""
    """What is drawn there; empty: nothing yet."""
    drawn: Mapping[str, int] = field(default_factory=dict)
    """Pictures rendered on each rung, by its name."""
    epoch: int = -1
    pts: int = 0
    """Media time of the newest motion."""
    speaking: bool = False
    audio_age_s: float = 0.0
    """Waiting time of the oldest chunk in the audio mailbox."""
    audio_dropped: int = 0
    """Chunks dropped by the full audio mailbox."""
    samples_filled: int = 0
    """Samples of silence put into holes."""
    samples_late: int = 0
    """Samples dropped: late, twice, or of an older epoch."""
    jumps: int = 0
    """Holes over 1 s."""


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The engine as a whole."""

    sessions: int
    use: float
    """Share of the thread's time that the open sessions ask for at their present rungs."""
    turn_age_s: float
    """Time since the last turn began: far above 1 s, the thread is stuck."""
    turns: int
    steps_down: int = 0
    """Steps down on the quality ladder so far, over all sessions."""
    steps_up: int = 0


class StepMeter:
    """Times of one stage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._steps = 0
        self.mean_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one step."""
        with self._lock:
            self._recent.append(seconds)
            self._steps += 1
            if self._steps <= FIRST:
                self.mean_s = min(self._recent)
            else:
                self.mean_s += EWMA * (min(seconds, OUTLIER * self.mean_s) - self.mean_s)

    def since(self, steps: int) -> list[float]:
        """Times of the steps after the first `steps`, oldest first; at most the last 250."""
        with self._lock:
            new = min(max(0, self._steps - steps), len(self._recent))
            return list(self._recent)[len(self._recent) - new :]

    def snapshot(self) -> StepTimes:
        """The figures now."""
        with self._lock:
            recent = sorted(self._recent)
            steps, mean_s = self._steps, self.mean_s
        if not recent:
            return StepTimes()
        p95_s = recent[min(len(recent) - 1, int(0.95 * len(recent)))]
        return StepTimes(steps, mean_s, p95_s, recent[-1])


class CostMeter:
    """What a picture costs in each way to draw it; shared by sessions that draw alike."""

    def __init__(self, ways: int) -> None:
        """`ways`: how many there are, best first."""
        self._meters = [StepMeter() for _ in range(ways)]

    def add(self, way: int, seconds: float) -> None:
        """Count one picture."""
        self._meters[way].add(seconds)

    def learn(self, costs_s: Sequence[float]) -> None:
        """Begin with what was measured elsewhere, for each way."""
        for meter, seconds in zip(self._meters, costs_s, strict=True):
            for _ in range(FIRST):
                meter.add(seconds)

    def expected_s(self) -> tuple[float, ...]:
        """Seconds for each way; 0 while nothing was measured.

        A way never tried counts as the next better one; above the best that was tried each
        counts twice the next. None counts less than one that is cheaper by its nature.
        """
        costs = [meter.mean_s for meter in self._meters]
        for way in range(1, len(costs)):
            costs[way] = costs[way] or costs[way - 1]
        for way in reversed(range(len(costs) - 1)):
            costs[way] = max(costs[way] or 2 * costs[way + 1], costs[way + 1])
        return tuple(costs)


class BatchMeter:
    """What a batch costs, by its bucket and the way to draw; of one set of nets on one card."""

    def __init__(self, buckets: Sequence[int], ways: int) -> None:
        """`buckets`: the sizes that batches are padded to, ascending."""
        self._meters = {bucket: CostMeter(ways) for bucket in buckets}
        self._ways = ways

    def add(self, bucket: int, way: int, seconds: float) -> None:
        """Count one batch. Raises KeyError for a bucket there is none of."""
        self._meters[bucket].add(way, seconds)

    def learn(self, bucket: int, costs_s: Sequence[float]) -> None:
        """Begin with what was measured elsewhere, for each way."""
        self._meters[bucket].learn(costs_s)

    def expected_s(self) -> dict[int, tuple[float, ...]]:
        """Seconds of a batch in each bucket, for each way; 0 while nothing was measured.

        Between two measured buckets a straight line is expected, below the smallest its own
        cost, above the largest no economy: never less than it will be on a card whose batches
        cost a fixed part and one for each frame.
        """
        known = {
            bucket: costs
            for bucket, meter in self._meters.items()
            if any(costs := meter.expected_s())
        }
        if not known:
            return {bucket: (0.0,) * self._ways for bucket in self._meters}
        return {bucket: _between(known, bucket) for bucket in self._meters}


def _between(known: Mapping[int, tuple[float, ...]], bucket: int) -> tuple[float, ...]:
    if bucket in known:
        return known[bucket]
    below = max((size for size in known if size < bucket), default=None)
    above = min((size for size in known if size > bucket), default=None)
    if below is None:
        return known[min(known)]
    if above is None:
        return tuple(cost * bucket / below for cost in known[below])
    share = (bucket - below) / (above - below)
    pairs = zip(known[below], known[above], strict=True)
    return tuple(low + share * (high - low) for low, high in pairs)
