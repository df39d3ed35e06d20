"""Completes the irises of a photo behind the lids, so that the eyes can turn.

At onboarding; any thread.
Never shown at rest: the renderer fades from the photo to this as the gaze leaves it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

_FEATHER_PX = 1.5
_RIM_SHARE = 0.18
"""Of the iris radius: what of the eye counts as the lids' rim."""
_REACH = 2.6
"""How far from the iris centre, in iris radii, the texture is completed."""


def complete_eyes(photo: U8, points: F32) -> U8:
    """u8[S,S,3] from the photo and f32[478,3] landmarks in its pixels."""
    out = photo.astype(np.float32)
    for eye in lm.EYES:
        _complete(out, points[:, :2], eye)
    done: U8 = np.rint(out).clip(0, 255).astype(np.uint8)
    return done


def iris_radius(points: F32, eye: lm.Eye) -> float:
    """Mean distance of the rim points to the centre, pixels."""
    rim = points[list(eye.iris[1:]), :2] - points[eye.iris[0], :2]
    return float(np.linalg.norm(rim, axis=1).mean())


def lid_mask(points: F32, eye: lm.Eye, shape: tuple[int, int]) -> U8:
    """u8[H,W], 255 between the lids, anti-aliased."""
    a, b = eye.corners
    loop = points[[a, *eye.upper, b, *eye.lower[::-1]], :2]
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(loop * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask


def white_of_eyes(photo: U8, points: F32) -> float | None:
    """How light the white of the eyes is, 0 to 255; None when none is seen."""
    levels = []
    for eye in lm.EYES:
        rows, columns = np.nonzero(lid_mask(points, eye, photo.shape[:2]) > 200)
        centre, radius = points[eye.iris[0], :2], iris_radius(points, eye)
        beside = np.hypot(columns - centre[0], rows - centre[1]) > 1.15 * radius
        if beside.sum() > 5:
            levels.append(np.percentile(photo[rows[beside], columns[beside]].max(1), 80))
    return float(np.mean(levels)) if levels else None


def _complete(out: F32, points: F32, eye: lm.Eye) -> None:
    centre, radius = points[eye.iris[0]], iris_radius(points, eye)
    size = out.shape[0]
    reach = _REACH * radius
    x0, y0 = np.maximum(np.floor(centre - reach).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(centre + reach).astype(int) + 1, size)
    window = out[y0:y1, x0:x1]
    between = lid_mask(points, eye, (size, size))[y0:y1, x0:x1]
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    distance = np.hypot(xs - centre[0], ys - centre[1]) / radius
    # The lids' rims, their wet line and lashes do not turn with the eye.
    away = cv2.distanceTransform((between > 128).astype(np.uint8), cv2.DIST_L2, 3)
    guess = _guess(window, away, radius, distance, 2 * float(centre[1]) - 2 * float(y0))
    keep = np.clip((away - _RIM_SHARE * radius) / _FEATHER_PX, 0, 1)[..., None]
    window[:] = window * keep + guess * (1 - keep)


def _guess(window: F32, away: F32, radius: float, distance: F32, mirror_row: float) -> F32:
    """What is behind the lids: iris by mirror image or by its rings, else white of the eye.

    away: pixels inside the lids.
    """
    sure = away > _RIM_SHARE * radius
    rings = np.zeros((32, 3), np.float32)
    ring = np.clip(distance * 24, 0, 31).astype(int)
    last = np.median(window[sure], axis=0) if sure.any() else window.mean((0, 1))
    for k in range(32):
        inside = sure & (ring == k)
        if inside.sum() >= 3:
            # Below the middle: a landmark iris a little too large takes in some white.
            last = np.percentile(window[inside], 35, axis=0)
        rings[k] = last
    guess = cv2.GaussianBlur(rings[ring], (0, 0), 0.7)
    rows = np.clip(np.rint(mirror_row - np.arange(len(window))).astype(int), 0, len(window) - 1)
    deep = np.clip((away[rows] / radius - 0.3) / 0.2, 0, 1) * np.clip((0.95 - distance) / 0.1, 0, 1)
    guess = guess + deep[..., None] * (window[rows] - guess)
    edge = np.clip((distance - 0.95) / 0.2, 0, 1)[..., None]
    out: F32 = (guess * (1 - edge) + _sclera(window, sure, radius, distance) * edge).astype(
        np.float32
    )
    return out


def _sclera(window: F32, sure: NDArray[np.bool_], radius: float, distance: F32) -> F32:
    """f32[h,w,3]: white of the eye, spread smoothly from where it is seen."""
    white = sure & (distance > 1.2)
    level = window.sum(2)
    if white.sum() < 8:
        return np.full_like(window, 1.0) * np.array([175, 180, 190], np.float32)
    bright = (white & (level >= np.percentile(level[white], 65))).astype(np.float32)
    middle = np.median(window[bright > 0], axis=0)
    weight = cv2.GaussianBlur(bright, (0, 0), 0.7 * radius)
    spread = cv2.GaussianBlur(window * bright[..., None], (0, 0), 0.7 * radius)
    out: F32 = (spread + 2e-2 * middle) / (weight + 2e-2)[..., None]
    return out
