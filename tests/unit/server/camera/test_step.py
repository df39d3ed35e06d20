"""Pictures wait exactly as long as the voice's way is longer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.camera.step import MOST, HeldBack


def test_a_picture_is_due_when_its_sound_is_heard() -> None:
    line: HeldBack[str] = HeldBack(0.04)
    line.put(1.0, "a")
    assert line.due(1.039) is None
    assert line.next_s == pytest.approx(1.04)
    assert line.due(1.0401) == "a"
    assert line.next_s is None and line.due(9.0) is None


def test_of_those_that_come_due_together_the_newest_is_shown() -> None:
    line: HeldBack[int] = HeldBack(0.0)
    for number in range(3):
        line.put(number * 0.04, number)
    assert line.due(0.05) == 1
    assert line.due(0.09) == 2


@pytest.mark.parametrize("delay_s", [-0.001, 0.7, float("nan")])
def test_delays_that_cannot_be(delay_s: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        HeldBack(delay_s)


@given(st.floats(0, 0.6), st.lists(st.floats(0, 0.1), max_size=60))
def test_order_and_bound_hold(delay_s: float, gaps: list[float]) -> None:
    line: HeldBack[int] = HeldBack(delay_s)
    now_s, seen = 0.0, -1
    for number, gap_s in enumerate(gaps):
        now_s += gap_s
        line.put(now_s, number)
        assert len(line._waiting) <= MOST
        if (due := line.due(now_s)) is not None:
            assert due > seen
            seen = due
