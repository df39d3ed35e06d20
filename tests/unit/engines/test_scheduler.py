"""Deadlines, drops, holds and fairness."""

from __future__ import annotations

from engines.scheduler import Drop, Ladder, Limits, Load, Ready, decide
from engines.values import FRAME_SAMPLES

LIMITS = Limits()
HELD = 1
"""The foot of a ladder of one way to draw."""


def ready(session: str, frame: int, deadline_s: float) -> Ready:
    return Ready(session, frame * FRAME_SAMPLES, deadline_s)


def test_nothing_ready_nothing_to_do() -> None:
    decision = decide(0.0, [], {}, Ladder(), LIMITS)
    assert decision.run is None
    assert decision.drop == ()


def test_the_earliest_deadline_goes_first() -> None:
    items = [ready("a", 0, 0.3), ready("b", 0, 0.2), ready("c", 0, 0.25)]
    loads = {name: Load((0.01,)) for name in "abc"}
    assert decide(0.0, items, loads, Ladder(), LIMITS).run is items[1]


def test_ties_go_to_whoever_waited_longest_then_by_name() -> None:
    items = [ready("b", 0, 0.2), ready("a", 0, 0.2), ready("c", 0, 0.2)]
    loads = {"a": Load(served_s=5.0), "b": Load(served_s=4.0), "c": Load(served_s=4.0)}
    assert decide(0.0, items, loads, Ladder(), LIMITS).run is items[0]


def test_a_frame_that_cannot_be_in_time_is_dropped_before_its_cost() -> None:
    items = [ready("a", 0, 0.100), ready("a", 1, 0.140)]
    decision = decide(0.09, items, {"a": Load((0.02,))}, Ladder(), LIMITS)
    assert decision.drop == (Drop(items[0], "late"),)
    assert decision.run is items[1]


def test_a_starved_session_gets_a_late_picture() -> None:
    late = ready("a", 0, 0.1)
    loads = {"a": Load((0.02,), starved=1)}
    assert decide(0.2, [late], loads, Ladder(), LIMITS).run is None
    loads = {"a": Load((0.02,), starved=2)}
    assert decide(0.2, [late], loads, Ladder(), LIMITS).run is late


def test_after_a_stall_the_newest_frame_is_the_one_drawn() -> None:
    items = [ready("a", frame, 0.1) for frame in range(6)]
    decision = decide(1.0, items, {"a": Load((0.01,))}, Ladder(), LIMITS)
    assert decision.run is items[-1]
    assert [drop.reason for drop in decision.drop] == ["overflow"] * 3 + ["late"] * 2


def test_more_than_may_wait_is_dropped_oldest_first() -> None:
    items = [ready("a", frame, 9.0) for frame in range(5)]
    decision = decide(0.0, items, {"a": Load()}, Ladder(), LIMITS)
    assert decision.drop == (Drop(items[0], "overflow"), Drop(items[1], "overflow"))
    assert decision.run is items[2]


def test_the_half_rung_holds_every_second_picture() -> None:
    items = [ready("a", frame, 9.0) for frame in range(-1, 2)]
    decision = decide(0.0, items, {"a": Load()}, Ladder({"a": HELD}), LIMITS)
    assert decision.drop == (Drop(items[0], "rung"), Drop(items[2], "rung"))
    assert decision.run is items[1]


def test_a_hold_never_follows_a_loss() -> None:
    item = ready("a", 1, 9.0)
    assert decide(0.0, [item], {"a": Load(starved=1)}, Ladder({"a": HELD}), LIMITS).run is item
