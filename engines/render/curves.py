"""Smooth outlines and soft masks for the mouth and the eyes.

Engine thread; pure.
Never larger than the small window it is asked for.
"""

from __future__ import annotations

import numpy as np

from engines.render.cv import cv2
from engines.values import F32, U8

_PER_PIECE = 5
_T = (np.arange(_PER_PIECE, dtype=np.float32) / _PER_PIECE)[:, None]
# Catmull-Rom basis (Catmull, Rom 1974), tension 1/2, rows for t = 0, 1/5, .. 4/5.
_BASIS = 0.5 * np.concatenate(
    [
        -(_T**3) + 2 * _T**2 - _T,
        3 * _T**3 - 5 * _T**2 + 2,
        -3 * _T**3 + 4 * _T**2 + _T,
        _T**3 - _T**2,
    ],
    1,
)


def smooth_chain(points: F32) -> F32:
    """A smooth open curve f32[5(N-1)+1, 2] through f32[N,2]; its ends stay sharp corners."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    pieces = np.stack([padded[i : len(points) - 1 + i] for i in range(4)], 1)
    curve = (_BASIS @ pieces).reshape(-1, 2)
    out: F32 = np.concatenate([curve, points[-1:]]).astype(np.float32)
    return out


def lens(upper: F32, lower: F32) -> F32:
    """A closed outline from two chains that share both end points."""
    out: F32 = np.concatenate([smooth_chain(upper), smooth_chain(lower)[::-1]])
    return out


def polygon_mask(outline: F32, origin: tuple[int, int], shape: tuple[int, int], blur: float) -> U8:
    """u8[H,W]: 255 inside, anti-aliased, blurred by `blur` pixels."""
    mask = np.zeros(shape, np.uint8)
    fixed = np.rint((outline - np.array(origin, np.float32)) * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4)
    if blur > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), blur)
    return mask


def window(outline: F32, margin: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) around the outline, inside the picture; None when nothing is."""
    low = np.floor(outline.min(0)).astype(int) - margin
    high = np.ceil(outline.max(0)).astype(int) + margin + 1
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
