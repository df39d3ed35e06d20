"""The head: within its range, without a jump, livelier in speech; nods and breath."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import F32
from export.data.acting.sway import LIMITS, RAD, new_sway, step_sway


def run(
    frames: int, *, seed: int = 0, speaking: bool = False, nods: frozenset[int] = frozenset()
) -> F32:
    """Pose f32[frames,6]."""
    state = new_sway(np.random.default_rng(seed))
    return np.array(
        [step_sway(state, speaking, 0.04 if at in nods else 0.0) for at in range(frames)],
        np.float32,
    )


@pytest.mark.parametrize("speaking", [False, True])
def test_it_stays_in_its_range(speaking: bool) -> None:
    pose = run(30_000, speaking=speaking)
    assert (np.abs(pose[:, :3]).max(axis=0) <= np.array(LIMITS) + 1e-6).all()
    assert np.abs(pose[:, 3:]).max() < 0.03


def test_it_never_jumps() -> None:
    pose = run(30_000, speaking=True, nods=frozenset(range(100, 30_000, 100)))
    assert np.abs(np.diff(pose[:, :3], axis=0)).max() * 25 < 25 * RAD
    assert np.abs(np.diff(pose[:, :3], n=2, axis=0)).max() < 0.45 * RAD


def test_it_never_stands_still() -> None:
    pose = run(5000)
    second = pose[: 25 * 200, 1].reshape(-1, 25)
    assert np.ptp(second, axis=1).min() > 0.01 * RAD


def test_speech_makes_it_lively() -> None:
    calm, lively = run(10_000), run(10_000, speaking=True)
    assert lively[:, :3].std(axis=0).min() > 1.4 * calm[:, :3].std(axis=0).min()


def test_a_nod_goes_down_and_comes_back() -> None:
    without, with_nod = run(200), run(200, nods=frozenset({100}))
    nod = with_nod[:, 0] - without[:, 0]
    assert not nod[:100].any()
    assert 0.02 < nod.max() < 0.05
    assert 102 < nod.argmax() < 110
    assert abs(nod[130]) < 0.002


def test_it_breathes() -> None:
    pose = run(25 * 120)
    lift = pose[:, 4] - 0.1 * pose[:, 0]
    crossings = np.count_nonzero(np.diff(np.sign(lift - lift.mean())) > 0)
    assert 22 < crossings < 36  # 11 to 18 breaths a minute
    assert lift.min() == pytest.approx(-0.004, abs=1e-4)


def test_a_seed_repeats_itself_and_only_itself() -> None:
    np.testing.assert_array_equal(run(2000, seed=3), run(2000, seed=3))
    assert (run(2000, seed=3) != run(2000, seed=4)).any()
