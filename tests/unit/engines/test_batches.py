"""The engine drawing in batches, whole, on a virtual clock: on time, the same pictures, faults."""

from __future__ import annotations

import numpy as np
import pytest

from engines.batches import LONGEST_S
from engines.batching import COLLECT_S
from tests.support.fake_motion import FakeFault
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.shared_card import CardEngine, SharingFake


def test_a_hundred_sessions_on_the_card_of_the_bar_lose_nothing() -> None:
    """2 ms and 0.35 ms a frame: 100 sessions at 25 fps ask for 95 % of it."""
    room = CardEngine()
    room.enter(range(100))
    room.run(12, groups=10)
    assert room.lost() == 0 and room.faults == []
    assert {len(each) for each in room.pictures.values()} == {12}
    assert {session.stats().rung for session in room.sessions.values()} == {0}
    # In fewer than a third of the runs that one at a time would take.
    assert len(room.card.runs) < 12 * 100 / 3


def test_an_overload_steps_down_before_anything_is_late() -> None:
    room = CardEngine((0.002, 0.002), (0.00035, 0.00018))
    room.enter(range(150))
    room.run(10, groups=10)
    assert room.lost() == 0
    drawn = [session.stats().drawn for session in room.sessions.values()]
    lower = sum(each.get("way 1", 0) for each in drawn)
    assert lower > sum(each.get("way 0", 0) for each in drawn) > 0
    assert room.engine.stats().steps_down > 0 and room.engine.stats().use < 1


@pytest.mark.parametrize("groups", [1, 5])
def test_pictures_are_the_same_alone_and_among_many(groups: int) -> None:
    many = CardEngine()
    many.enter(range(20))
    many.run(6, groups=groups)
    assert max(many.card.runs) > 1
    for seed in (0, 7):
        lone = CardEngine()
        lone.enter([seed])
        lone.run(6)
        pairs = zip(lone.pictures[f"s{seed:03}"], many.pictures[f"s{seed:03}"], strict=True)
        for one, other in pairs:
            assert one.pts == other.pts
            np.testing.assert_array_equal(one.image, other.image)


@pytest.mark.parametrize("poison", [False, True])
def test_a_fault_ends_its_own_session_and_no_other(poison: bool) -> None:
    room = CardEngine(
        make=lambda card, at: SharingFake(card, fail_at=3 if at == 2 else None, poison=poison)
    )
    room.enter(range(5))
    room.run(8)
    assert [name for name, _ in room.faults] == ["s002"]
    assert isinstance(room.faults[0][1], FakeFault)
    assert room.card.settled == 4
    assert {name: len(each) for name, each in room.pictures.items()} == {
        f"s{at:03}": 3 if at == 2 else 8 for at in range(5)
    }


def test_costs_that_nobody_told_are_learnt_by_bucket() -> None:
    room = CardEngine(known=False)
    room.enter(range(8))
    room.run(20)
    assert max(room.card.runs) == 8
    # 8 at once: 2 ms and 8 x 0.35 ms, 25 times a second.
    assert room.engine.stats().use == pytest.approx(25 * 0.0048, rel=0.05)


def test_one_alone_is_drawn_at_once_and_two_wait_for_each_other_but_not_long() -> None:
    room = CardEngine()
    room.enter([0])
    room.run(4)
    assert room.sessions["s000"].stats().queue.max_s == pytest.approx(0.00235)
    pair = CardEngine()
    pair.enter([0, 1])
    # The second one's frame comes 20 ms after the first's: too late to wait for.
    pair.run(4, groups=2)
    assert set(pair.card.runs) == {1}
    assert pair.sessions["s000"].stats().queue.max_s == pytest.approx(COLLECT_S + 0.00235)


def test_no_batch_takes_longer_than_a_frame_where_each_frame_is_dear() -> None:
    """As where the processor's part is most of it: batches would gain little and all would wait."""
    room = CardEngine((0.001,), (0.009,))
    room.enter(range(4))
    room.run(30)
    assert max(room.card.runs) == 4 and room.lost() == 0
    dear = CardEngine((0.001,), (0.012,))
    dear.enter(range(3))
    dear.run(30)
    assert max(dear.card.runs) * 0.012 + 0.001 <= LONGEST_S


def test_what_shares_no_net_is_drawn_one_after_the_other() -> None:
    room = CardEngine()
    plain = FakeRenderer(FakeAvatar(), 16, delay_s=0.003, wait=room.clock.advance)
    room.enter([0, 1])
    for name in ("p", "q"):
        room.open(name, plain)
    room.run(10)
    assert room.lost() == 0 and room.faults == []
    assert {len(each) for each in room.pictures.values()} == {10}
    assert plain.rendered == 20
    assert room.sessions["p"].stats().render.mean_s == pytest.approx(0.003)


def test_a_session_that_leaves_is_waited_for_no_more() -> None:
    room = CardEngine()
    room.enter(range(3))
    room.run(2)
    room.engine.close("s001")
    left = room.sessions.pop("s001")
    room.run(3)
    assert room.lost() == 0 and room.card.runs[-1] == 2
    assert left.stats().frames_rendered == 2
    assert room.card.settled == 2


def test_a_new_look_takes_the_place_of_the_old_one_on_the_card() -> None:
    room = CardEngine()
    room.enter([0])
    room.run(2)
    room.sessions["s000"].renderers.put(SharingFake(room.card, size=32))
    room.run(2)
    assert room.card.settled == 1
    assert [each.image.shape[0] for each in room.pictures["s000"]] == [16, 16, 32, 32]
