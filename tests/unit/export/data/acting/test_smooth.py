"""Followers: they arrive, do not overshoot, and do not jump."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.acting.smooth import Spring, smoothstep, soft_limit


@given(st.floats(0.1, 60.0), st.floats(-5.0, 5.0))
def test_a_spring_arrives_without_overshoot(omega: float, target: float) -> None:
    spring = Spring()
    path = [spring.follow(target, omega) for _ in range(4000)]
    assert path[-1] == pytest.approx(target, abs=1e-4)
    assert all(0 <= value / target <= 1 + 1e-9 for value in path if abs(target) > 1e-6)


def test_half_the_way_takes_what_it_says() -> None:
    spring = Spring()
    frames = 0
    while spring.value < 0.5:
        spring.follow(1.0, 4.0)
        frames += 1
    assert frames * 0.04 == pytest.approx(1.7 / 4.0, abs=0.04)


def test_speed_is_continuous() -> None:
    spring = Spring()
    path = [0.0] + [spring.follow(1.0, 5.0) for _ in range(50)]
    steps = [after - before for before, after in zip(path, path[1:], strict=False)]
    assert steps[0] < 0.03
    bends = [abs(after - before) for before, after in zip(steps, steps[1:], strict=False)]
    assert max(bends) < 0.04


@given(st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(0.01, 10.0))
def test_a_soft_limit_holds_and_keeps_the_sign(value: float, limit: float) -> None:
    limited = soft_limit(value, limit)
    assert abs(limited) <= limit
    assert abs(limited) <= abs(value) * (1 + 1e-12)
    assert limited * value >= 0


def test_a_soft_limit_leaves_small_values_alone() -> None:
    assert soft_limit(0.01, 1.0) == pytest.approx(0.01, rel=1e-3)


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_smoothstep_rises_from_0_to_1(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.0 <= smoothstep(low) <= smoothstep(high) <= 1.0
    assert (smoothstep(0.0), smoothstep(0.5), smoothstep(1.0)) == (0.0, 0.5, 1.0)
