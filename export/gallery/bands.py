"""Six frequency bands of a picture: split, join, blend regions band by band.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from export.gallery.arrays import F32, f32

BANDS = 6
FIRST_SIGMA_PX = 1.2
MASK_BLUR_PX = (1.5, 3.0, 5.0, 9.0, 14.0, 18.0)  # fine to coarse: wider where detail is coarser


def blur(picture: F32, sigma_px: float) -> F32:
    """Gaussian blur, edges mirrored."""
    return f32(cv2.GaussianBlur(picture, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101))


def split(picture: F32) -> list[F32]:
    """Bands fine to coarse, the last one the remaining blur; their sum is the picture."""
    bands, current = [], picture
    for k in range(BANDS - 1):
        softer = blur(picture, FIRST_SIGMA_PX * 2**k)
        bands.append(current - softer)
        current = softer
    return [*bands, current]


def join(bands: Sequence[F32]) -> F32:
    """The picture back from its bands."""
    total: F32 = np.sum(bands, axis=0, dtype=np.float32)
    return total


def mix(first: Sequence[F32], second: Sequence[F32], share: Sequence[float]) -> list[F32]:
    """Band by band (1 - share) of `first` and share of `second`."""
    return [f32((1 - s) * a + s * b) for a, b, s in zip(first, second, share, strict=True)]


def blend(regions: Sequence[Sequence[F32]], masks: Sequence[F32]) -> F32:
    """Pictures given as bands, each in its mask (H, W), joined without a seam.

    Masks are blurred more for coarser bands and normalised to 1 (Burt and Adelson 1983).
    """
    result = []
    for k in range(BANDS):
        weights = [np.maximum(blur(m, MASK_BLUR_PX[k]), 0) for m in masks]
        total = np.maximum(np.sum(weights, axis=0), 1e-6)
        layers = [(w / total)[..., None] * r[k] for w, r in zip(weights, regions, strict=True)]
        result.append(f32(np.sum(layers, axis=0)))
    return join(result)


def robust_mean(pictures: Sequence[F32], spread: float = 9.0, blur_px: float = 2.2) -> F32:
    """Mean of aligned pictures (H, W, 3, Lab) without what only one shows: hair, hands, glare."""
    stack = np.stack([blur(p, blur_px) for p in pictures])
    distance = ((stack - np.median(stack, axis=0)) ** 2).sum(-1, keepdims=True)
    weights = np.exp(-distance / (2 * spread**2)) + 1e-4
    total: F32 = (weights * np.stack(pictures)).sum(0) / weights.sum(0)
    return total.astype(np.float32)
