"""Decides which frame of which session is rendered next, and which are not rendered at all.

Pure; asked by the engine thread before every render.
Never holds a clock: `now_s` comes in, a decision goes out.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from engines.values import FRAME_RATE_HZ, FRAME_SAMPLES

Reason: TypeAlias = Literal["late", "rung", "overflow"]
HELD = "12.5 fps"
"""Name of the last rung: drawn in the cheapest way, every second picture held."""
RAISED_OF = 16
"""Of so many sessions one steps up at a time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A frame whose motion is known and whose picture could be drawn now."""

    session_id: str
    pts: int
    deadline_s: float
    """When the picture must be finished, on the clock that gives `now_s`."""
    arrived_s: float = float("-inf")
    """Since when it could have been drawn; what shares a batch may wait a little from here on."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of one session."""

    costs_s: tuple[float, ...] = (0.0,)
    """What one render in each way to draw takes of the thread: the rungs of its ladder, best
    first. One more follows: the last way, every second picture held. Work, not waiting: how much
    longer it took because others had the processor shows in `late_share`."""
    motion_s: float = 0.0
    """The same of one motion step."""
    late_share: float = 0.0
    """Running share of frames dropped or finished late, 0..1."""
    starved: int = 0
    """Frames dropped as late since the last picture."""
    served_s: float = float("-inf")
    """When its last render began."""
    best: int = 0
    """The rung it asked for: never above."""
    nets: str = ""
    """What draws it. Only sessions drawn by the same may share a batch (`engines.batching`)."""
    late_s: float = float("-inf")
    """When a frame was last dropped or finished late."""

    @property
    def foot(self) -> int:
        """The last rung."""
        return len(self.costs_s)

    def cost_s(self, rung: int) -> float:
        """Expected time of one render on a rung."""
        return self.costs_s[min(rung, self.foot - 1)]

    def use(self, rung: int) -> float:
        """Share of a thread's time it takes on a rung."""
        rate_hz = FRAME_RATE_HZ if rung < self.foot else FRAME_RATE_HZ / 2
        return self.cost_s(rung) * rate_hz + self.motion_s * FRAME_RATE_HZ


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard the machine may be pressed."""

    max_pending: int = 3
    """Frames of one session that may wait (2 hops and the one that came in meanwhile): after a
    stall the newest are worth drawing."""
    starve_frames: int = 2
    """After so many late frames in a row one is drawn although it is late: a slow picture is
    better than a dead one."""
    step_down_use: float = 0.85
    """Share of the thread's time above which one session alone steps down, before anything is
    late; see `down`."""
    step_up_use: float = 0.78
    """Share (after stepping up) below which one alone may step up again; see `up`."""
    pooled: bool = True
    """Whether n sessions need 1/sqrt(n) of the room that one needs: the sum of n costs scatters
    by so much less than one, and on a simulated thread frames begin to be late at 0.85 of one,
    0.92 of four, 0.95 of eight."""
    hold_use: float = 0.94
    """The same, above which pictures of one alone are held: half of them are lost for certain, so
    it takes more than giving up a box."""
    unhold_use: float = 0.88
    step_down_late: float = 0.10
    hold_late: float = 0.25
    """Share of late frames that is worth losing every second one for."""
    late_fresh_s: float = 0.5
    """Frames that were late count as long as others follow within this time: a stall that is over
    is no load, however many frames it took."""
    press_s: float = 0.3
    """How long it must be pressed by use before a session steps down: one hiccup is not a load."""
    press_late_s: float = 1.0
    """How long by lateness alone."""
    press_hold_s: float = 3.0
    """How long by lateness alone before pictures are held: somebody else's program that starts
    beside takes a core or two for about as long, and holding would outlast it."""
    settle_s: float = 0.5
    """Time for a step to show in the measures before the next one."""
    patience_s: float = 4.0
    """Calm time before a step up; doubled each time that a step up has to be taken back."""
    patience_held_s: float = 2.0
    """The same for those who are held, until it was taken back once."""
    max_patience_s: float = 60.0
    regret_s: float = 20.0
    """A step down so long after the last step up, or within the patience if that is longer, takes
    it back; a later one is another load."""

    def down(self, sessions: int, *, held: bool = False) -> float:
        """Share of the thread's time above which somebody steps down, `held`: to the foot."""
        return self._of(self.hold_use if held else self.step_down_use, sessions)

    def up(self, sessions: int, *, held: bool = False) -> float:
        """Share, after stepping up, below which somebody may step up, `held`: from the foot."""
        return self._of(self.unhold_use if held else self.step_up_use, sessions)

    def _of(self, share: float, sessions: int) -> float:
        return 1 - (1 - share) / math.sqrt(max(sessions, 1)) if self.pooled else share


@dataclass(frozen=True, slots=True)
class Drop:
    """A frame that will not be rendered, and why."""

    item: Ready
    reason: Reason


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now: render `run` (None: nothing is ready), after forgetting `drop`."""

    run: Ready | None
    drop: tuple[Drop, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rung of every session, and when one last changed."""

    rungs: Mapping[str, int] = field(default_factory=dict)
    changed_s: float = float("-inf")
    pressed_since_s: float = float("inf")
    """Since when a step down would have been called for; infinity: it is not."""
    calm_since_s: float = float("inf")
    """Since when a step up would have been allowed; infinity: it is not."""
    raised_s: float = float("-inf")
    """When a session last stepped up."""
    patience_s: float = 0.0
    """Calm time asked for; 0: what Limits says."""
    downs: int = 0
    """Steps down so far, over all sessions; for the metrics."""
    ups: int = 0

    def rung(self, session_id: str) -> int:
        """Index among its ways to draw, or one past the last: held."""
        return self.rungs.get(session_id, 0)


def decide(
    now_s: float,
    ready: Sequence[Ready],
    loads: Mapping[str, Load],
    ladder: Ladder,
    limits: Limits,
) -> Decision:
    """Earliest deadline first over all sessions, after dropping what is not worth its cost.

    A session that lost frames counts with the deadline of the first of them, so it rises until it
    is served and none can starve. `ready` holds each session's items in order of pts. Ties go to
    the session served longest ago.
    """
    kept, drops = sift(now_s, ready, loads, ladder, limits, lambda load, rung: load.cost_s(rung))
    run = min(kept, key=lambda item: rank(item, loads[item.session_id]), default=None)
    return Decision(run, drops)


def rank(item: Ready, load: Load) -> tuple[float, float, str]:
    """What is drawn first: the smallest. See `decide`."""
    waiting_s = load.starved / FRAME_RATE_HZ
    return (item.deadline_s - waiting_s, load.served_s, item.session_id)


def sift(
    now_s: float,
    ready: Sequence[Ready],
    loads: Mapping[str, Load],
    ladder: Ladder,
    limits: Limits,
    takes_s: Callable[[Load, int], float],
) -> tuple[list[Ready], tuple[Drop, ...]]:
    """Split what waits into frames worth rendering, in order of pts by session, and the others.

    `takes_s(load, rung)` is the time from the beginning of a render to its picture.
    """
    by_session: dict[str, list[Ready]] = {}
    for item in ready:
        by_session.setdefault(item.session_id, []).append(item)
    kept: list[Ready] = []
    drops: list[Drop] = []
    for session_id, items in by_session.items():
        load, rung = loads[session_id], ladder.rung(session_id)
        keep, gone = _sift(now_s + takes_s(load, rung), items, load, rung, limits)
        kept += keep
        drops += gone
    return kept, tuple(drops)


def _sift(
    done_s: float, items: Sequence[Ready], load: Load, rung: int, limits: Limits
) -> tuple[list[Ready], list[Drop]]:
    """Split one session's items; `done_s` is when a picture begun now would be finished."""
    surplus = max(0, len(items) - limits.max_pending)
    drops = [Drop(item, "overflow") for item in items[:surplus]]
    starved = load.starved + surplus
    keep: list[Ready] = []
    for item in items[surplus:]:
        newest = item is items[-1]
        if done_s > item.deadline_s:
            if newest and not keep and starved >= limits.starve_frames:
                keep.append(item)
            else:
                drops.append(Drop(item, "late"))
                starved += 1
        elif rung >= load.foot and starved == 0 and (item.pts // FRAME_SAMPLES) % 2:
            drops.append(Drop(item, "rung"))
        else:
            keep.append(item)
    return keep, drops


def use(loads: Mapping[str, Load], ladder: Ladder) -> float:
    """Share of one thread's time that the sessions ask for; above 1 they cannot be served."""
    return sum(load.use(ladder.rung(name)) for name, load in loads.items())


def climb(now_s: float, loads: Mapping[str, Load], ladder: Ladder, limits: Limits) -> Ladder:
    """Move sessions on their ladders: down as far as it takes, one up after a long calm.

    Whoever comes in finds room made by what is expected of it, before anything is late.
    """
    if ladder.rungs.keys() != loads.keys():
        ladder = _enter(now_s, loads, ladder, limits)
    if now_s - ladder.changed_s < limits.settle_s:
        return ladder
    if _too_much(loads, ladder, limits):
        return _step_down(now_s, loads, ladder, limits, limits.press_s)
    losing = [
        ladder.rung(name) < load.foot - 1
        for name, load in loads.items()
        if _losing(now_s, load, ladder.rung(name), limits)
    ]
    if losing:
        press_s = limits.press_late_s if any(losing) else limits.press_hold_s
        return _step_down(now_s, loads, ladder, limits, press_s)
    return _step_up(now_s, loads, replace(ladder, pressed_since_s=float("inf")), limits)


def _too_much(loads: Mapping[str, Load], ladder: Ladder, limits: Limits) -> bool:
    """Whether more is asked for than may be, with what can still be given up."""
    held = all(ladder.rung(name) >= load.foot - 1 for name, load in loads.items())
    return use(loads, ladder) > limits.down(len(loads), held=held)


def _losing(now_s: float, load: Load, rung: int, limits: Limits) -> bool:
    """Whether it loses more frames than its next step down would, and still does."""
    most = limits.hold_late if rung >= load.foot - 1 else limits.step_down_late
    return _late(now_s, load, most, limits)


def _late(now_s: float, load: Load, most: float, limits: Limits) -> bool:
    return load.late_share > most and now_s - load.late_s <= limits.late_fresh_s


def _enter(now_s: float, loads: Mapping[str, Load], ladder: Ladder, limits: Limits) -> Ladder:
    """Forget who left; those who came start on the rung they asked for, or where it fits."""
    rungs = {name: ladder.rungs.get(name, load.best) for name, load in loads.items()}
    came = rungs.keys() - ladder.rungs.keys()
    ladder = replace(ladder, rungs=rungs)
    if not came or not _too_much(loads, ladder, limits):
        return ladder
    return replace(_lower(loads, ladder, limits), changed_s=now_s, calm_since_s=float("inf"))


def _step_down(
    now_s: float, loads: Mapping[str, Load], ladder: Ladder, limits: Limits, press_s: float
) -> Ladder:
    pressed_since_s = min(ladder.pressed_since_s, now_s)
    ladder = replace(ladder, calm_since_s=float("inf"), pressed_since_s=pressed_since_s)
    if now_s - pressed_since_s < press_s:
        return ladder
    lowered = _lower(loads, ladder, limits)
    if lowered.rungs == ladder.rungs:
        return ladder
    patience_s = ladder.patience_s or limits.patience_s
    taken_back = now_s - ladder.raised_s < max(patience_s, limits.regret_s)
    patience_s = min(2 * patience_s, limits.max_patience_s) if taken_back else 0.0
    return replace(lowered, changed_s=now_s, pressed_since_s=float("inf"), patience_s=patience_s)


def _lower(loads: Mapping[str, Load], ladder: Ladder, limits: Limits) -> Ladder:
    """One step down, and more while it takes more and what they save is known.

    The session furthest from its foot goes first: boxes are given up before pictures are held.
    """
    rungs = dict(ladder.rungs)
    total = use(loads, ladder)
    order = {name: -at for at, name in enumerate(sorted(loads))}

    def place(name: str) -> tuple[float, float, float, int, str]:
        load, rung = loads[name], rungs[name]
        return (rung - load.foot, -load.late_share, -load.cost_s(rung), order[name], name)

    above = [place(name) for name, load in loads.items() if rungs[name] < load.foot]
    heapq.heapify(above)
    steps = 0
    while above:
        chosen = above[0][-1]
        load, rung = loads[chosen], rungs[chosen]
        saved = load.use(rung) - load.use(rung + 1)
        rungs[chosen] += 1
        steps += 1
        total -= saved
        if rungs[chosen] < load.foot:
            heapq.heapreplace(above, place(chosen))
        else:
            heapq.heappop(above)
        # Whoever is first is furthest from his foot: if he is a step above it, so is everybody.
        held = bool(above) and above[0][0] >= -1
        if total <= limits.down(len(loads), held=held) or saved <= 0:
            break
    return replace(ladder, rungs=rungs, downs=ladder.downs + steps)


def _step_up(now_s: float, loads: Mapping[str, Load], ladder: Ladder, limits: Limits) -> Ladder:
    below = [name for name, load in loads.items() if ladder.rung(name) > load.best]
    if not below:
        return ladder
    # Everybody who is held, if there is room for all: what they cost is known. Else one of a few;
    # of hundreds as many at a time that they are all up again within minutes.
    below.sort(key=lambda name: (loads[name].foot - ladder.rung(name), loads[name].cost_s(0), name))
    held = [name for name in below if ladder.rung(name) >= loads[name].foot]
    chosen = held or below[: max(1, len(loads) // RAISED_OF)]
    rungs = {**ladder.rungs, **{name: ladder.rung(name) - 1 for name in chosen}}
    after = use(loads, replace(ladder, rungs=rungs))
    most = limits.up(len(loads), held=bool(held))
    if after > most and len(chosen) > 1:
        chosen = chosen[:1]
        rungs = {**ladder.rungs, chosen[0]: ladder.rung(chosen[0]) - 1}
        after = use(loads, replace(ladder, rungs=rungs))
    late = limits.step_down_late / 2
    if after > most or any(_late(now_s, load, late, limits) for load in loads.values()):
        return replace(ladder, calm_since_s=float("inf"))
    calm_since_s = min(ladder.calm_since_s, now_s)
    usual_s = limits.patience_held_s if held else limits.patience_s
    if now_s - calm_since_s < (ladder.patience_s or usual_s):
        return replace(ladder, calm_since_s=calm_since_s)
    return replace(
        ladder,
        rungs=rungs,
        changed_s=now_s,
        calm_since_s=float("inf"),
        raised_s=now_s,
        ups=ladder.ups + len(chosen),
    )
