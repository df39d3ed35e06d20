"""Deadlines are absolute, a small lateness is caught up, a stall is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.pacing import MAX_BEHIND, Pace, Pacer


def test_ticks_follow_each_other() -> None:
    pacer = Pacer(10.0, 0.02)
    assert pacer.next(-1, 10.0) == Pace(0, 10.0)
    assert pacer.next(0, 10.001) == Pace(1, pytest.approx(10.02))  # type: ignore[arg-type]


def test_a_late_tick_does_not_move_the_next() -> None:
    pacer = Pacer(0.0, 0.02)
    assert pacer.next(3, 0.0795).due_s == pytest.approx(0.08)
    assert pacer.next(3, 0.105) == Pace(4, pytest.approx(0.08))  # type: ignore[arg-type]


def test_a_stall_is_left_out_and_counted() -> None:
    assert Pacer(0.0, 0.02).next(3, 1.001) == Pace(50, pytest.approx(1.0), 46)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 0.4), max_size=80))
def test_never_back_never_a_burst_and_never_behind(waits: list[float]) -> None:
    pacer, now, index, left_out = Pacer(0.0, 0.02), 0.0, -1, 0
    for wait in waits:
        now += wait
        pace = pacer.next(index, now)
        assert pace.index == index + 1 + pace.skipped
        assert now - pace.due_s < (MAX_BEHIND + 1) * 0.02 + 1e-5
        assert pace.due_s == pacer.due_s(pace.index)
        left_out += pace.skipped
        index, now = pace.index, max(now, pace.due_s)
    assert left_out <= max(0, index)


def test_the_period_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Pacer(0.0, 0.0)
