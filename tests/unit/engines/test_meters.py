"""Step times: mean, percentile, and a window that forgets."""

from __future__ import annotations

import pytest

from engines.meters import (
    RECENT,
    BatchMeter,
    CostMeter,
    EngineSessionStats,
    StepMeter,
    StepTimes,
)


def test_nothing_measured_is_all_zero() -> None:
    assert StepMeter().snapshot() == StepTimes(0, 0.0, 0.0, 0.0)


def test_of_the_first_steps_the_shortest_counts() -> None:
    meter = StepMeter()
    for seconds, mean_s in ((0.100, 0.100), (0.020, 0.020), (0.030, 0.020)):
        meter.add(seconds)
        assert meter.mean_s == pytest.approx(mean_s)


def test_later_steps_weigh_a_tenth_and_hiccups_are_cut() -> None:
    meter = StepMeter()
    for _ in range(3):
        meter.add(0.010)
    meter.add(0.020)
    assert meter.mean_s == pytest.approx(0.011)
    meter.add(9.0)
    assert meter.mean_s == pytest.approx(0.011 + 0.1 * (0.033 - 0.011))
    assert meter.snapshot().max_s == 9.0


def test_a_stage_that_became_slow_is_believed() -> None:
    meter = StepMeter()
    for _ in range(3):
        meter.add(0.001)
    for _ in range(60):
        meter.add(0.100)
    assert meter.mean_s > 0.09


def test_percentile_and_longest() -> None:
    meter = StepMeter()
    for step in range(100):
        meter.add(step / 1000)
    times = meter.snapshot()
    assert (times.steps, times.p95_s, times.max_s) == (100, 0.095, 0.099)


def test_old_steps_are_forgotten() -> None:
    meter = StepMeter()
    meter.add(9.0)
    for _ in range(RECENT):
        meter.add(0.001)
    assert meter.snapshot().max_s == 0.001
    assert meter.snapshot().steps == RECENT + 1


def test_a_new_session_has_done_nothing() -> None:
    stats = EngineSessionStats()
    assert (stats.frames_rendered, stats.frames_dropped, stats.epoch) == (0, 0, -1)


def test_steps_since_are_told_once_and_never_more_than_are_kept() -> None:
    meter = StepMeter()
    assert meter.since(0) == []
    meter.add(0.001)
    meter.add(0.002)
    assert meter.since(0) == [0.001, 0.002]
    assert meter.since(1) == [0.002]
    assert meter.since(2) == meter.since(99) == []
    for _ in range(RECENT + 5):
        meter.add(0.003)
    assert meter.since(2) == [0.003] * RECENT


def test_a_cost_not_measured_is_guessed_on_the_safe_side() -> None:
    meter = CostMeter(4)
    assert meter.expected_s() == (0.0, 0.0, 0.0, 0.0)
    meter.add(2, 0.010)
    assert meter.expected_s() == pytest.approx((0.040, 0.020, 0.010, 0.010))
    meter.add(0, 0.030)
    assert meter.expected_s() == pytest.approx((0.030, 0.030, 0.010, 0.010))


def test_a_better_way_never_counts_less_than_a_cheaper_one() -> None:
    meter = CostMeter(2)
    meter.add(0, 0.010)
    meter.add(1, 0.020)
    assert meter.expected_s() == pytest.approx((0.020, 0.020))


def test_what_was_measured_elsewhere_is_where_it_begins() -> None:
    meter = CostMeter(2)
    meter.learn((0.030, 0.010))
    assert meter.expected_s() == pytest.approx((0.030, 0.010))
    meter.add(0, 0.040)
    assert meter.expected_s()[0] == pytest.approx(0.031)
    with pytest.raises(ValueError, match="zip"):
        meter.learn((0.1,))


def test_a_batch_never_tried_is_expected_between_its_neighbours() -> None:
    meter = BatchMeter((1, 2, 4, 8, 16), 2)
    assert meter.expected_s() == {bucket: (0.0, 0.0) for bucket in (1, 2, 4, 8, 16)}
    meter.learn(2, (0.004, 0.002))
    meter.add(8, 1, 0.005)
    expected = meter.expected_s()
    assert expected[1] == expected[2] == (0.004, 0.002)
    # Way 0 was not tried in 8: twice the next way counts. 4 is a third of the way from 2 to 8.
    assert expected[8] == pytest.approx((0.010, 0.005))
    assert expected[4] == pytest.approx((0.006, 0.003))
    assert expected[16] == pytest.approx((0.020, 0.010))
    with pytest.raises(KeyError):
        meter.add(3, 0, 0.001)
