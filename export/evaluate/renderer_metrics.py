"""Figures of drawn boxes against true ones, and how sure they are.

Offline; pure functions of arrays.
Never averages over people as if their pictures were independent: intervals resample people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.render.cv import cv2
from engines.values import F32, U8

SSIM_SIGMA = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_PSNR_CAP = 60.0
"""Decibels of two equal pictures: an infinite one would take the mean with it."""
_DRAWS = 1000
_SEED = 5


def psnr(drawn: U8, truth: U8) -> F32:
    """f32[N] decibels of u8[N,h,w,3]; at most 60."""
    error = ((drawn.astype(np.float32) - truth) ** 2).mean((1, 2, 3))
    floor = 255.0**2 / 10 ** (_PSNR_CAP / 10)
    out: F32 = (10 * np.log10(255.0**2 / np.maximum(error, floor))).astype(np.float32)
    return out


def ssim(drawn: U8, truth: U8) -> F32:
    """f32[N]: structural similarity of the grey pictures (Wang et al. 2004), Gaussian window."""
    return np.array([_ssim(a, b) for a, b in zip(drawn, truth, strict=True)], np.float32)


def sharpness(pictures: U8, where: U8 | None = None) -> F32:
    """f32[N]: mean step |dx| from pixel to pixel, grey levels; only `where` u8[N,h,w] is set."""
    grey = np.stack([cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in pictures]).astype(np.float32)
    steps = np.abs(np.diff(grey, axis=2))
    if where is None:
        out: F32 = steps.mean((1, 2))
        return out
    weight = (where[:, :, 1:] > 0).astype(np.float32)
    part: F32 = (steps * weight).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1)
    return part


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over many pictures of some people."""

    mean: float
    low: float
    high: float
    """95 % interval of the mean, people drawn with replacement; of one person, his pictures."""
    median: float
    count: int
    people: int


def spread(values: F32, people: Sequence[str]) -> Spread:
    """Raises ValueError when there is nothing."""
    return _resampled(values, values, people, lambda a, _: a)


def ratio(values: F32, floors: F32, people: Sequence[str]) -> Spread:
    """Mean of `values` over mean of `floors`; the median is that of the pictures' own ratios."""
    pairs = np.maximum(floors, 1e-9)
    out = _resampled(values, floors, people, lambda a, b: a / max(b, 1e-9))
    return Spread(
        out.mean, out.low, out.high, float(np.median(values / pairs)), out.count, out.people
    )


def _resampled(
    values: F32, others: F32, people: Sequence[str], combine: Callable[[float, float], float]
) -> Spread:
    if not len(values):
        raise ValueError("no pictures to average")
    names, who = np.unique(np.asarray(people), return_inverse=True)
    if len(names) == 1:
        # One person tells nothing of others: how sure the figure is of these pictures, at least.
        who = np.arange(len(values))
    counts = np.bincount(who).astype(np.float64)
    tops = np.bincount(who, values.astype(np.float64))
    bottoms = np.bincount(who, others.astype(np.float64))
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, len(counts), (_DRAWS, len(counts)))
    size = counts[drawn].sum(1)
    a, b = tops[drawn].sum(1) / size, bottoms[drawn].sum(1) / size
    made = np.array([combine(x, y) for x, y in zip(a, b, strict=True)])
    low, high = np.percentile(made, (2.5, 97.5))
    mean = combine(float(values.mean()), float(others.mean()))
    return Spread(
        float(mean), float(low), float(high), float(np.median(values)), len(values), len(names)
    )


def _ssim(drawn: U8, truth: U8) -> float:
    a, b = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (drawn, truth))

    def smooth(x: NDArray[np.float32]) -> NDArray[np.float32]:
        out: F32 = cv2.GaussianBlur(x, (11, 11), SSIM_SIGMA)
        return out

    u, v = smooth(a), smooth(b)
    uu, vv, uv = smooth(a * a) - u * u, smooth(b * b) - v * v, smooth(a * b) - u * v
    top = (2 * u * v + _C1) * (2 * uv + _C2)
    bottom = (u * u + v * v + _C1) * (uu + vv + _C2)
    return float((top / bottom).mean())
