"""Which frames share a batch, when it begins; and whole simulated cards under every load."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.batching import (
    BUCKETS,
    COLLECT_S,
    BatchLimits,
    Costs,
    Gathering,
    admits,
    each_s,
    gather,
    members,
)
from engines.scheduler import Ladder, Load, Ready
from engines.values import FRAME_SAMPLES
from tests.support.simulated_card import PERIOD_S, Cardroom, SimulatedCard

LIMITS = BatchLimits()
CARD: Costs = {bucket: (0.002 + 0.00035 * bucket,) for bucket in BUCKETS}
TWO_WAYS: Costs = {b: (0.002 + 0.00035 * b, 0.0015 + 0.00015 * b) for b in BUCKETS}


def ready(name: str, frame: int = 0, deadline_s: float = 0.1, arrived_s: float = 0.0) -> Ready:
    return Ready(name, frame * FRAME_SAMPLES, deadline_s, arrived_s)


def ask(
    now_s: float,
    items: list[Ready],
    loads: dict[str, Load],
    *,
    ladder: Ladder | None = None,
    costs: dict[str, Costs] | None = None,
) -> Gathering:
    return gather(now_s, items, loads, ladder or Ladder(), costs or {"": CARD}, LIMITS)


def named(found: Gathering) -> list[str]:
    assert found.run is not None
    return [item.session_id for item in found.run.items]


def test_nothing_ready_nothing_to_do() -> None:
    assert ask(0.0, [], {"a": Load()}) == Gathering(None, None, ())


def test_one_alone_waits_for_nobody() -> None:
    found = ask(0.0, [ready("a")], {"a": Load()})
    assert named(found) == ["a"] and found.run is not None
    assert found.run.bucket == 1 and found.run.takes_s == pytest.approx(0.00235)


def test_a_first_frame_waits_for_others_but_not_long() -> None:
    loads = {name: Load() for name in "abc"}
    found = ask(0.002, [ready("a")], loads)
    assert found.run is None and found.again_s == pytest.approx(COLLECT_S)
    assert named(ask(COLLECT_S, [ready("a")], loads)) == ["a"]


def test_once_all_have_come_it_begins_at_once() -> None:
    loads = {name: Load() for name in "ab"}
    items = [ready("b", arrived_s=0.001, deadline_s=0.101), ready("a")]
    assert named(ask(0.001, items, loads)) == ["a", "b"]


def test_a_full_bucket_does_not_wait_for_the_rest() -> None:
    loads = {f"s{at:02}": Load() for at in range(80)}
    items = [ready(name) for name in list(loads)[:64]]
    assert len(named(ask(0.0, items, loads))) == 64


def test_it_does_not_wait_until_it_is_late() -> None:
    loads = {name: Load() for name in "ab"}
    tight = ready("a", deadline_s=0.005, arrived_s=0.0)
    found = ask(0.0, [tight], loads)
    assert found.again_s is not None and found.again_s == pytest.approx(0.005 - CARD[2][0])
    assert named(ask(found.again_s, [tight], loads)) == ["a"]


def test_a_session_has_one_frame_in_a_batch_its_oldest() -> None:
    items = [ready("a", 0), ready("a", 1, 0.14), ready("b", 0)]
    found = ask(0.0, items, {name: Load() for name in "ab"})
    assert found.run is not None
    assert [item.pts for item in found.run.items] == [0, 0]


def test_other_nets_and_other_ways_do_not_mix() -> None:
    loads = {
        "a": Load((0.001, 0.001)),
        "b": Load((0.001, 0.001)),
        "c": Load((0.001, 0.001), nets="large"),
    }
    items = [ready("c", deadline_s=0.09), ready("b", deadline_s=0.08), ready("a")]
    costs = {"": TWO_WAYS, "large": TWO_WAYS}
    found = ask(0.02, items, loads, ladder=Ladder({"a": 0, "b": 1, "c": 0}), costs=costs)
    assert found.run is not None and (found.run.nets, found.run.way) == ("", 1)
    assert named(found) == ["b"]


def test_the_earliest_deadline_is_in_the_batch_and_the_rest_follows() -> None:
    loads = {f"s{at:02}": Load() for at in range(70)}
    items = [ready(name, deadline_s=0.2 - at / 1000) for at, name in enumerate(loads)]
    first = named(ask(0.0, items, loads))
    assert first == [f"s{at:02}" for at in range(69, 5, -1)]


def test_a_bucket_is_filled_or_padded_whichever_draws_faster() -> None:
    loads = {f"s{at:02}": Load() for at in range(31)}
    found = ask(0.0, [ready(name) for name in list(loads)], loads)
    assert found.run is not None and (len(found.run.items), found.run.bucket) == (31, 32)
    few = {name: loads[name] for name in list(loads)[:25]}
    found = ask(0.0, [ready(name) for name in few], few)
    assert found.run is not None and (len(found.run.items), found.run.bucket) == (24, 24)


def test_a_frame_that_its_batch_would_make_late_is_dropped_before_its_cost() -> None:
    found = ask(0.099, [ready("a"), ready("b", deadline_s=0.12)], {"a": Load(), "b": Load()})
    assert [drop.item.session_id for drop in found.drop] == ["a"]
    assert named(found) == ["b"]


def test_unmeasured_costs_do_not_stop_anything() -> None:
    nothing: Costs = {bucket: (0.0,) for bucket in BUCKETS}
    assert named(ask(0.01, [ready("a")], {"a": Load()}, costs={"": nothing})) == ["a"]


def test_a_frame_costs_less_the_more_share() -> None:
    assert each_s(CARD, [1])[0] == pytest.approx(0.00235)
    assert each_s(CARD, [100])[0] == pytest.approx(0.00035 + 0.002 / 64)
    # Nobody is drawn the second way yet: it counts as if all were.
    assert each_s(TWO_WAYS, [100, 0])[1] == pytest.approx(0.00015 + 0.0015 / 64)
    assert each_s(TWO_WAYS, [60, 40])[1] == pytest.approx(0.00015 + 0.0015 / 32)


def test_members_count_the_way_and_those_who_are_held() -> None:
    loads = {name: Load((0.1, 0.1)) for name in "abc"}
    assert members(loads, Ladder({"a": 0, "b": 1, "c": 2})) == {("", 0): 1, ("", 1): 2}


def test_admission_counts_everybody_in_his_last_way() -> None:
    load = Load((0.0009, 0.0004))
    loads = {f"s{at}": load for at in range(94)}
    assert admits(loads, load, LIMITS)
    loads |= {"one more": load}
    assert not admits(loads, load, LIMITS)
    assert not admits({"a": load}, load, LIMITS, cap=1)
    assert admits({}, Load((1.0,)), LIMITS)


# Whole cards, on a virtual clock.


def worst_s(room: Cardroom) -> float:
    return max((max(seat.lateness_s, default=0.0) for seat in room.seats.values()), default=0.0)


def accounted(room: Cardroom) -> bool:
    return all(
        len(seat.pictures) + seat.dropped + seat.held == seat.came for seat in room.seats.values()
    )


@pytest.mark.parametrize("padded", [False, True])
def test_a_hundred_sessions_on_the_card_of_the_bar_are_never_late(padded: bool) -> None:
    """2 ms and 0.35 ms a frame: 100 sessions at 25 fps ask for 95 % of it."""
    room = Cardroom(SimulatedCard(padded=padded), 100)
    room.run(75)
    assert worst_s(room) == 0.0
    assert all(len(seat.pictures) == 75 for seat in room.seats.values())
    assert set(room.ladder.rungs.values()) == {0}


def test_an_overload_of_half_as_much_again_is_on_time_on_a_lower_rung() -> None:
    card = SimulatedCard((0.002, 0.002), (0.00035, 0.00018))
    room = Cardroom(card, 150)
    room.run(75)
    assert worst_s(room) == 0.0
    assert all(len(seat.pictures) == 75 for seat in room.seats.values())
    assert room.ladder.downs > 0 and 1 in room.ladder.rungs.values()
    ways = [way for seat in room.seats.values() for way, _ in seat.pictures.values()]
    assert ways.count(1) > len(ways) / 2


def test_an_overload_that_nobody_had_measured_ends_on_time_on_a_lower_rung() -> None:
    """After a second each batch takes 12 ms more."""
    card = SimulatedCard(
        (0.002, 0.002), (0.00035, 0.00012), hiccup=lambda now_s: 0.012 if now_s > 1 else 0.0
    )
    room = Cardroom(card, 90)
    room.run(150)
    for seat in room.seats.values():
        # Of the last two seconds every picture is in time, and at most every second is held.
        assert max(seat.lateness_s[-24:]) == 0.0
        assert sum(pts >= 100 * FRAME_SAMPLES for pts in seat.pictures) >= 24
        assert seat.dropped <= 20
    assert 0 not in room.ladder.rungs.values()


def test_five_hundred_sessions_on_a_fast_card() -> None:
    room = Cardroom(SimulatedCard((0.001,), (0.00005,)), 500)
    room.run(6)
    assert worst_s(room) == 0.0
    assert all(len(seat.pictures) == 6 for seat in room.seats.values())


def test_five_hundred_sessions_on_a_card_for_a_hundred_share_it() -> None:
    room = Cardroom(SimulatedCard(), 500)
    room.run(50)
    assert accounted(room)
    shown = [len(seat.pictures) for seat in room.seats.values()]
    assert min(shown) >= 3 and max(shown) <= 4 * min(shown)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(0, 200))
def test_pictures_are_the_same_alone_and_among_many(sessions: int, seed: int) -> None:
    """Bit for bit, whoever shares the batch and however it is padded."""
    card = SimulatedCard()
    many = Cardroom(card, sessions, first_seed=seed)
    many.run(12)
    for at, name in ((0, "s000"), (sessions - 1, f"s{sessions - 1:03}")):
        alone = Cardroom(card, 1, first_seed=seed + at)
        alone.run(12)
        assert alone.seats["s000"].pictures == many.seats[name].pictures


cards = st.builds(
    SimulatedCard,
    st.tuples(st.floats(0.0005, 0.03)),
    st.tuples(st.floats(0.00005, 0.01)),
    st.booleans(),
)


def lap_s(room: Cardroom) -> float:
    """Upper bound of the time in which everybody can be served once."""
    card = room.card
    batches = -(-len(room.seats) // max(BUCKETS)) + len(BUCKETS)
    return card.fixed_s[0] * batches + card.each_s[0] * 1.5 * (len(room.seats) + 8)


@settings(max_examples=25, deadline=None)
@given(cards, st.integers(1, 70), st.booleans())
def test_nobody_starves_and_lateness_is_bounded_on_any_card(
    card: SimulatedCard, sessions: int, known: bool
) -> None:
    room = Cardroom(card, sessions, known=known)
    room.run(40)
    assert accounted(room)
    assert worst_s(room) <= 2 * lap_s(room) + PERIOD_S
    for seat in room.seats.values():
        times = [seat.phase_s, *seat.done_s, room.now_s]
        gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
        assert max(gaps) <= 5 * PERIOD_S + room.budget_s + 3 * lap_s(room)
        assert list(seat.pictures) == sorted(seat.pictures)


def stalls(every_s: float, long_s: float) -> Callable[[float], float]:
    def hiccup(now_s: float) -> float:
        return long_s if now_s % every_s < 0.03 else 0.0

    return hiccup


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.floats(0.4, 1.0), st.floats(0.02, 0.25))
def test_a_stalling_card_never_builds_a_backlog(
    sessions: int, every_s: float, long_s: float
) -> None:
    room = Cardroom(SimulatedCard(hiccup=stalls(every_s, long_s)), sessions)
    room.run(50)
    assert accounted(room)
    assert worst_s(room) <= long_s + 2 * lap_s(room) + PERIOD_S


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 100))
def test_no_batch_waits_longer_than_it_may(sessions: int) -> None:
    room = Cardroom(SimulatedCard(), sessions)
    room.run(10)
    assert max(room.waited_s) <= COLLECT_S + 1e-9


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 80), st.floats(1.1, 2.0))
def test_what_fits_at_the_barest_loses_nothing_once_costs_are_known(
    sessions: int, times: float
) -> None:
    bare = SimulatedCard().each_s[0] / times
    room = Cardroom(SimulatedCard((0.002, 0.0015), (bare * times * 1.3, bare)), sessions)
    room.run(25)
    assert worst_s(room) == 0.0
    assert all(seat.dropped == seat.held == 0 for seat in room.seats.values())
