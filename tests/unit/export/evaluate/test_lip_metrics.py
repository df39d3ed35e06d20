"""Tests of export.evaluate.lip_metrics."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import F32
from export.data.phones import Phone
from export.evaluate.lip_metrics import Track, closures, correlation, follow, with_made


def _moving(seed: int, frames: int = 75) -> F32:
    rng = np.random.default_rng(seed)
    smooth = np.convolve(rng.uniform(0.01, 0.08, frames + 4), np.ones(5) / 5, "valid")
    return np.repeat(smooth[:, None], 7, axis=1).astype(np.float32)


def _track(seed: int, made: F32 | None = None, phones: list[Phone] | None = None) -> Track:
    real = _moving(seed)
    return Track(f"t{seed}", real, real if made is None else made, (10, 65), phones or [])


def test_the_truth_follows_itself() -> None:
    figures = follow([_track(1), _track(2)], 0)
    assert figures.r == pytest.approx(1.0)
    assert figures.lag == 0
    assert figures.sd_ratio == pytest.approx(1.0)
    assert figures.mean_ratio == pytest.approx(1.0)


@pytest.mark.parametrize("late", [-2, 1, 3])
def test_lateness_is_found(late: int) -> None:
    tracks = [_track(i, np.roll(_moving(i), late, axis=0)) for i in range(4)]
    figures = follow(tracks, 0)
    assert figures.lag == late
    assert figures.r_at_lag > 0.99 > figures.r


def test_half_the_motion_has_half_the_ratio() -> None:
    tracks = [_track(i, _moving(i) * np.float32(0.5)) for i in range(2)]
    assert follow(tracks, 0).sd_ratio == pytest.approx(0.5)


def test_silence_around_the_speech_does_not_count() -> None:
    made = _moving(1)
    made[:10] = 9.0
    made[65:] = 9.0
    assert follow([_track(1, made)], 0).r == pytest.approx(1.0, abs=1e-6)


def test_a_still_mouth_correlates_with_nothing() -> None:
    assert correlation(np.zeros(10, np.float32), np.arange(10, dtype=np.float32)) == 0.0


PHONES: list[Phone] = [("B", 0.8, 0.88), ("AA", 0.88, 1.2), ("M", 1.2, 1.28), ("AA", 1.28, 1.6)]


def test_closures_are_counted() -> None:
    made = np.full((75, 7), 0.05, np.float32)
    made[20:22] = 0.0  # the B only
    made[36] = 0.0  # the second AA's centre
    result = closures([_track(1, made, PHONES)])
    assert (result.bilabials, result.closed) == (2, 0.5)
    assert (result.vowels, result.vowels_closed) == (2, 0.5)


def test_the_real_video_can_be_scored() -> None:
    track = _track(1, np.zeros((75, 7), np.float32), PHONES)
    assert closures([track]).closed == 1.0
    assert closures([track], real=True).closed == 0.0


def test_lengths_are_made_equal() -> None:
    (track,) = with_made([_track(1)], [_moving(2, 60)])
    assert len(track.real) == len(track.made) == 60
