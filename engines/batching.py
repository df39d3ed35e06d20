"""Decides which frames of many sessions are drawn together on a card, and when.

Pure; asked by the engine thread before every batch, beside `engines.scheduler`, whose ranking,
drops and ladder it shares. Never holds a clock, a card or a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engines.scheduler import Drop, Ladder, Limits, Load, Ready, rank, sift

BUCKETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
"""Sizes that batches are padded to. A card replays one recorded graph for each, so every size
would cost memory; in steps of a third to a half at most a third of a batch is padding."""
COLLECT_S = 0.008
"""A batch waits at most so long for others after its first frame could have been drawn."""

Costs: TypeAlias = Mapping[int, tuple[float, ...]]
"""Bucket -> seconds of a batch in each way to draw (`engines.meters.BatchMeter.expected_s`)."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How batches are made, and how hard a card may be pressed."""

    collect_s: float = COLLECT_S
    limits: Limits = field(
        default_factory=lambda: Limits(
            step_down_use=0.96, step_up_use=0.90, hold_use=0.96, unhold_use=0.90, pooled=False
        )
    )
    """A card's times hardly vary and a frame may wait for two whole batches, so it is filled
    further than a processor that codecs share."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames to draw at once: at most one of a session, all by the same nets in the same way."""

    items: tuple[Ready, ...]
    nets: str
    way: int
    bucket: int
    """Size it is padded to."""
    takes_s: float
    """Expected time; 0 while nothing was measured."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """What to do now."""

    run: Batch | None
    """To be drawn now."""
    again_s: float | None
    """When to ask again if no new frame comes first; None: only a new frame brings work."""
    drop: tuple[Drop, ...]
    """To be forgotten first."""


def gather(
    now_s: float,
    ready: Sequence[Ready],
    loads: Mapping[str, Load],
    ladder: Ladder,
    costs: Mapping[str, Costs],
    limits: BatchLimits,
) -> Gathering:
    """The next batch: that of the earliest deadline, as many beside it as share nets and way.

    It begins once everybody who could join has come, once a whole bucket is full, once its first
    frame has waited `collect_s`, or once waiting longer could make it late, whichever is first.
    `costs` is by nets; `ready` holds each session's items in order of pts. A frame is judged late
    by the time of a batch of all that wait, so that under pressure batches stay whole: smaller
    ones would draw fewer frames in the same time and make more late.
    """
    crowd = _crowd(ready, loads, ladder)

    def takes_s(load: Load, rung: int) -> float:
        way = _way(load, rung)
        table = costs[load.nets]
        return table[_padded(table, crowd[load.nets, way])][way]

    kept, drops = sift(now_s, ready, loads, ladder, limits.limits, takes_s)
    groups = _groups(kept, loads, ladder)
    if not groups:
        return Gathering(None, None, drops)
    there = members(loads, ladder)
    begins = {
        key: _begin_s(key, items, there[key], costs[key[0]], limits)
        for key, items in groups.items()
    }
    if min(begins.values()) > now_s:
        return Gathering(None, min(begins.values()), drops)
    # Whatever was due first is drawn first: a batch that could still wait does not have to.
    key = min(groups, key=lambda each: rank(groups[each][0], loads[groups[each][0].session_id]))
    return Gathering(_batch(key, groups[key], costs[key[0]]), now_s, drops)


def each_s(costs: Costs, sharing: Sequence[int]) -> tuple[float, ...]:
    """Seconds that one frame costs, in each way: `Load.costs_s` of a session on a card.

    `sharing`: sessions drawn in each way now. Under pressure what waits fills the largest bucket
    that so many can fill, and no larger one. A way in which nobody is drawn is counted as if
    everybody were, for they step down together.
    """
    everybody = max(sum(sharing), 1)
    counts = [count or everybody for count in sharing]
    buckets = [max((s for s in costs if s <= count), default=min(costs)) for count in counts]
    return tuple(costs[bucket][way] / bucket for way, bucket in enumerate(buckets))


def admits(
    loads: Mapping[str, Load], newcomer: Load, limits: BatchLimits, cap: int | None = None
) -> bool:
    """Whether one more session would be on time beside `loads`: all drawn in their last way.

    By measured costs. Pictures are held only when a measure turns out wrong, never to let more in.
    The first is always let in.
    """
    if cap is not None and len(loads) >= cap:
        return False
    if not loads:
        return True
    every = [*loads.values(), newcomer]
    return sum(load.use(load.foot - 1) for load in every) <= limits.limits.step_down_use


_Key: TypeAlias = tuple[str, int]


def _way(load: Load, rung: int) -> int:
    return min(rung, load.foot - 1)


def _crowd(ready: Sequence[Ready], loads: Mapping[str, Load], ladder: Ladder) -> dict[_Key, int]:
    """How many sessions wait, by nets and way."""
    names: dict[_Key, set[str]] = {}
    for item in ready:
        load = loads[item.session_id]
        key = (load.nets, _way(load, ladder.rung(item.session_id)))
        names.setdefault(key, set()).add(item.session_id)
    return {key: len(each) for key, each in names.items()}


def members(loads: Mapping[str, Load], ladder: Ladder) -> dict[_Key, int]:
    """How many sessions there are, by nets and way."""
    counts: dict[_Key, int] = {}
    for name, load in loads.items():
        key = (load.nets, _way(load, ladder.rung(name)))
        counts[key] = counts.get(key, 0) + 1
    return counts


def _groups(
    kept: Sequence[Ready], loads: Mapping[str, Load], ladder: Ladder
) -> dict[_Key, list[Ready]]:
    """By nets and way the oldest frame of each session, first by rank.

    One of a session at a time: a renderer's state moves on from frame to frame.
    """
    groups: dict[_Key, list[Ready]] = {}
    seen: set[str] = set()
    for item in kept:
        if item.session_id in seen:
            continue
        seen.add(item.session_id)
        load = loads[item.session_id]
        groups.setdefault((load.nets, _way(load, ladder.rung(item.session_id))), []).append(item)
    for items in groups.values():
        items.sort(key=lambda item: rank(item, loads[item.session_id]))
    return groups


def _begin_s(
    key: _Key, items: Sequence[Ready], members: int, costs: Costs, limits: BatchLimits
) -> float:
    """When a group's batch begins at the latest; minus infinity: now."""
    if len(items) >= members or len(items) >= max(costs):
        return float("-inf")
    takes_s = costs[_padded(costs, members)][key[1]]
    latest_s = min(item.deadline_s for item in items) - takes_s
    return min(min(item.arrived_s for item in items) + limits.collect_s, latest_s)


def _batch(key: _Key, items: Sequence[Ready], costs: Costs) -> Batch:
    """As many as are drawn fastest: a full bucket now and the rest next, or all of them padded."""
    nets, way = key
    padded = _padded(costs, len(items))
    full = max((size for size in costs if size <= len(items)), default=padded)
    count = min(len(items), padded)
    if count * costs[full][way] > full * costs[padded][way]:
        full = padded
    return Batch(tuple(items[:full]), nets, way, full, costs[full][way])


def _padded(costs: Costs, count: int) -> int:
    """The smallest bucket that holds `count`, or the largest there is."""
    return min((size for size in costs if size >= count), default=max(costs))
