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
_TEXTURE = 0.4
"""Of the margin: what is smaller is texture."""


def surrounded(photo: U8, wall: U8, matte: U8, margin: int) -> U8:
    """u8[H+2m,W+2m,3]: a photo u8[H,W,3] with `margin` pixels more on each side.

    The mirror image of the wall u8[H,W,3] (the photo without its person), and of the person where
    the edge cuts them; a crown is rounded off.
    """
    around = (margin, margin, margin, margin)
    behind = cv2.copyMakeBorder(wall, *around, cv2.BORDER_REFLECT_101)
    person = cv2.copyMakeBorder(photo, *around, cv2.BORDER_REFLECT_101)
    share = cv2.copyMakeBorder(matte, *around, cv2.BORDER_REPLICATE).astype(np.float32) / 255
    share[:margin] = crown(matte, margin)
    behind[:margin] = _textured(behind[:margin], person[:margin], _beside(matte, margin))
    out: U8 = cv2.blendLinear(person, behind, share, 1 - share)
    out[margin:-margin, margin:-margin] = photo
    return out


def _textured(smooth: U8, mirrored: U8, columns: NDArray[np.intp]) -> U8:
    """u8[m,W+2m,3]: made-up wall, with the texture of what is beside it: leaves stay leaves."""
    beside = np.ascontiguousarray(mirrored[:, columns])
    size = 2 * round(len(smooth) * _TEXTURE / 2) + 1
    usual = cv2.GaussianBlur(beside, (size, size), 0).astype(np.float32)
    made_up = np.arange(len(columns)) != columns
    fine = (beside - usual) * made_up[:, None].astype(np.float32)
    out: U8 = np.rint(smooth + fine).clip(0, 255).astype(np.uint8)
    return out


def _beside(matte: U8, margin: int) -> NDArray[np.intp]:
    """[W+2m]: for each column above the portrait the one to take texture from, beside the head."""
    columns = np.arange(matte.shape[1] + 2 * margin)
    head = np.flatnonzero((matte[: margin + 1] > 0).any(0))
    if not len(head):
        return columns
    low, high = head[0] + margin, head[-1] + margin
    inside = (columns >= low) & (columns <= high)
    left = columns - low < high - columns
    out = np.where(left, 2 * low - 1 - columns, 2 * high + 1 - columns)
    return np.where(inside, np.clip(out, 0, columns[-1]), columns)


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
