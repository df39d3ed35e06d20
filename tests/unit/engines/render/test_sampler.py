"""The sampler's small parts; what it promises as a whole is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.sampler import MAX_STEPS, sample, step, times


@pytest.mark.parametrize("steps", [1, 2, 3, MAX_STEPS])
def test_times_fall_evenly_from_one_to_nothing(steps: int) -> None:
    found = times(steps)
    assert len(found) == steps + 1 and found[0] == 1.0 and found[-1] == 0.0
    np.testing.assert_allclose(np.diff(found), -1 / steps, atol=1e-12)


def test_a_step_to_the_end_is_what_the_net_sees() -> None:
    current, clean = np.ones(3, np.float32), np.array([0.2, 0.0, -1.0], np.float32)
    np.testing.assert_array_equal(step(current, clean, 0.4, 0.0), clean)
    np.testing.assert_allclose(step(current, clean, 0.5, 0.25), (current + clean) / 2)


def test_every_step_asks_once() -> None:
    asked: list[float] = []

    def predict(x: np.ndarray, t: float) -> np.ndarray:
        asked.append(t)
        return x

    sample(predict, np.ones(2, np.float32), 4)
    assert asked == [1.0, 0.75, 0.5, 0.25]
