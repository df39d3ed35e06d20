"""What every use of the sampler may rely on, in numpy as served and in torch as trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engines.render import sampler
from engines.render.sampler import MAX_STEPS, SIGMA, noised, sample, session_noise

SHAPE = (1, 3, 12, 16)


def as_numpy(x: Any) -> Any:
    return x


def as_torch(x: Any) -> Any:
    return pytest.importorskip("torch").from_numpy(x)


@pytest.fixture(params=[as_numpy, as_torch], ids=["numpy", "torch"])
def kind(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = request.param
    return made


@pytest.fixture
def noise() -> Any:
    return session_noise(3, SHAPE)


@pytest.fixture
def clean() -> Any:
    return np.random.default_rng(1).uniform(-0.5, 0.5, SHAPE).astype(np.float32)


def drawing(x: Any, t: float) -> Any:
    """A predictor that depends on what it is given and when."""
    return 0.3 * x + 0.1 * t


def test_one_step_is_the_prediction_at_pure_noise(kind: Callable[[Any], Any], noise: Any) -> None:
    seen: list[float] = []

    def predict(x: Any, t: float) -> Any:
        seen.append(t)
        return drawing(x, t)

    out = sample(predict, kind(noise), 1)
    assert seen == [1.0]
    np.testing.assert_array_equal(np.asarray(out), np.asarray(drawing(kind(noise) * SIGMA, 1.0)))


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 8, MAX_STEPS])
def test_an_exact_predictor_gives_the_truth_in_any_number_of_steps(
    kind: Callable[[Any], Any], noise: Any, clean: Any, steps: int
) -> None:
    truth = kind(clean)
    out = sample(lambda x, t: truth, kind(noise), steps)
    np.testing.assert_allclose(np.asarray(out), clean, atol=1e-6)


@pytest.mark.parametrize("steps", [2, 5])
def test_an_exact_predictor_is_only_shown_points_of_the_straight_line(
    noise: Any, clean: Any, steps: int
) -> None:
    def predict(x: Any, t: float) -> Any:
        np.testing.assert_allclose(x, noised(clean, noise, t), atol=1e-6)
        return clean

    sample(predict, noise, steps)


def test_more_steps_come_closer_to_the_curve_of_the_flow(noise: Any) -> None:
    def predict(x: Any, t: float) -> Any:
        return np.tanh(3 * x) * (1 - 0.5 * t)

    fine = sample(predict, noise, MAX_STEPS)
    errors = [float(np.abs(sample(predict, noise, n) - fine).mean()) for n in (1, 2, 4, 16)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.25 * errors[0]


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_it_is_deterministic_and_leaves_the_noise_alone(
    kind: Callable[[Any], Any], noise: Any, steps: int
) -> None:
    kept = noise.copy()
    first, second = (np.asarray(sample(drawing, kind(noise), steps)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(noise, kept)
    assert first.shape == SHAPE and first.dtype == np.float32
    assert np.isfinite(first).all()


@pytest.mark.parametrize("steps", [0, -1, MAX_STEPS + 1])
def test_a_senseless_number_of_steps_is_refused(noise: Any, steps: int) -> None:
    with pytest.raises(ValueError, match="steps"):
        sample(drawing, noise, steps)


def test_noise_is_fixed_by_its_seed() -> None:
    np.testing.assert_array_equal(session_noise(7, SHAPE), session_noise(7, SHAPE))
    assert not np.array_equal(session_noise(7, SHAPE), session_noise(8, SHAPE))
    drawn = session_noise(7, (1, 3, 96, 128))
    assert drawn.dtype == np.float32 and np.isfinite(drawn).all()
    assert abs(float(drawn.mean())) < 0.02 and abs(float(drawn.std()) - 1) < 0.02


def test_numpy_and_torch_agree(noise: Any, clean: Any) -> None:
    torch = pytest.importorskip("torch")
    ours = sample(drawing, noise, 3)
    theirs = sample(drawing, torch.from_numpy(noise), 3)
    np.testing.assert_allclose(theirs.numpy(), ours, atol=1e-6)
    t = np.full((1, 1, 1, 1), 0.25, np.float32)
    np.testing.assert_allclose(
        noised(torch.from_numpy(clean), torch.from_numpy(noise), torch.from_numpy(t)).numpy(),
        noised(clean, noise, t),
        atol=1e-6,
    )


def test_the_ends_of_the_line_are_the_truth_and_the_noise(noise: Any, clean: Any) -> None:
    np.testing.assert_array_equal(noised(clean, noise, 0.0), clean)
    np.testing.assert_allclose(noised(clean, noise, 1.0), SIGMA * noise, atol=1e-7)
    assert sampler.times(2) == (1.0, 0.5, 0.0)
