"""Figures of drawn boxes: known values, and intervals over people."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.cv import cv2
from engines.values import U8
from export.evaluate.renderer_metrics import psnr, ratio, sharpness, spread, ssim


def noise(seed: int = 1) -> U8:
    return np.random.default_rng(seed).integers(0, 256, (2, 24, 32, 3)).astype(np.uint8)


def test_psnr_of_a_known_error() -> None:
    truth = np.full((2, 8, 8, 3), 100, np.uint8)
    drawn = truth.copy()
    drawn[1] += 10
    assert psnr(drawn, truth).tolist() == pytest.approx([60.0, 28.1308], abs=1e-3)


def test_ssim_falls_with_blur_and_not_with_a_little_light() -> None:
    truth = noise()
    blurred = np.stack([cv2.GaussianBlur(p, (0, 0), 1.0) for p in truth])
    lit = cv2.add(truth, np.full_like(truth, 3))
    assert ssim(truth, truth) == pytest.approx([1, 1], abs=1e-5)
    assert (ssim(blurred, truth) < 0.8).all() and (ssim(lit, truth) > 0.98).all()


def test_sharpness_counts_steps_only_where_asked() -> None:
    stripes = np.zeros((1, 4, 8, 3), np.uint8)
    stripes[:, :, 1:4:2] = 70
    left = np.zeros((1, 4, 8), np.uint8)
    left[..., :4] = 255
    assert sharpness(stripes)[0] == pytest.approx(70 * 4 / 7)
    assert sharpness(stripes, left)[0] == pytest.approx(70)


def test_intervals_are_as_wide_as_people_differ() -> None:
    rng = np.random.default_rng(2)
    level = np.repeat(rng.normal(0, 1, 10), 50).astype(np.float32)
    people = [f"p{i // 50}" for i in range(500)]
    as_people, as_pictures = spread(level, people), spread(level, [str(i) for i in range(500)])
    assert as_people.people == 10 and as_people.count == 500
    assert as_people.high - as_people.low > 3 * (as_pictures.high - as_pictures.low)
    assert as_people.low < as_people.mean < as_people.high


def test_a_ratio_is_of_means() -> None:
    value = ratio(np.array([1, 3], np.float32), np.array([2, 2], np.float32), ["a", "a"])
    assert value.mean == pytest.approx(1.0) and value.median == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no pictures"):
        spread(np.zeros(0, np.float32), [])


def test_of_one_person_pictures_are_resampled() -> None:
    value = spread(np.arange(20, dtype=np.float32), ["a"] * 20)
    assert value.people == 1 and value.low < value.mean < value.high
