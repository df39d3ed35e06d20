"""The delay grows while pictures are late, shrinks slowly, and stays within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.delay import (
    BEGIN_TICKS,
    CALM_TICKS,
    MOST_CALM_TICKS,
    SHRINK_TICKS,
    DelayController,
    DelayLimits,
    limits_around,
)

LIMITS = DelayLimits(140, 100, 300)


def run(controller: DelayController, needed_ms: float, ticks: int, start: int = 0) -> int:
    """A picture every second tick that needs `needed_ms` from its sound to be there."""
    for tick in range(start, start + ticks):
        if tick % 2 == 0:
            controller.arrived(tick, controller.delay_ms - needed_ms)
        controller.decide(tick)
    return controller.delay_ms


def test_what_suffices_is_kept() -> None:
    controller = DelayController(LIMITS)
    assert run(controller, 120, 3000) == 140
    assert (controller.grown, controller.shrunk) == (0, 0)


def test_late_pictures_make_it_grow_as_far_as_needed() -> None:
    assert run(DelayController(LIMITS), 195, 500) == 200


def test_it_never_passes_its_cap() -> None:
    assert run(DelayController(LIMITS), 5000, 5000) == 300


def test_one_late_picture_in_two_seconds_is_no_reason() -> None:
    controller = DelayController(LIMITS)
    for tick in range(0, 1000, 2):
        controller.arrived(tick, -20 if tick % 100 == 0 else 15)
        controller.decide(tick)
    assert controller.delay_ms == 140


def test_it_shrinks_slowly_when_the_margin_is_large() -> None:
    controller = DelayController(LIMITS)
    assert run(controller, 60, CALM_TICKS - 1) == 140
    assert run(controller, 60, 3 * CALM_TICKS, CALM_TICKS) == 100


def test_it_recovers_after_a_bad_time() -> None:
    controller = DelayController(LIMITS)
    assert run(controller, 190, 400) == 200
    assert run(controller, 115, 5000, 400) == 140


def test_it_is_back_soon_after_a_stall() -> None:
    """Down a step a second once it has been calm, and up again only where it must."""
    controller = DelayController(DelayLimits(140, 100, 400))
    assert run(controller, 390, 400) == 400
    grown = controller.grown
    assert run(controller, 110, 100, 400) == 400
    assert run(controller, 110, CALM_TICKS + 14 * SHRINK_TICKS, 500) == 120
    assert (controller.grown, controller.shrunk) == (grown, 14)


def test_two_steps_down_are_a_second_apart() -> None:
    controller, changes, before = DelayController(DelayLimits(400, 100, 400)), [], 400
    for tick in range(2000):
        run(controller, 60, 1, tick)
        if controller.delay_ms != before:
            changes.append(tick)
            before = controller.delay_ms
    assert before == 100
    assert min(b - a for a, b in zip(changes, changes[1:], strict=False)) >= SHRINK_TICKS


def test_what_comes_right_after_an_interrupt_is_not_counted() -> None:
    controller = DelayController(LIMITS)
    controller.settle(100)
    for tick in range(100, 125):
        controller.arrived(tick, -50)
        assert controller.decide(tick) == 140


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-500, 500)), max_size=300))
def test_bounds_and_steps_hold(arrivals: list[tuple[int, float]]) -> None:
    controller, tick, before = DelayController(LIMITS), 0, 140
    for wait, early in arrivals:
        tick += wait
        controller.arrived(tick, early)
        now = controller.decide(tick)
        assert 100 <= now <= 300
        assert abs(now - before) in (0, 20)
        before = now


def test_limits_hold_any_setting() -> None:
    assert limits_around(140) == DelayLimits(140, 100, 400)
    assert limits_around(45) == DelayLimits(60, 60, 400)
    assert limits_around(2000) == DelayLimits(2000, 100, 2000)
    with pytest.raises(ValueError, match="out of order"):
        DelayController(DelayLimits(140, 160, 300))


def test_it_does_not_shrink_into_lateness() -> None:
    assert run(DelayController(LIMITS), 116, 3 * CALM_TICKS) == 140
    assert run(DelayController(LIMITS), 108, 3 * CALM_TICKS) == 120


def test_the_first_moments_of_a_call_are_not_counted() -> None:
    controller = DelayController(LIMITS)
    assert run(controller, 330, BEGIN_TICKS) == 140
    assert run(controller, 120, 500, BEGIN_TICKS) == 140
    assert run(DelayController(LIMITS), 195, 2 * BEGIN_TICKS) > 140


def hiccups(controller: DelayController, every: int, start: int, ticks: int) -> int:
    """One picture of so many comes 180 ms after its sound, all others 116 ms after it."""
    for tick in range(start, start + ticks, 2):
        needed_ms = 180 if tick // 2 % every == 0 else 116
        controller.arrived(tick, controller.delay_ms - needed_ms)
        controller.decide(tick)
    return controller.delay_ms


def test_a_hiccup_now_and_then_does_not_keep_it_high() -> None:
    controller = DelayController(LIMITS)
    assert run(controller, 190, 400) == 200
    assert hiccups(controller, 100, 400, 1500) == 140
    controller = DelayController(LIMITS)
    assert run(controller, 190, 400) == 200
    assert hiccups(controller, 25, 400, 1500) == 200


def test_a_step_down_taken_back_makes_it_wait_longer() -> None:
    """Two loads in turn, one of which needs more: it goes down less and less often."""
    controller, tick, turns = DelayController(LIMITS), 0, []
    for _ in range(6):
        run(controller, 150, 400, tick)
        tick += 400
        began = tick
        while controller.delay_ms > 140 and tick < began + 2 * MOST_CALM_TICKS:
            run(controller, 112, 2, tick)
            tick += 2
        turns.append(tick - began)
    assert turns[0] <= CALM_TICKS
    assert all(after >= 1.8 * before for before, after in zip(turns, turns[1:3], strict=False))
    assert max(turns) <= MOST_CALM_TICKS
