"""Batches measured as they would be made."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import MOTION_SIZE
from server.batch_costs import RUNS, each_at_best, measure_batches
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeFault
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.shared_card import SharedCard, SharingFake

MOTIONS = [np.zeros(MOTION_SIZE, np.float32)] * 8


def test_buckets_are_measured_until_one_would_take_too_long() -> None:
    clock = FakeClock()
    card = SharedCard(clock.advance, (0.002, 0.001), (0.004, 0.002))
    found = measure_batches(SharingFake(card), MOTIONS, clock)
    assert [size for size, _ in found] == [1, 2, 4, 8]
    assert found[-1][1] == pytest.approx((0.034, 0.017))
    assert card.runs[: 2 * RUNS] == [1] * 2 * RUNS
    assert each_at_best(found) == pytest.approx((0.034 / 8, 0.017 / 8))


def test_a_slow_machine_knows_at_least_what_one_costs() -> None:
    clock = FakeClock()
    card = SharedCard(clock.advance, (0.1,), (0.1,))
    [(bucket, draws_s)] = measure_batches(SharingFake(card), MOTIONS, clock)
    assert bucket == 1
    assert draws_s == pytest.approx((0.2,))


def test_what_shares_nothing_is_measured_alone() -> None:
    clock = FakeClock()
    renderer = FakeRenderer(FakeAvatar(), 16, delay_s=0.003, wait=clock.advance)
    [(bucket, draws_s)] = measure_batches(renderer, MOTIONS, clock)
    assert bucket == 1
    assert draws_s == pytest.approx((0.003,))


def test_a_fault_is_raised() -> None:
    card = SharedCard(lambda _: None)
    with pytest.raises(FakeFault):
        measure_batches(SharingFake(card, fail_at=1), MOTIONS, FakeClock())
