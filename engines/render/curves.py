"""Smooth outlines and soft masks for the mouth and the eyes.

Engine thread; pure.
Never larger than the small window it is asked for.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

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
    out: F32 = _chain(len(points)) @ points
    return out


def lens(upper: F32, lower: F32) -> F32:
    """A closed outline from two chains of as many points that share both end points."""
    out: F32 = lens_of(len(upper)) @ np.concatenate([upper, lower])
    return out


@cache
def lens_of(count: int) -> F32:
    """f32[M,2N]: each point of a `lens` as shares of its two chains of N points, upper first."""
    chain = _chain(count)
    none = np.zeros_like(chain)
    return np.block([[chain, none], [none, chain[::-1]]])


@cache
def _chain(count: int) -> F32:
    """f32[5(N-1)+1, N]: each point of a curve through N points is linear in four of them."""
    identity = np.eye(count)
    padded = np.concatenate([identity[:1], identity, identity[-1:]])
    pieces = np.stack([padded[i : count - 1 + i] for i in range(4)], 1)
    curve = (_BASIS @ pieces).reshape(-1, count)
    out: F32 = np.concatenate([curve, identity[-1:]]).astype(np.float32)
    return out


def polygon_mask(outline: F32, origin: tuple[int, int], shape: tuple[int, int], blur: float) -> U8:
    """u8[H,W]: 255 inside, anti-aliased, blurred by `blur` pixels."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [sixteenths(outline, np.array(origin, np.float32))], 255, cv2.LINE_AA, 4)
    return soft(mask, blur) if blur > 0 else mask


def sixteenths(points: F32, origin: F32) -> NDArray[np.int32]:
    """Places from an origin as OpenCV draws between pixels: with a shift of 4."""
    out: NDArray[np.int32] = np.rint((points - origin) * 16).astype(np.int32)
    return out


def soft(mask: U8, blur: float) -> U8:
    """u8[H,W]: the bytes of `cv2.GaussianBlur` of u8[H,W] by some pixels, in a third of its time.

    A filter whose weights are whole 256ths is exact in OpenCV's quicker one.
    """
    weights = _bell(blur)
    out: U8 = cv2.sepFilter2D(mask, cv2.CV_8U, weights, weights)
    return out


@lru_cache(64)
def _bell(blur: float) -> F32:
    """f32[N]: Gaussian weights in 256ths; what rounding leaves over goes to the next inward."""
    count = round(6 * blur + 1) | 1
    exact = 256 * cv2.getGaussianKernel(count, blur, cv2.CV_64F)[:, 0]
    out, left = np.zeros(count), 0.0
    for k in range(count // 2):
        out[k] = out[-1 - k] = round(exact[k] + left)
        left += exact[k] - out[k]
    out[count // 2] = 256 - out.sum()
    return np.asarray(np.trim_zeros(out) / 256, np.float32)


def window(outline: F32, margin: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) around the outline, inside the picture; None when nothing is."""
    # A quarter of the time of numpy's least and most, which go by rows.
    left, top, wide, tall = cv2.boundingRect(outline)
    x0, y0 = max(left - margin, 0), max(top - margin, 0)
    x1 = min(left + wide + margin + 1, width)
    y1 = min(top + tall + margin + 1, height)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def three(grey: F32) -> F32:
    """f32[H,W,3] of f32[H,W]: numpy multiplies three channels by one several times slower."""
    out: F32 = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    return out


def tinted(grey: F32, colour: F32, base: F32 | None = None) -> F32:
    """f32[H,W,3]: f32[H,W] times a colour f32[3], and f32[3] more."""
    matrix = np.zeros((3, 2), np.float32)
    matrix[:, 0] = colour
    if base is not None:
        matrix[:, 1] = base
    out: F32 = cv2.transform(grey, matrix)
    return out


def lay(part: U8, layer: F32, share: F32) -> None:
    """A layer f32[H,W,3] over the picture u8[H,W,3], as much of it as f32[H,W] in [0, 1] says.

    Or one colour f32[3].
    """
    below = part.astype(np.float32)
    layer = layer - below
    layer *= three(share)
    layer += below
    cv2.convertScaleAbs(layer, part)


def levels(layer: F32) -> U8:
    """u8[H,W,3]: the nearest grey levels of f32[H,W,3] that is nowhere below 0."""
    out: U8 = cv2.convertScaleAbs(layer)
    return out
