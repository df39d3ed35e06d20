"""Step times: mean, percentile, and a window that forgets."""

from __future__ import annotations

import pytest

from engines.meters import RECENT, EngineSessionStats, StepMeter, StepTimes


def test_nothing_measured_is_all_zero() -> None:
    assert StepMeter().snapshot() == StepTimes(0, 0.0, 0.0, 0.0)


def test_the_first_step_is_the_mean_and_later_ones_weigh_a_tenth() -> None:
    meter = StepMeter()
    meter.add(0.010)
    assert meter.mean_s == pytest.approx(0.010)
    meter.add(0.020)
    assert meter.mean_s == pytest.approx(0.011)


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
