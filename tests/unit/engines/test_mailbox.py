"""The one queue: bounds, policies, counters, ages, wake-ups."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.mailbox import Mailbox, MailboxFull, Policy
from tests.support.fake_clock import FakeClock


def test_hands_over_in_order() -> None:
    box: Mailbox[int] = Mailbox("m", 3, "refuse")
    for item in range(3):
        assert box.put(item)
    assert [box.get(), box.get(), box.get(), box.get()] == [0, 1, 2, None]


def test_a_full_mailbox_drops_the_oldest() -> None:
    box: Mailbox[int] = Mailbox("m", 2, "drop-oldest")
    assert [box.put(item) for item in range(4)] == [True] * 4
    assert box.take_all() == [2, 3]
    assert box.stats().dropped == 2


def test_a_full_mailbox_drops_the_newest_and_says_so() -> None:
    box: Mailbox[int] = Mailbox("m", 2, "drop-newest")
    assert [box.put(item) for item in range(4)] == [True, True, False, False]
    assert box.take_all() == [0, 1]
    assert box.stats().put == 2


def test_a_full_mailbox_refuses_by_name() -> None:
    box: Mailbox[int] = Mailbox("commands", 1, "refuse")
    box.put(1)
    with pytest.raises(MailboxFull, match="commands is full: 1 items wait"):
        box.put(2)
    assert box.take_all() == [1]


def test_size_must_be_positive() -> None:
    with pytest.raises(ValueError, match="mailbox m: size must be at least 1, got 0"):
        Mailbox("m", 0, "refuse")


def test_age_is_that_of_the_oldest() -> None:
    clock = FakeClock()
    box: Mailbox[str] = Mailbox("m", 4, "refuse", clock=clock)
    assert box.stats().age_s == 0.0
    box.put("a")
    clock.advance(0.5)
    box.put("b")
    clock.advance(0.25)
    assert box.stats().age_s == 0.75
    assert box.take_timed() == [(0.0, "a"), (0.5, "b")]
    assert box.stats().age_s == 0.0


def test_wakes_after_what_was_kept_only() -> None:
    woken: list[int] = []
    box: Mailbox[int] = Mailbox("m", 1, "drop-newest", on_put=lambda: woken.append(len(box)))
    box.put(1)
    box.put(2)
    assert woken == [1]


def test_get_wait_gives_up_at_its_deadline() -> None:
    box: Mailbox[int] = Mailbox("m", 1, "refuse")
    assert box.get_wait(0.0) is None


def test_get_wait_takes_what_is_there_at_once() -> None:
    box: Mailbox[int] = Mailbox("m", 2, "refuse")
    box.put(1)
    assert box.get_wait(0.0) == 1


def test_get_wait_is_woken_by_another_thread() -> None:
    box: Mailbox[int] = Mailbox("m", 1, "refuse")
    got: list[int | None] = []
    waiter = threading.Thread(target=lambda: got.append(box.get_wait(10.0)))
    waiter.start()
    box.put(7)
    waiter.join(10.0)
    assert got == [7]


@given(
    st.integers(1, 5),
    st.sampled_from(["drop-oldest", "drop-newest", "refuse"]),
    st.lists(st.one_of(st.integers(), st.none()), max_size=60),
)
def test_bounds_and_counters_hold(size: int, policy: Policy, moves: list[int | None]) -> None:
    """None takes one, a number puts it: nothing is lost uncounted, order never changes."""
    box: Mailbox[tuple[int, int]] = Mailbox("m", size, policy)
    kept = refused = taken = 0
    last = -1
    for at, move in enumerate(moves):
        if move is None:
            item = box.get()
            if item is not None:
                taken += 1
                assert item[0] > last
                last = item[0]
            continue
        try:
            kept += box.put((at, move))
        except MailboxFull:
            refused += 1
        assert len(box) <= size
    stats = box.stats()
    assert stats.put == kept
    assert stats.size == len(box)
    puts = sum(move is not None for move in moves)
    assert puts == taken + len(box) + stats.dropped + refused
