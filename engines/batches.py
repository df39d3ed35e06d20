"""Frames of many sessions made side by side, as `engines.batching` decides, and what that costs.

Engine thread, but for `learn`. One object for each engine that draws in batches.
Never holds a session: runners are handed in, and a fault goes back with the session it belongs to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from engines.batching import (
    BUCKETS,
    Batch,
    BatchLimits,
    Costs,
    Gathering,
    each_s,
    gather,
    members,
)
from engines.meters import BatchMeter
from engines.pipeline import gains
from engines.runner import Runner
from engines.scheduler import Ladder, Load, Ready
from engines.sharing import together

LONGEST_S = 0.040
"""No batch is made that would take longer: every session waits for the one before its own. It
binds where the processor's part of each frame is most of the cost."""
ALONE = (1,)
"""Buckets of what shares no net: the others would only wait for each other."""


class Batches:
    """Costs by bucket, batches, and how they are drawn."""

    def __init__(
        self,
        clock: Callable[[], float],
        worked: Callable[[], float],
        limits: BatchLimits | None = None,
        buckets: Sequence[int] = BUCKETS,
    ) -> None:
        """`worked`: as of `engines.loop.Engine`."""
        self.limits = limits or BatchLimits()
        self._clock, self._worked = clock, worked
        self._buckets = tuple(buckets)
        self._lock = threading.Lock()
        self._meters: dict[str, BatchMeter] = {}

    def learn(self, batch: str, costs: Costs) -> None:
        """Any thread: expect these seconds by bucket and way of `Pipeline.batch`."""
        meter = self._meter(batch, len(next(iter(costs.values()))))
        for bucket, seconds in costs.items():
            meter.learn(bucket, seconds)

    def loads(self, runners: Mapping[str, Runner], ladder: Ladder) -> dict[str, Load]:
        """What each session asks for: its share of the batches it is drawn in."""
        loads = {
            name: replace(runner.load(), nets=runner.batch) for name, runner in runners.items()
        }
        crowd = members(loads, ladder)
        costs: dict[str, tuple[float, ...]] = {}
        for load in loads.values():
            if load.nets not in costs:
                sharing = [crowd.get((load.nets, way), 0) for way in range(load.foot)]
                costs[load.nets] = each_s(self._table(load.nets, load.foot), sharing)
        return {name: replace(load, costs_s=costs[load.nets]) for name, load in loads.items()}

    def next(
        self,
        now_s: float,
        ready: Sequence[Ready],
        loads: Mapping[str, Load],
        ladder: Ladder,
    ) -> Gathering:
        """What to draw now, after what is to be dropped; see `engines.batching.gather`."""
        tables = {load.nets: self._table(load.nets, load.foot) for load in loads.values()}
        return gather(now_s, ready, loads, ladder, tables, self.limits)

    def draw(self, batch: Batch, runners: Mapping[str, Runner]) -> Iterator[tuple[str, Exception]]:
        """Draw it: each picture is handed over once it is done. Yields who failed, and how."""
        begun_s, before_s = self._clock(), self._worked()
        items = {item.session_id: item for item in batch.items}
        steady = not any(runners[name].fading for name in items)
        making = {name: runners[name].begin(item) for name, item in items.items()}
        failed = False
        for name, found in together(making):
            if isinstance(found, Exception):
                failed = True
                yield name, found
            else:
                runners[name].hand_over(items[name], found)
        took_s, worked_s = self._clock() - begun_s, self._worked() - before_s
        for name in items:
            runners[name].session.render.add(took_s / len(items))
            runners[name].session.work.add(worked_s / len(items))
        if steady and not failed:
            ways = runners[batch.items[0].session_id].load().foot
            self._meter(batch.nets, ways).add(batch.bucket, batch.way, worked_s)

    def _meter(self, batch: str, ways: int) -> BatchMeter:
        with self._lock:
            if batch not in self._meters:
                self._meters[batch] = BatchMeter(self._buckets if gains(batch) else ALONE, ways)
            return self._meters[batch]

    def _table(self, batch: str, ways: int) -> Costs:
        """Expected seconds by bucket, of those that are quick enough."""
        found = self._meter(batch, ways).expected_s()
        least = min(found)
        return {size: costs for size, costs in found.items() if size == least or _quick(costs)}


def _quick(costs: tuple[float, ...]) -> bool:
    return costs[0] <= LONGEST_S
