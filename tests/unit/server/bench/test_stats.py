from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bench.stats import drift, summarise

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


@given(NUMBERS)
def test_quantiles_are_ordered_and_within_the_samples(samples: list[float]) -> None:
    row = summarise(samples)
    assert row is not None
    slack = 1e-9 * max(1.0, *(abs(value) for value in samples))
    assert row.low - slack <= row.p50 <= row.p95 + slack <= row.p99 + 2 * slack
    assert row.p99 <= row.high + slack
    assert row.p50_interval[0] <= row.p50_interval[1]
    assert (row.low, row.high, row.count) == (min(samples), max(samples), len(samples))


def test_known_quantiles() -> None:
    row = summarise([float(value) for value in range(101)])
    assert row is not None
    assert (row.p50, row.p95, row.p99) == pytest.approx((50, 95, 99))
    assert row.p50_interval[0] < 50 < row.p50_interval[1]


def test_nothing_measured_is_none() -> None:
    assert summarise([]) is None
    assert drift([], [], 1) is None
    assert drift([1.0], [1.0], 1) is None


def test_drift_finds_a_slope_and_both_ends() -> None:
    times = [float(second) for second in range(0, 1800, 10)]
    found = drift(times, [200 + second / 100 for second in times], 120)
    assert found is not None
    assert found.start == pytest.approx(200.6)
    assert found.end == pytest.approx(217.3)
    assert found.change == pytest.approx(16.7)
    assert found.per_hour == pytest.approx(36)


def test_drift_of_a_short_run_uses_its_halves() -> None:
    found = drift([0, 1, 2, 3], [1, 1, 5, 5], 120)
    assert found is not None
    assert (found.start, found.end) == (1, 5)


def test_drift_with_one_instant_has_no_slope() -> None:
    found = drift([5, 5], [1, 3], 1)
    assert found is not None
    assert found.per_hour == 0
