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

_STARTS, _ENDS = np.array([0, 0, 1]), np.array([2, 1, 2])

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
    # The long side, and those of the upper and the lower half.
    rise = np.maximum(y.take(_ENDS, axis=0) - y.take(_STARTS, axis=0), _LEAST_RISE)
    long, *short = (x.take(_ENDS, axis=0) - x.take(_STARTS, axis=0)) / rise
    # Of each half: x and y of its tip, change of x down its left and its right side.
    sides = np.empty((4, len(long), 2), np.float32)
    first, end = np.empty((2, len(long), 2), np.float32)
    sides[0, :, 0], sides[0, :, 1], sides[1, :, 0], sides[1, :, 1] = x[0], x[2], y[0], y[2]
    for k, least, most in ((0, sides[2], sides[3]), (1, sides[3], sides[2])):
        np.minimum(long, short[k], out=least[:, k])
        np.maximum(long, short[k], out=most[:, k])
    top, bottom = np.ceil(y[0]), np.floor(y[2])
    bottom += 1
    # A row through the middle corner is the taller half's: the other may have no height at all.
    cut = np.where(rise[2] > rise[1], np.ceil(y[1]), np.floor(y[1]) + 1)
    first[:, 0], first[:, 1], end[:, 0], end[:, 1] = top, cut, cut, bottom
    np.maximum(first, 0, out=first)
    np.minimum(end, height, out=end)
    end -= first
    end *= corners.fat[:, None]
    tall = np.maximum(end, 0, out=end).ravel().astype(np.int64)
    half = np.arange(len(tall)).repeat(tall)
    below = first.ravel() - (tall.cumsum() - tall)
    at = np.arange(len(half), dtype=np.float32)
    at += below.astype(np.float32).take(half)
    tip_x, down, left, right = sides.reshape(4, -1).take(half, axis=1)
    np.subtract(at, down, out=down)
    left *= down
    left += tip_x
    left -= _EDGE_SLACK
    right *= down
    right += tip_x
    right += _EDGE_SLACK
    start = np.maximum(np.ceil(left, out=left), 0, out=left)
    count = np.minimum(np.floor(right, out=right), np.float32(width - 1), out=right)
    count -= start
    count += 1
    many = np.maximum(count, 0, out=count).astype(np.int64)
    start += at * np.float32(width)
    begin = start.astype(np.int64)
    begin -= many.cumsum()
    begin += many
    pixels = begin.repeat(many)
    pixels += np.arange(len(pixels))
    return _Rows(half >> 1, at, many, pixels)


def _by_height(corners: _Corners) -> tuple[F32, F32]:
    """f32[3,T] each: x and y of the corners from top to bottom."""
    y, many = corners.y, corners.y.shape[1]
    code = (y[0] > y[1]) * np.int8(4) + (y[1] > y[2]) * np.int8(2) + (y[0] > y[2])
    at = _ORDER.take(code, axis=1)
    at *= many
    at += np.arange(many)
    return corners.x.take(at), y.take(at)
