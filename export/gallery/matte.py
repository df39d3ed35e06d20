"""Cutting a person out: trimap, closed-form matte, clean foreground, smooth backdrop.

Runs on the calling thread; pymatting is imported lazily.
Never reads a file.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from export.gallery.arrays import F32, f32
from export.gallery.bands import blur
from export.gallery.regions import grow, ramp


@dataclass(frozen=True, slots=True)
class Cutout:
    """A person apart from the backdrop; all at the size of the source, values 0-1."""

    alpha: F32  # (H, W)
    foreground: F32  # (H, W, 3) BGR, free of the backdrop's colour
    residual: F32  # (H, W, 3) BGR, what a plain backdrop does not explain: lone hairs; else 0


def trimap(person: F32, width_px: float, inner: float = 0.05, outer: float = 0.10) -> F32:
    """1 person, 0 backdrop, .5 unknown; `inner`, `outer` in face widths of `width_px`."""
    sure = grow((person > 0.9).astype(np.float32), -inner * width_px)
    maybe = grow((person > 0.1).astype(np.float32), outer * width_px)
    result = np.full(person.shape, 0.5, np.float32)
    result[sure > 0.5] = 1.0
    result[maybe < 0.5] = 0.0
    return result


def smooth_backdrop(picture: F32, sure: NDArray[np.bool_], degree: int = 3) -> F32:
    """Polynomial of x and y fitted to the backdrop pixels `sure` (H, W), outliers dropped.

    For plain backdrops only: a wall, a studio paper, the sky.
    """
    height, width = picture.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width]
    x, y = 2 * xs / width - 1, 2 * ys / height - 1
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    basis = np.stack([x**i * y**j for i, j in powers], axis=-1)
    rows, values = basis[sure], picture[sure].astype(np.float64)
    keep = np.ones(len(rows), bool)
    for _ in range(4):
        factors = np.linalg.lstsq(rows[keep], values[keep], rcond=None)[0]
        error = np.abs(rows @ factors - values).max(1)
        keep = error < max(2.5 * float(np.median(error)), 0.008)
    return f32(np.clip(basis @ factors, 0, 1))


def refine_trimap(tri: F32, picture: F32, backdrop: F32, tolerance: float = 0.035) -> F32:
    """Unknown pixels that look just like a plain backdrop, far from others, are backdrop."""
    differs = (np.abs(blur(picture, 1.0) - backdrop).max(-1) > tolerance).astype(np.float32)
    near = grow(differs, 5)
    result = tri.copy()
    result[(tri == 0.5) & (near < 0.5)] = 0.0
    return result


def biggest_piece(alpha: F32) -> F32:
    """Alpha with every island but the largest removed."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.05).astype(np.uint8))
    if count <= 2:
        return alpha
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    keep = grow((labels == largest).astype(np.float32), 2)
    return alpha * keep


def cloth_edge(alpha: F32, foreground: F32, soft_px: float = 3.5) -> tuple[F32, F32]:
    """Outline of clothes: the matte's ragged rim made a smooth line, a little inside.

    The colour of the rim is taken from further in, so nothing of the old backdrop shows.
    """
    line = ramp(blur(alpha, soft_px), 0.5, 0.78)
    sure = (grow((alpha > 0.97).astype(np.float32), -7) > 0.5).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        1 - sure, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    ys, xs = np.nonzero(sure)
    if len(ys) == 0:
        return line, foreground
    flat = np.zeros(int(labels.max()) + 1, np.int64)
    flat[labels[ys, xs]] = np.arange(len(ys))
    nearest = foreground[ys, xs][flat[labels]]
    inner = blur(sure.astype(np.float32), 2.0)[..., None]
    calm = 0.35 * foreground + 0.65 * blur(nearest, 1.5)
    return line, (inner * foreground + (1 - inner) * calm).astype(np.float32)


def cut(picture: F32, person: F32, width_px: float, *, plain: bool) -> Cutout:
    """Matte of `picture` (H, W, 3 BGR 0-1) from a coarse person mask.

    Closed-form matting (Levin 2008) at full size, multi-level foreground (Germer 2020).
    plain: the backdrop is one smooth colour; then lone hairs survive as a residual.
    """
    from pymatting import estimate_alpha_cf, estimate_foreground_ml  # noqa: PLC0415

    tri = trimap(person, width_px)
    backdrop = None
    if plain:
        backdrop = smooth_backdrop(picture, grow((person > 0.02).astype(np.float32), 8) < 0.5)
        tri = refine_trimap(tri, picture, backdrop)
    rgb = picture[..., ::-1].astype(np.float64)
    alpha = estimate_alpha_cf(rgb, tri.astype(np.float64)).astype(np.float32)
    alpha = biggest_piece(np.clip(alpha, 0, 1))
    foreground = estimate_foreground_ml(rgb, alpha.astype(np.float64))[..., ::-1]
    foreground = np.clip(foreground, 0, 1).astype(np.float32)
    residual = np.zeros_like(picture)
    if backdrop is not None:
        a = alpha[..., None]
        residual = picture - a * foreground - (1 - a) * backdrop
        near = np.exp(-((cv2.distanceTransform((alpha < 0.15).astype(np.uint8), 2, 5) / 22) ** 2))
        residual = (residual * near[..., None]).astype(np.float32)
    return Cutout(alpha, foreground, residual)
