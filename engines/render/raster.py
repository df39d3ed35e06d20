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
_POINT = (1 << 29) - 1
"""Bits that a double has below those of a single: for a point's number."""

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
    """f32[3,T]: of the highest, the middle and the lowest corner."""
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
    spans: _Index
    """i64[N]: whose each pixel is, those of a span one after the other; some have none."""
    pixels: _Index
    """i64[N]: row * width + column."""


class Painting:
    """Triangles drawn over each other: which of them, and so what value, each pixel shows."""

    def __init__(self, points: F32, triangles: _Index, width: int, height: int) -> None:
        """As `fill`; points f32[V,2], triangles i64[T,3] in painter's order."""
        self._triangles = _by_height(points[:, 1], triangles.T)
        self._corners = _corners(points, self._triangles)
        self._rows = rows = _rows(self._corners, width, height)
        # The span after the last shows nothing.
        shown = np.full(width * height, len(rows.owner), np.int64)
        shown[rows.pixels] = rows.spans
        self._shown = shown.reshape(height, width)
        self._column = np.arange(width, dtype=np.float32)
        self.covered: NDArray[np.bool_] = self._shown < len(rows.owner)
        """bool[H,W]: where something is drawn."""

    def values(self, channel: _Values, elsewhere: float = 0.0) -> _Values:
        """f32[H,W] of vertex values f32[V]; of two at once: c64[H,W] of c64[V]."""
        along_x, along_y, base = _planes(self._corners, channel.take(self._triangles))
        owner = self._rows.owner
        start, slope = np.zeros((2, len(owner) + 1), channel.dtype)
        start[-1] = elsewhere
        np.multiply(along_y.take(owner), self._rows.row, out=start[:-1])
        start[:-1] += base.take(owner)
        along_x.take(owner, out=slope[:-1], mode="clip")
        out = slope.take(self._shown)
        out *= self._column
        out += start.take(self._shown)
        return out


def fill(points: F32, values: F32, triangles: _Index, width: int, height: int) -> Spans:
    """Cover pixels (centres at whole numbers) of a width x height raster.

    points f32[V,2] (x, y), values f32[V,C], triangles i64[T,3] in painter's order (last on top).
    Either winding is drawn. Assigning `out[spans.pixels] = spans.values` keeps the last writer.
    """
    index = _by_height(points[:, 1], triangles.T)
    corners = _corners(points, index)
    rows = _rows(corners, width, height)
    owner, row = rows.owner[rows.spans], rows.row[rows.spans]
    column = (rows.pixels % width).astype(np.float32)
    out = np.empty((len(owner), values.shape[1]), np.float32)
    for k, channel in enumerate(values.T):
        along_x, along_y, base = _planes(corners, channel[index])
        out[:, k] = base[owner] + along_y[owner] * row + along_x[owner] * column
    return Spans(rows.pixels, owner, out)


def _by_height(y: F32, triangles: _Index) -> _Index:
    """i64[3,T]: the same triangles, each one's corners from top to bottom."""
    numbered = np.asarray(y, np.float32).astype(np.float64).view(np.int64)
    numbered |= np.arange(len(y))
    first, second, third = numbered.view(np.float64).take(triangles)
    out = np.empty(triangles.shape)
    higher, lower = np.minimum(first, second), np.maximum(first, second)
    np.minimum(higher, third, out=out[0])
    np.maximum(lower, third, out=out[2])
    np.maximum(higher, np.minimum(lower, third), out=out[1])
    return out.view(np.int64) & _POINT


def _corners(points: F32, index: _Index) -> _Corners:
    """Of triangles i64[3,T], corners from top to bottom."""
    x, y = points[:, 0].take(index), points[:, 1].take(index)
    ex, ey = x[1:] - x[0], y[1:] - y[0]
    det = ex[0] * ey[1] - ey[0] * ex[1]
    third_x, third_y = ex[1] - ex[0], ey[1] - ey[0]
    long = ex * ex
    long += ey * ey
    longest = np.maximum(np.maximum(long[0], long[1]), third_x * third_x + third_y * third_y)
    fat = np.abs(det) > np.float32(2 * MIN_FATNESS) * np.sqrt(longest) + np.float32(1e-6)
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
    """All spans: each lies between the triangle's long side, from its highest to its lowest corner,
    and the two short ones, which meet in the middle corner.
    """
    x, y = corners.x, corners.y
    top, bottom = np.ceil(y[0]), np.floor(y[2])
    bottom += 1
    np.maximum(top, 0, out=top)
    np.minimum(bottom, height, out=bottom)
    bottom -= top
    bottom *= corners.fat
    tall = np.maximum(bottom, 0, out=bottom).astype(np.int64)
    # Of each triangle: changes of x down the upper short side, the lower and the long one; height
    # of the middle corner, x there of the short sides and of the long one.
    sides = np.empty((6, len(tall)), np.float32)
    np.subtract(x[1:], x[:-1], out=sides[:2])
    np.subtract(x[2], x[0], out=sides[2])
    sides[:2] /= np.maximum(y[1:] - y[:-1], _LEAST_RISE)
    sides[2] /= np.maximum(y[2] - y[0], _LEAST_RISE)
    sides[3], sides[4] = y[1], x[1]
    np.multiply(y[1] - y[0], sides[2], out=sides[5])
    sides[5] += x[0]
    owner = np.arange(len(tall)).repeat(tall)
    row = np.arange(len(owner), dtype=np.float32)
    row += (top - (tall.cumsum() - tall)).astype(np.float32).take(owner)
    above, below, long, middle, short, across = sides.take(owner, axis=1)
    down = np.subtract(row, middle, out=middle)
    long *= down
    long += across
    above *= np.minimum(down, 0)
    below *= np.maximum(down, 0)
    short += above
    short += below
    start = np.minimum(long, short)
    start -= _EDGE_SLACK
    start = np.maximum(np.ceil(start, out=start), 0, out=start)
    count = np.maximum(long, short, out=long)
    count += _EDGE_SLACK
    count = np.minimum(np.floor(count, out=count), np.float32(width - 1), out=count)
    count -= start
    count += 1
    many = np.maximum(count, 0, out=count).astype(np.int64)
    start += row * np.float32(width)
    begin = start.astype(np.int64)
    begin -= many.cumsum()
    begin += many
    spans = np.arange(len(owner)).repeat(many)
    pixels = begin.take(spans)
    pixels += np.arange(len(spans))
    return _Rows(owner, row, spans, pixels)
