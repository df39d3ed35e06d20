"""Gaze: near the camera, steady under head turns, short looks away."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import F32
from export.data.acting.gaze import FULL_TURN_RAD, LIMIT, STEADY, new_gaze, step_gaze


def run(frames: int, *, seed: int = 0, speaking: bool = False, yaw: float = 0.0) -> F32:
    """side, down, leap: f32[frames,3]."""
    state = new_gaze(np.random.default_rng(seed))
    steps = [step_gaze(state, speaking, yaw, 0.0) for _ in range(frames)]
    return np.array([(step.side, step.down, step.leap) for step in steps], np.float32)


def test_it_looks_at_the_camera_most_of_the_time() -> None:
    path = run(20_000)
    away = np.hypot(path[:, 0], path[:, 1]) > 0.1
    assert 0.01 < away.mean() < 0.15


def test_it_looks_away_more_while_speaking() -> None:
    quiet, speaking = run(20_000), run(20_000, speaking=True)
    assert (np.abs(speaking[:, :2]).max(axis=1) > 0.1).mean() > (
        np.abs(quiet[:, :2]).max(axis=1) > 0.1
    ).mean()


def test_it_moves_in_leaps_and_rests_between() -> None:
    path = run(5000)
    moving = np.abs(np.diff(path[:, 0])) > 0.01
    assert moving.mean() < 0.2
    assert (path[:, 2] > 0).sum() > 100
    # Nine tenths of a shift are done within three frames.
    for at in np.flatnonzero(path[:-10, 2] > 0.2):
        if not path[at + 1 : at + 5, 2].any():
            gone = np.hypot(*(path[at + 2, :2] - path[at - 1, :2]))
            assert gone > 0.85 * path[at, 2]


def test_the_eyes_take_back_the_heads_turn() -> None:
    straight, turned = run(500), run(500, yaw=0.05)
    difference = turned[:, 0] - straight[:, 0]
    np.testing.assert_allclose(difference, -STEADY * 0.05 / FULL_TURN_RAD, atol=1e-6)


@pytest.mark.parametrize("yaw", [-3.0, 3.0])
def test_it_never_leaves_its_range(yaw: float) -> None:
    assert np.abs(run(2000, yaw=yaw)[:, :2]).max() <= LIMIT + 1e-6


def test_a_seed_repeats_itself_and_only_itself() -> None:
    np.testing.assert_array_equal(run(2000, seed=3), run(2000, seed=3))
    assert (run(2000, seed=3) != run(2000, seed=4)).any()
