"""Fills triangles with linearly varying values, by spans, in numpy alone.

Pure; any thread.
Never loops over triangles or pixels in Python, never needs a compiler.

A triangle is cut into one horizontal span per row; all spans of all triangles are computed as
arrays. 900 triangles over 15,000 pixels take well under a millisecond, several times less than a
`cv2.fillConvexPoly` per triangle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.values import F32

MIN_FATNESS = 0.02
"""Triangles with an area under this times their longest edge (in pixels) have no width to fill."""
_EDGE_SLACK = 1e-3
_FROM = np.array([0, 1, 2])
_TO = np.array([1, 2, 0])


@dataclass(frozen=True, slots=True)
class Spans:
    """What a fill covers; entries later in the list were drawn later."""

    pixels: NDArray[np.int64]
    """i64[N]: row * width + column, repeated where triangles overlap."""
    triangles: NDArray[np.int64]
    """i64[N]: index into the triangles given."""
    values: F32
    """f32[N,C]: the vertex values, linear inside each triangle."""


def fill(points: F32, values: F32, triangles: NDArray[np.int64], width: int, height: int) -> Spans:
    """Cover pixels (centres at whole numbers) of a width x height raster.

    points f32[V,2] (x, y), values f32[V,C], triangles i64[T,3] in painter's order (last on top).
    Either winding is drawn. Assigning `out[spans.pixels] = spans.values` keeps the last writer.
    """
    kept, corners, grads = _gradients(points, values, triangles)
    rows_first = np.maximum(np.ceil(corners[:, :, 1].min(1) - _EDGE_SLACK), 0).astype(np.int64)
    rows_last = np.minimum(np.floor(corners[:, :, 1].max(1) + _EDGE_SLACK), height - 1).astype(
        np.int64
    )
    owner, row = _expand(rows_first, rows_last)
    left, right = _row_extent(corners, owner, row)
    first = np.maximum(np.ceil(left - _EDGE_SLACK), 0).astype(np.int64)
    last = np.minimum(np.floor(right + _EDGE_SLACK), width - 1).astype(np.int64)
    span, column = _expand(first, last)
    tri = owner[span]
    origin = corners[:, 0]
    base = values[triangles[kept, 0]] - (grads[:, 0] * origin[:, :1] + grads[:, 1] * origin[:, 1:])
    at_row = base[owner] + grads[owner, 1] * row[:, None].astype(np.float32)
    out = at_row[span] + grads[tri, 0] * column[:, None].astype(np.float32)
    return Spans(row[span] * width + column, kept[tri], out)


def _gradients(
    points: F32, values: F32, triangles: NDArray[np.int64]
) -> tuple[NDArray[np.int64], F32, F32]:
    """Which triangles have area, their corners f32[T,3,2], d values/d(x, y) f32[T,2,C]."""
    corners = points[triangles]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    e3 = corners[:, 2] - corners[:, 1]
    det = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    longest = np.sqrt(np.maximum((e1 * e1).sum(1), np.maximum((e2 * e2).sum(1), (e3 * e3).sum(1))))
    kept = np.flatnonzero(np.abs(det) > 2 * MIN_FATNESS * longest + 1e-6)
    e1, e2, det = e1[kept], e2[kept], det[kept]
    corner_values = values[triangles[kept]]
    v1 = (corner_values[:, 1] - corner_values[:, 0]) / det[:, None]
    v2 = (corner_values[:, 2] - corner_values[:, 0]) / det[:, None]
    dx = v1 * e2[:, 1:] - v2 * e1[:, 1:]
    dy = v2 * e1[:, :1] - v1 * e2[:, :1]
    return kept, corners[kept], np.stack([dx, dy], 1)


def _expand(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All whole numbers of the closed ranges: the range each belongs to, and the number."""
    count = np.maximum(last - first + 1, 0)
    owner = np.repeat(np.arange(len(first)), count)
    start = np.cumsum(count) - count
    return owner, np.arange(len(owner)) - start[owner] + first[owner]


def _row_extent(corners: F32, owner: NDArray[np.int64], row: NDArray[np.int64]) -> tuple[F32, F32]:
    """Leftmost and rightmost x of each triangle at each of its rows."""
    a, b = corners[:, _FROM], corners[:, _TO]
    rise = b[..., 1] - a[..., 1]
    flat = np.abs(rise) < 1e-6
    slope = np.where(flat, 0, (b[..., 0] - a[..., 0]) / np.where(flat, 1, rise))
    low, high = np.minimum(a[..., 1], b[..., 1]), np.maximum(a[..., 1], b[..., 1])
    y = row[:, None].astype(np.float32)
    inside = (y >= low[owner] - _EDGE_SLACK) & (y <= high[owner] + _EDGE_SLACK)
    crossing = inside & ~flat[owner]
    x = a[owner, :, 0] + slope[owner] * (y - a[owner, :, 1])
    left = np.where(crossing, x, np.inf).min(1)
    right = np.where(crossing, x, -np.inf).max(1)
    return left, right
