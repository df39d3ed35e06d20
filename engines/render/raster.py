"""Fills triangles with linearly varying values, by spans, in numpy alone.

Pure; any thread.
Never loops over triangles or pixels in Python, never needs a compiler.

A triangle is cut into one horizontal span per row; all spans of all triangles are computed as
arrays. 900 triangles over 15,000 pixels take well under a millisecond, several times less than a
`cv2.fillConvexPoly` per triangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.values import F32

MIN_FATNESS = 0.003
"""Triangles with an area under this times their longest edge (in pixels) have no width to fill."""
_EDGE_SLACK = np.float32(1e-3)
_LEAST_RISE = np.float32(1e-6)
# Which corner is highest, middle and lowest, by (y0 > y1) * 4 + (y1 > y2) * 2 + (y0 > y2).
_ORDER = np.array(
    [[0, 0, 0, 2, 1, 1, 0, 2], [1, 1, 2, 0, 0, 2, 1, 1], [2, 2, 1, 1, 2, 0, 2, 0]], np.int64
)

_Values = NDArray[Any]
_Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spans:
    """What a fill covers; entries later in the list were drawn later."""

    pixels: _Index
    """i64[N]: row * width + column, repeated where triangles overlap."""
    triangles: _Index
    """i64[N]: index into the triangles given."""
    values: F32
    """f32[N,C]: the vertex values, linear inside each triangle."""


@dataclass(frozen=True, slots=True)
class _Corners:
    """Triangles taken apart."""

    x: F32
    """f32[3,T]"""
    y: F32
    along: tuple[F32, F32, F32, F32]
    """Edges from the first corner to the others over twice the area: x1, y1, x2, y2, f32[T]."""
    fat: NDArray[np.bool_]
    """bool[T]: those with something to fill."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Horizontal spans, those of later triangles later."""

    owner: _Index
    """i64[S]: their triangles."""
    row: F32
    """f32[S]"""
    count: _Index
    """i64[S]: pixels, some have none."""
    pixels: _Index
    """i64[N]: row * width + column of all their pixels."""


class Painting:
    """Triangles drawn over each other: which of them, and so what value, each pixel shows."""

    def __init__(self, points: F32, triangles: _Index, width: int, height: int) -> None:
        """As `fill`; points f32[V,2], triangles i64[T,3] in painter's order."""
        self._triangles = np.ascontiguousarray(triangles.T)
        self._corners = _corners(points, self._triangles)
        self._rows = rows = _rows(self._corners, width, height)
        shown = np.zeros(width * height, np.int64)
        shown[rows.pixels] = np.repeat(np.arange(1, len(rows.count) + 1), rows.count)
        self._shown = shown.reshape(height, width)
        self._column = np.arange(width, dtype=np.float32)
        self.covered: NDArray[np.bool_] = self._shown > 0
        """bool[H,W]: where something is drawn."""

    def values(self, channel: _Values, elsewhere: float = 0.0) -> _Values:
        """f32[H,W] of vertex values f32[V]; of two at once: c64[H,W] of c64[V]."""
        along_x, along_y, base = _planes(self._corners, channel.take(self._triangles))
        owner = self._rows.owner
        start = np.empty(len(owner) + 1, channel.dtype)
        slope = np.zeros_like(start)
        start[0] = elsewhere
        np.multiply(along_y.take(owner), self._rows.row, out=start[1:])
        start[1:] += base.take(owner)
        along_x.take(owner, out=slope[1:], mode="clip")
        out = slope.take(self._shown)
        out *= self._column
        out += start.take(self._shown)
        return out


def fill(points: F32, values: F32, triangles: _Index, width: int, height: int) -> Spans:
    """Cover pixels (centres at whole numbers) of a width x height raster.

    points f32[V,2] (x, y), values f32[V,C], triangles i64[T,3] in painter's order (last on top).
    Either winding is drawn. Assigning `out[spans.pixels] = spans.values` keeps the last writer.
    """
    index = np.ascontiguousarray(triangles.T)
    corners = _corners(points, index)
    rows = _rows(corners, width, height)
    span = np.repeat(np.arange(len(rows.count)), rows.count)
    owner, row = rows.owner[span], rows.row[span]
    column = (rows.pixels % width).astype(np.float32)
    out = np.empty((len(span), values.shape[1]), np.float32)
    for k, channel in enumerate(values.T):
        along_x, along_y, base = _planes(corners, channel[index])
        out[:, k] = base[owner] + along_y[owner] * row + along_x[owner] * column
    return Spans(rows.pixels, owner, out)


def _corners(points: F32, index: _Index) -> _Corners:
    """Of triangles i64[3,T]."""
    x, y = points[:, 0].take(index), points[:, 1].take(index)
    ex, ey = x[1:] - x[0], y[1:] - y[0]
    det = ex[0] * ey[1] - ey[0] * ex[1]
    third_x, third_y = ex[1] - ex[0], ey[1] - ey[0]
    longest = (ex * ex + ey * ey).max(0)
    longest = np.sqrt(np.maximum(longest, third_x * third_x + third_y * third_y))
    fat = np.abs(det) > 2 * MIN_FATNESS * longest + 1e-6
    det[~fat] = 1
    ex /= det
    ey /= det
    return _Corners(x, y, (ex[0], ey[0], ex[1], ey[1]), fat)


def _planes(corners: _Corners, at: _Values) -> tuple[_Values, _Values, _Values]:
    """Change along x, along y, and amount at the origin, [T] each, of corner values [3,T]."""
    x1, y1, x2, y2 = corners.along
    first, second = at[1] - at[0], at[2] - at[0]
    along_x, along_y = first * y2 - second * y1, second * x1 - first * x2
    return along_x, along_y, at[0] - along_x * corners.x[0] - along_y * corners.y[0]


def _rows(corners: _Corners, width: int, height: int) -> _Rows:
    """All spans: a triangle is cut at its middle corner, and each half has two straight sides that
    meet in its tip.
    """
    x, y = _by_height(corners)
    rise = np.maximum(y[[2, 1, 2]] - y[[0, 0, 1]], _LEAST_RISE)
    long, upper, lower = (x[[2, 1, 2]] - x[[0, 0, 1]]) / rise
    sides = np.empty((4, len(long), 2), np.float32)
    tip_x, tip_y, left, right = sides
    tip_x[:, 0], tip_x[:, 1], tip_y[:, 0], tip_y[:, 1] = x[0], x[2], y[0], y[2]
    np.minimum(long, upper, out=left[:, 0])
    np.maximum(long, upper, out=right[:, 0])
    np.maximum(long, lower, out=left[:, 1])
    np.minimum(long, lower, out=right[:, 1])
    # A row through the middle corner is the taller half's: the other may have no height at all.
    cut = np.where(rise[2] > rise[1], np.ceil(y[1]), np.floor(y[1]) + 1)
    ends = np.empty((2, len(long), 2), np.float32)
    ends[0, :, 0], ends[0, :, 1] = np.maximum(np.ceil(y[0]), 0), np.maximum(cut, 0)
    ends[1, :, 0], ends[1, :, 1] = np.minimum(cut, height), np.minimum(np.floor(y[2]) + 1, height)
    first, end = ends.reshape(2, -1).astype(np.int64)
    tall = np.maximum(end - first, 0) * np.repeat(corners.fat, 2)
    half = np.repeat(np.arange(len(tall)), tall)
    row = np.arange(len(half)) + (first - np.cumsum(tall) + tall).take(half)
    tip_x, tip_y, left, right = sides.reshape(4, -1).take(half, axis=1)
    at = row.astype(np.float32)
    down = at - tip_y
    start = np.maximum(np.ceil(tip_x + left * down - _EDGE_SLACK), 0).astype(np.int64)
    stop = np.minimum(np.floor(tip_x + right * down + _EDGE_SLACK), width - 1).astype(np.int64)
    count = np.maximum(stop - start + 1, 0)
    begin = row * width + start - np.cumsum(count) + count
    pixels = np.repeat(begin, count)
    pixels += np.arange(len(pixels))
    return _Rows(half >> 1, at, count, pixels)


def _by_height(corners: _Corners) -> tuple[F32, F32]:
    """f32[3,T] each: x and y of the corners from top to bottom."""
    y, many = corners.y, corners.y.shape[1]
    code = (y[0] > y[1]) * np.int8(4) + (y[1] > y[2]) * np.int8(2) + (y[0] > y[2])
    at = _ORDER.take(code, axis=1)
    at *= many
    at += np.arange(many)
    return corners.x.take(at), y.take(at)
