"""The person free of the light of the wall they stood before, to stand before another.

Pure; at construction of a renderer, on any thread.
Never takes from the matte, never adds to it.
"""

from __future__ import annotations

import numpy as np

from engines.render.cv import cv2
from engines.values import F32, U8

_SMALL = 256
"""Colours far from the person's edge are only needed smoothly: estimated this small."""
_WIDE, _NEAR = 41, 7
"""Box sizes of the two passes: the first at _SMALL, the second at a 512 picture."""
_TINY = 1e-5


def spotless(photo: U8, alpha: U8) -> U8:
    """u8[S,S,4]: colours of the person times alpha, and alpha, without the old background.

    "Blur-fusion" (Forte, Approximate Fast Foreground Colour Estimation, ICIP 2021): local means of
    person and wall, then what of each pixel they leave unexplained, in two passes.
    """
    image: F32 = photo.astype(np.float32) / np.float32(255)
    share: F32 = alpha.astype(np.float32)[..., None] / np.float32(255)
    size = photo.shape[0]
    small = (_SMALL, _SMALL)
    front, behind = _fuse(
        cv2.resize(image, small, interpolation=cv2.INTER_AREA),
        cv2.resize(share, small, interpolation=cv2.INTER_AREA)[..., None],
        None,
        _WIDE,
    )
    near = max(round(_NEAR * size / 512) | 1, 3)
    known = (cv2.resize(front, (size, size)), cv2.resize(behind, (size, size)))
    front, _ = _fuse(image, share, known, near)
    colour = np.rint(np.clip(front * share, 0, 1) * 255)
    out: U8 = np.dstack([colour, alpha]).astype(np.uint8)
    return out


def _fuse(image: F32, share: F32, known: tuple[F32, F32] | None, box: int) -> tuple[F32, F32]:
    """Colours of person and wall f32[S,S,3], known roughly (or, None, not at all)."""
    front, behind = (image, image) if known is None else known
    weight = cv2.blur(share, (box, box))[..., None]
    mean_front = cv2.blur(front * share, (box, box)) / (weight + _TINY)
    mean_behind = cv2.blur(behind * (1 - share), (box, box)) / (1 - weight + _TINY)
    left = image - share * mean_front - (1 - share) * mean_behind
    return np.clip(mean_front + share * left, 0, 1), mean_behind
