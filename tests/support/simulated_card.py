"""A card and its sessions on a virtual clock: what `engines.batching` decides, carried out.

Runs in whatever thread calls `run`; nothing sleeps.
Never decides anything: it asks the scheduler, moves the clock, and counts what became of frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heapify, heapreplace

import numpy as np

from engines.batching import BUCKETS, Batch, BatchLimits, each_s, gather, members
from engines.meters import BatchMeter
from engines.scheduler import Drop, Ladder, Load, Ready, climb
from engines.values import F32, FRAME_SAMPLES

PERIOD_S = 0.04
LATE_WEIGHT = 0.04


@dataclass(frozen=True)
class SimulatedCard:
    """A batch takes `fixed_s[way] + each_s[way]` for every frame, plus what `hiccup(now_s)` adds.

    `padded`: padding costs as much as frames, as where one recorded graph is replayed a bucket.
    """

    fixed_s: tuple[float, ...] = (0.002,)
    each_s: tuple[float, ...] = (0.00035,)
    padded: bool = False
    hiccup: Callable[[float], float] = lambda now_s: 0.0

    def usual_s(self, way: int, bucket: int, count: int) -> float:
        """Seconds of a batch when nothing disturbs."""
        return self.fixed_s[way] + self.each_s[way] * (bucket if self.padded else count)


@dataclass
class Seat:
    """One session: when its frames come, and what became of them."""

    phase_s: float
    seed: int
    load: Load
    state: F32
    pending: list[Ready] = field(default_factory=list)
    pictures: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    """pts -> way, and what was drawn."""
    done_s: list[float] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    """Of every frame drawn, 0 when in time."""
    dropped: int = 0
    held: int = 0
    came: int = 0


class Cardroom:
    """Sessions that share one card."""

    def __init__(
        self,
        card: SimulatedCard,
        sessions: int,
        *,
        known: bool = True,
        budget_s: float = 0.1,
        limits: BatchLimits | None = None,
        first_seed: int = 0,
    ) -> None:
        """`known`: whether costs were measured before the first session came."""
        self.card = card
        self.limits = limits or BatchLimits()
        self.budget_s = budget_s
        self.ways = len(card.each_s)
        self.meter = BatchMeter(BUCKETS, self.ways)
        if known:
            for bucket in BUCKETS:
                costs = [card.usual_s(way, bucket, bucket) for way in range(self.ways)]
                self.meter.learn(bucket, costs)
        self.ladder = Ladder()
        self.now_s = 0.0
        self.batches: list[Batch] = []
        self.waited_s: list[float] = []
        """Of each batch, from its first frame's arrival or the card's being free to its start."""
        self._free_s = 0.0
        self.seats = {
            f"s{at:03}": Seat(
                PERIOD_S * at / sessions,
                first_seed + at,
                Load((0.0,) * self.ways),
                np.full(8, first_seed + at, np.float32),
            )
            for at in range(sessions)
        }

    def run(self, frames: int) -> None:
        """Until every session has had so many frames and nothing waits any more."""
        coming = [(seat.phase_s, name, 0) for name, seat in self.seats.items()]
        heapify(coming)
        while True:
            while coming and coming[0][0] <= self.now_s:
                at_s, name, frame = coming[0]
                self._arrive(self.seats[name], name, frame, at_s)
                following = (self.seats[name].phase_s + (frame + 1) * PERIOD_S, name, frame + 1)
                if frame + 1 < frames:
                    heapreplace(coming, following)
                else:
                    coming[0] = (float("inf"), name, frame)
                    heapify(coming)
            next_s = coming[0][0]
            again_s = self._turn()
            if again_s is None and next_s == float("inf"):
                return
            if again_s is None or again_s > self.now_s:
                self.now_s = min(next_s, float("inf") if again_s is None else again_s)

    def _arrive(self, seat: Seat, name: str, frame: int, at_s: float) -> None:
        seat.came += 1
        seat.pending.append(Ready(name, frame * FRAME_SAMPLES, at_s + self.budget_s, at_s))

    def _turn(self) -> float | None:
        costs = self.meter.expected_s()
        loads = {name: seat.load for name, seat in self.seats.items()}
        sharing = [members(loads, self.ladder).get(("", way), 0) for way in range(self.ways)]
        amortised = each_s(costs, sharing)
        loads = {name: replace(load, costs_s=amortised) for name, load in loads.items()}
        self.ladder = climb(self.now_s, loads, self.ladder, self.limits.limits)
        ready = [item for seat in self.seats.values() for item in seat.pending]
        found = gather(self.now_s, ready, loads, self.ladder, {"": costs}, self.limits)
        for drop in found.drop:
            self._forget(drop)
        if found.run is not None:
            self._draw(found.run)
        return found.again_s

    def _forget(self, drop: Drop) -> None:
        seat = self.seats[drop.item.session_id]
        seat.pending.remove(drop.item)
        if drop.reason == "rung":
            seat.held += 1
            return
        seat.dropped += 1
        share = seat.load.late_share + LATE_WEIGHT * (1 - seat.load.late_share)
        seat.load = replace(seat.load, starved=seat.load.starved + 1, late_share=share)

    def _draw(self, batch: Batch) -> None:
        begun_s = self.now_s
        first_s = max(min(item.arrived_s for item in batch.items), self._free_s)
        self.waited_s.append(begun_s - first_s)
        usual_s = self.card.usual_s(batch.way, batch.bucket, len(batch.items))
        took_s = usual_s + self.card.hiccup(begun_s)
        self.now_s = self._free_s = begun_s + took_s
        self.meter.add(batch.bucket, batch.way, took_s)
        self.batches.append(batch)
        seats = [self.seats[item.session_id] for item in batch.items]
        # All at once, as nets do: rows of padding ride along and are thrown away.
        states = np.zeros((batch.bucket, 8), np.float32)
        states[: len(seats)] = [seat.state for seat in seats]
        times = np.zeros((batch.bucket, 1), np.float32)
        times[: len(seats), 0] = [item.pts for item in batch.items]
        states = np.sin(states * np.float32(1.7) + times * np.float32(1e-3) + batch.way)
        for seat, item, state in zip(seats, batch.items, states, strict=False):
            seat.pending.remove(item)
            seat.state = state
            seat.pictures[item.pts] = (batch.way, state.tobytes())
            seat.done_s.append(self.now_s)
            late_s = max(0.0, self.now_s - item.deadline_s)
            seat.lateness_s.append(late_s)
            share = seat.load.late_share + LATE_WEIGHT * ((late_s > 0) - seat.load.late_share)
            seat.load = replace(seat.load, starved=0, late_share=share, served_s=begun_s)
