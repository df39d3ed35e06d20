"""Deadlines, drops, rungs and fairness; and whole simulated machines under every load."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.scheduler import (
    FULL,
    HALF,
    Drop,
    Ladder,
    Limits,
    Load,
    Ready,
    climb,
    decide,
    use,
)
from engines.values import FRAME_SAMPLES

LIMITS = Limits()


def ready(session: str, frame: int, deadline_s: float) -> Ready:
    return Ready(session, frame * FRAME_SAMPLES, deadline_s)


def test_nothing_ready_nothing_to_do() -> None:
    decision = decide(0.0, [], {}, Ladder(), LIMITS)
    assert decision.run is None
    assert decision.drop == ()


def test_the_earliest_deadline_goes_first() -> None:
    items = [ready("a", 0, 0.3), ready("b", 0, 0.2), ready("c", 0, 0.25)]
    loads = {name: Load(cost_s=0.01) for name in "abc"}
    assert decide(0.0, items, loads, Ladder(), LIMITS).run is items[1]


def test_ties_go_to_whoever_waited_longest_then_by_name() -> None:
    items = [ready("b", 0, 0.2), ready("a", 0, 0.2), ready("c", 0, 0.2)]
    loads = {"a": Load(served_s=5.0), "b": Load(served_s=4.0), "c": Load(served_s=4.0)}
    assert decide(0.0, items, loads, Ladder(), LIMITS).run is items[0]


def test_a_frame_that_cannot_be_in_time_is_dropped_before_its_cost() -> None:
    items = [ready("a", 0, 0.100), ready("a", 1, 0.140)]
    decision = decide(0.09, items, {"a": Load(cost_s=0.02)}, Ladder(), LIMITS)
    assert decision.drop == (Drop(items[0], "late"),)
    assert decision.run is items[1]


def test_a_starved_session_gets_a_late_picture() -> None:
    late = ready("a", 0, 0.1)
    loads = {"a": Load(cost_s=0.02, starved=1)}
    assert decide(0.2, [late], loads, Ladder(), LIMITS).run is None
    loads = {"a": Load(cost_s=0.02, starved=2)}
    assert decide(0.2, [late], loads, Ladder(), LIMITS).run is late


def test_after_a_stall_the_newest_frame_is_the_one_drawn() -> None:
    items = [ready("a", frame, 0.1) for frame in range(6)]
    decision = decide(1.0, items, {"a": Load(cost_s=0.01)}, Ladder(), LIMITS)
    assert decision.run is items[-1]
    assert [drop.reason for drop in decision.drop] == ["overflow"] * 3 + ["late"] * 2


def test_more_than_may_wait_is_dropped_oldest_first() -> None:
    items = [ready("a", frame, 9.0) for frame in range(5)]
    decision = decide(0.0, items, {"a": Load()}, Ladder(), LIMITS)
    assert decision.drop == (Drop(items[0], "overflow"), Drop(items[1], "overflow"))
    assert decision.run is items[2]


def test_the_half_rung_holds_every_second_picture() -> None:
    items = [ready("a", frame, 9.0) for frame in range(-1, 2)]
    decision = decide(0.0, items, {"a": Load()}, Ladder({"a": HALF}), LIMITS)
    assert decision.drop == (Drop(items[0], "rung"), Drop(items[2], "rung"))
    assert decision.run is items[1]


def test_a_hold_never_follows_a_loss() -> None:
    item = ready("a", 1, 9.0)
    assert decide(0.0, [item], {"a": Load(starved=1)}, Ladder({"a": HALF}), LIMITS).run is item


def test_use_counts_renders_at_the_rung_and_motion_always() -> None:
    loads = {"a": Load(cost_s=0.02, motion_s=0.002), "b": Load(cost_s=0.02, motion_s=0.002)}
    assert use(loads, Ladder()) == pytest.approx(2 * 25 * 0.022)
    assert use(loads, Ladder({"a": HALF})) == pytest.approx(25 * 0.022 + 25 * 0.002 + 12.5 * 0.02)


def test_the_ladder_steps_down_before_anything_is_late() -> None:
    loads = {"a": Load(cost_s=0.020), "b": Load(cost_s=0.022)}
    ladder = climb(0.3, loads, climb(0.0, loads, Ladder(), LIMITS), LIMITS)
    assert ladder.rungs == {"b": HALF}
    # One step, then time to see what it did.
    assert climb(0.7, loads, ladder, LIMITS).rungs == {"b": HALF}


def test_a_hiccup_is_not_a_load() -> None:
    heavy, light = {"a": Load(cost_s=0.05)}, {"a": Load(cost_s=0.01)}
    ladder = Ladder()
    for now_s in (0.0, 0.25, 0.35, 0.6):
        ladder = climb(now_s, heavy if now_s != 0.25 else light, ladder, LIMITS)
        assert ladder.rungs == {}
    assert climb(0.65, heavy, ladder, LIMITS).rungs == {"a": HALF}


def test_the_ladder_steps_down_whom_lateness_hurts() -> None:
    loads = {"a": Load(cost_s=0.001, late_share=0.5), "b": Load(cost_s=0.002)}
    assert climb(0.0, loads, Ladder(pressed_since_s=-0.3), LIMITS).rungs == {"a": HALF}


def test_the_ladder_cannot_go_below_its_foot() -> None:
    loads = {"a": Load(cost_s=0.2)}
    ladder = climb(0.0, loads, Ladder({"a": HALF}, changed_s=-9.0), LIMITS)
    assert ladder.rungs == {"a": HALF}


def test_the_ladder_steps_up_after_a_long_calm() -> None:
    ladder = Ladder({"a": HALF}, changed_s=0.0)
    loads = {"a": Load(cost_s=0.01)}
    for now_s in (1.0, 2.0, 4.9):
        ladder = climb(now_s, loads, ladder, LIMITS)
        assert ladder.rung("a") == HALF
    assert climb(5.0, loads, ladder, LIMITS).rung("a") == FULL


def test_calm_begins_again_after_a_bad_moment() -> None:
    ladder = climb(1.0, {"a": Load(cost_s=0.01)}, Ladder({"a": HALF}, changed_s=0.0), LIMITS)
    ladder = climb(4.0, {"a": Load(cost_s=0.031)}, ladder, LIMITS)
    ladder = climb(5.0, {"a": Load(cost_s=0.01)}, ladder, LIMITS)
    assert ladder.rung("a") == HALF
    assert ladder.calm_since_s == 5.0


def test_a_step_up_taken_back_doubles_the_patience() -> None:
    loads = {"a": Load(cost_s=0.04)}
    raised = Ladder(raised_s=20.0, changed_s=20.0, pressed_since_s=20.0)
    assert climb(21.0, loads, raised, LIMITS).patience_s == 8.0
    again = replace(raised, patience_s=8.0)
    assert climb(21.0, loads, again, LIMITS).patience_s == 16.0
    ladder = replace(raised, patience_s=50.0)
    assert climb(21.0, loads, ladder, LIMITS).patience_s == 60.0


def test_a_closed_session_leaves_the_ladder() -> None:
    assert climb(0.0, {}, Ladder({"a": HALF}), LIMITS).rungs == {}


@dataclass
class Card:
    """One simulated session: what it costs and what became of its frames."""

    cost_s: float
    load: Load = Load()
    pending: list[Ready] = field(default_factory=list)
    shown: list[tuple[int, float]] = field(default_factory=list)
    late: int = 0
    dropped: int = 0
    held: int = 0


@dataclass
class Machine:
    """A thread that renders whatever the scheduler says, and nothing else."""

    cards: dict[str, Card]
    budget_s: float = 0.1
    ladder: Ladder = field(default_factory=Ladder)
    now_s: float = 0.0

    def run(self, frames: int) -> None:
        """Frames arrive every 40 ms in every session until `frames` have."""
        arrivals = [
            (frame * 0.04 + 0.04 * at / len(self.cards), name, frame)
            for frame in range(frames)
            for at, name in enumerate(self.cards)
        ]
        arrivals.sort()
        while arrivals or any(card.pending for card in self.cards.values()):
            while arrivals and arrivals[0][0] <= self.now_s:
                at_s, name, frame = arrivals.pop(0)
                self.cards[name].pending.append(ready(name, frame, at_s + self.budget_s))
            if not self.turn():
                if not arrivals:
                    return
                self.now_s = max(self.now_s, arrivals[0][0])

    def turn(self) -> bool:
        loads = {name: card.load for name, card in self.cards.items()}
        self.ladder = climb(self.now_s, loads, self.ladder, LIMITS)
        items = [item for card in self.cards.values() for item in card.pending]
        decision = decide(self.now_s, items, loads, self.ladder, LIMITS)
        for drop in decision.drop:
            self.forget(self.cards[drop.item.session_id], drop)
        if decision.run is not None:
            self.render(self.cards[decision.run.session_id], decision.run)
        return bool(decision.drop) or decision.run is not None

    def forget(self, card: Card, drop: Drop) -> None:
        card.pending.remove(drop.item)
        if drop.reason == "rung":
            card.held += 1
            return
        card.dropped += 1
        share = card.load.late_share + 0.04 * (1 - card.load.late_share)
        card.load = replace(card.load, starved=card.load.starved + 1, late_share=share)

    def render(self, card: Card, item: Ready) -> None:
        card.pending.remove(item)
        begun_s = self.now_s
        self.now_s += card.cost_s
        late = self.now_s > item.deadline_s
        card.late += late
        card.shown.append((item.pts, self.now_s))
        share = card.load.late_share + 0.04 * (late - card.load.late_share)
        card.load = Load(card.cost_s, 0.0, share, 0, begun_s)


costs = st.lists(st.floats(0.001, 0.12), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(costs)
def test_every_frame_is_accounted_for_and_time_never_runs_back(each: list[float]) -> None:
    machine = Machine({f"s{i}": Card(cost) for i, cost in enumerate(each)})
    machine.run(100)
    for card in machine.cards.values():
        assert len(card.shown) + card.dropped + card.held == 100
        order = [pts for pts, _ in card.shown]
        assert order == sorted(set(order))


@settings(max_examples=60, deadline=None)
@given(costs)
def test_latency_never_grows(each: list[float]) -> None:
    """Under any load a picture is at most as old as the starving rule makes it: never a backlog."""
    machine = Machine({f"s{i}": Card(cost) for i, cost in enumerate(each)})
    machine.run(200)
    lap_s = sum(each)
    for card in machine.cards.values():
        for pts, done_s in card.shown:
            age_s = done_s - (pts / FRAME_SAMPLES) * 0.04
            assert age_s <= 0.04 + machine.budget_s + 2 * lap_s


@settings(max_examples=60, deadline=None)
@given(costs)
def test_no_session_starves(each: list[float]) -> None:
    machine = Machine({f"s{i}": Card(cost) for i, cost in enumerate(each)})
    machine.run(200)
    lap_s = sum(each)
    for card in machine.cards.values():
        times = [0.0] + [done_s for _, done_s in card.shown]
        gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
        assert max(gaps) <= 5 * 0.04 + machine.budget_s + 3 * lap_s


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.floats(0.05, 0.8))
def test_a_light_load_loses_nothing(count: int, share: float) -> None:
    cost_s = share * 0.04 / count
    machine = Machine({f"s{i}": Card(cost_s) for i in range(count)})
    machine.run(150)
    for card in machine.cards.values():
        assert len(card.shown) == 150
        assert card.late == card.dropped == card.held == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.floats(1.2, 3.0))
def test_an_even_overload_is_shared_within_a_rung(count: int, share: float) -> None:
    cost_s = share * 0.04 / count
    machine = Machine({f"s{i}": Card(cost_s) for i in range(count)})
    machine.run(400)
    shown = [len(card.shown) for card in machine.cards.values()]
    assert min(shown) >= 0.45 * max(shown)


def test_a_mild_overload_ends_on_a_rung_without_losses() -> None:
    machine = Machine({name: Card(0.025) for name in "ab"})
    machine.run(500)
    assert set(machine.ladder.rungs.values()) == {HALF}
    for card in machine.cards.values():
        assert card.dropped + card.late < 10
