"""Blinks: natural intervals, whole courses, both eyes."""

from __future__ import annotations

import numpy as np
import pytest

from export.data.acting.blink import COURSE, new_blink, step_blink


def run(
    frames: int, *, seed: int = 0, speaking: bool = False, asked: float = 0.0
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Lids f64[frames,2]."""
    state = new_blink(np.random.default_rng(seed))
    return np.array([step_blink(state, speaking, asked) for _ in range(frames)])


def begins(lids: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[int]:
    shut = lids.max(axis=1) > 0
    return [at for at in range(1, len(shut)) if shut[at] and not shut[at - 1]]


def test_lids_stay_in_their_range() -> None:
    lids = run(20_000)
    assert lids.min() >= 0.0
    assert lids.max() <= 1.0


def test_intervals_are_natural() -> None:
    starts = begins(run(25 * 1200))
    gaps = np.diff(starts) / 25
    long = gaps[gaps > 1.0]
    assert 2.0 <= long.min()
    assert long.max() <= 6.0 + 0.3
    assert 2.8 < np.median(long) < 4.2
    assert len(set(np.round(long, 2))) > 30
    doubles = (gaps <= 1.0).mean()
    assert 0.04 < doubles < 0.16


def test_a_blink_closes_in_three_frames_and_opens_in_four() -> None:
    lids = run(2000)
    for start in begins(lids)[:-1]:
        course = lids[start : start + 7].max(axis=1)
        assert course.argmax() == 2
        assert list(course[2:]) == sorted(course[2:], reverse=True)
        assert lids[start + 7].max() < 0.1
    assert len(COURSE) == 9


def test_most_blinks_close_the_eye_and_some_do_not() -> None:
    lids = run(25 * 900)
    depth = [lids[start : start + 7].max() for start in begins(lids)[:-1]]
    assert 0.75 < np.mean(np.array(depth) > 0.9) < 0.97


def test_both_eyes_blink_together_but_not_the_same() -> None:
    lids = run(2000)
    assert ((lids[:, 0] > 0.5) == (lids[:, 1] > 0.5)).mean() > 0.99
    difference = np.abs(lids[:, 0] - lids[:, 1])
    assert 0.0 < difference.max() < 0.25


def test_speaking_brings_more_blinks() -> None:
    calm = len(begins(run(25 * 1200)))
    speaking = len(begins(run(25 * 1200, speaking=True)))
    assert speaking > 1.1 * calm


def test_a_blink_can_be_asked_for_but_not_twice_at_once() -> None:
    starts = begins(run(25 * 60, asked=1.0))
    assert np.diff(starts).max() <= 26
    gaps = np.diff(starts)
    assert gaps[gaps > 14].min() >= 25


@pytest.mark.parametrize("seed", [0, 7])
def test_a_seed_repeats_itself_and_only_itself(seed: int) -> None:
    np.testing.assert_array_equal(run(3000, seed=seed), run(3000, seed=seed))
    assert (run(3000, seed=seed) != run(3000, seed=seed + 1)).any()
