"""What it takes to encode a picture: counted, and little."""

from __future__ import annotations

import numpy as np
import pytest

from server.media_cost import UNCOUNTED, EncodeMeter


def picture(at: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, at : at + 8] = 200
    return image


def test_nothing_is_told_of_too_few_pictures() -> None:
    meter = EncodeMeter(64)
    for at in range(UNCOUNTED):
        meter.add(picture(at))
    assert meter.picture_s() == 0.0


def test_the_median_after_the_first_ones_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 9.0] * UNCOUNTED + [0.0, 0.002, 0.0, 0.003, 0.0, 0.5])
    monkeypatch.setattr("time.thread_time", lambda: next(times))
    meter = EncodeMeter(64)
    for at in range(UNCOUNTED + 3):
        meter.add(picture(at))
    assert meter.picture_s() == 0.003


def test_larger_pictures_take_longer() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 3), dtype=np.uint8)
    small, large = EncodeMeter(64), EncodeMeter(512)
    for at in range(UNCOUNTED + 3):
        small.add(np.roll(noise[:64, :64], at, 0).copy())
        large.add(np.roll(noise, at, 0))
    assert large.picture_s() > small.picture_s() > 0
