"""What may lie past a portrait's edges, for a moved head pulls that in.

Pure; at construction of a renderer, any thread.
Never changes the portrait itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.render.cv import cv2
from engines.values import F32, U8

_RIM_PX = 2
"""The edge itself: a matte is not sure of its first rows."""
_SOFT_PX = 1.5


def surrounded(person: U8, margin: int) -> U8:
    """u8[H+2m,W+2m,4]: a premultiplied person u8[H,W,4] with `margin` pixels more on each side.

    Their mirror image where an edge cuts them, and nobody elsewhere; a crown is rounded off.
    """
    around = (margin, margin, margin, margin)
    out = cv2.copyMakeBorder(person, *around, cv2.BORDER_REFLECT_101)
    edge = cv2.copyMakeBorder(person[..., 3], *around, cv2.BORDER_REPLICATE)
    share = edge.astype(np.float32) / 255
    share[:margin] = crown(person[..., 3], margin)
    share[margin:-margin, margin:-margin] = 1
    shown: U8 = np.rint(out * share[..., None]).astype(np.uint8)
    return shown


def crown(matte: U8, margin: int) -> F32:
    """f32[m,W+2m]: share of a head u8[H,W] in the rows above the portrait, the last one lowest.

    A circle through the ends of the rows where the edge cuts the head and half a margin below.
    """
    height, width = margin, matte.shape[1] + 2 * margin
    none = np.zeros((height, width), np.float32)
    depth = max(margin // 2, 1)
    if not (matte[_RIM_PX] > 128).any() or not (matte[_RIM_PX + depth] > 128).any():
        return none
    low, high = _widest(matte[_RIM_PX] > 128)
    lowest, highest = _widest(matte[_RIM_PX + depth] > 128)
    half, below = (high - low) / 2, max(highest - lowest, high - low) / 2
    # Half a chord squared is 2 R t - t^2 at a depth t under the top of a circle.
    steep = (below**2 - half**2 + depth**2) / depth
    above = (np.sqrt(steep**2 + 4 * half**2) - steep) / 2
    left = above - _RIM_PX - np.arange(height, 0, -1, dtype=np.float32)
    reach = np.sqrt(np.maximum(2 * (steep / 2 + above) * left - left**2, 0) * (left > 0))
    middle = margin + (low + high) / 2
    away = np.abs(np.arange(width, dtype=np.float32) - middle)
    out = np.clip((reach[:, None] - away) / _SOFT_PX + 0.5, 0, 1) * (left > 0)[:, None]
    share: F32 = out.astype(np.float32)
    return share


def _widest(row: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last place of the longest run of a row bool[N] that has one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest]) - 1
