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

MIN_FATNESS = 0.003
"""Triangles with an area under this times their longest edge (in pixels) have no width to fill."""
_EDGE_SLACK = 1e-3


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
    kept, corners, slopes = _slopes(points, values, triangles)
    x, y = corners[..., 0], corners[..., 1]
    first_row = np.maximum(np.ceil(y[:, 0] - _EDGE_SLACK), 0).astype(np.int64)
    last_row = np.minimum(np.floor(y[:, 2] + _EDGE_SLACK), height - 1).astype(np.int64)
    owner, row = _expand(first_row, last_row)
    left, right = _row_extent(x, y, owner, row.astype(np.float32))
    first = np.maximum(np.ceil(left - _EDGE_SLACK), 0).astype(np.int64)
    last = np.minimum(np.floor(right + _EDGE_SLACK), width - 1).astype(np.int64)
    span, column = _expand(first, last)
    out = np.empty((len(span), values.shape[1]), np.float32)
    across = column.astype(np.float32)
    owner_of_span = owner[span]
    for k in range(values.shape[1]):
        along_x, along_y, base = slopes[k]
        start = base[owner] + along_y[owner] * row
        out[:, k] = start.astype(np.float32)[span] + along_x[owner_of_span] * across
    return Spans((row * width)[span] + column, kept[owner_of_span], out)


def _slopes(
    points: F32, values: F32, triangles: NDArray[np.int64]
) -> tuple[NDArray[np.int64], F32, list[tuple[F32, F32, F32]]]:
    """Triangles with some area: which, their corners f32[T,3,2] sorted by y, and for each value
    its change along x, along y, and its amount at the origin, each f32[T].
    """
    corners = points[triangles]
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    e3 = corners[:, 2] - corners[:, 1]
    det = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    longest = np.sqrt(np.maximum((e1 * e1).sum(1), np.maximum((e2 * e2).sum(1), (e3 * e3).sum(1))))
    kept = np.flatnonzero(np.abs(det) > 2 * MIN_FATNESS * longest + 1e-6)
    corners, e1, e2, det = corners[kept], e1[kept], e2[kept], det[kept]
    x1, y1 = e1[:, 0] / det, e1[:, 1] / det
    x2, y2 = e2[:, 0] / det, e2[:, 1] / det
    out = []
    for channel in values.T:
        at = channel[triangles[kept]]
        v1, v2 = at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]
        along_x, along_y = v1 * y2 - v2 * y1, v2 * x1 - v1 * x2
        out.append(
            (along_x, along_y, at[:, 0] - along_x * corners[:, 0, 0] - along_y * corners[:, 0, 1])
        )
    order = np.argsort(corners[..., 1], axis=1)
    return kept, np.take_along_axis(corners, order[..., None], 1), out


def _expand(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All whole numbers of the closed ranges: the range each belongs to, and the number."""
    count = np.maximum(last - first + 1, 0)
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) + (first - np.cumsum(count) + count)[owner]


def _row_extent(x: F32, y: F32, owner: NDArray[np.int64], row: F32) -> tuple[F32, F32]:
    """Leftmost and rightmost x of each triangle at each of its rows.

    x, y f32[T,3] sorted by y: the long side runs from corner 0 to 2, the others by corner 1.
    """
    rise = np.maximum(y[:, [2, 1, 2]] - y[:, [0, 0, 1]], 1e-6)
    lean = (x[:, [2, 1, 2]] - x[:, [0, 0, 1]]) / rise
    # Rows are whole numbers, so a corner may lie up to a slack beyond: hold each side's ends.
    depth = np.maximum(row - y[:, 0][owner], 0)
    long = x[:, 0][owner] + lean[:, 0][owner] * np.minimum(depth, rise[:, 0][owner])
    upper = x[:, 0][owner] + lean[:, 1][owner] * np.minimum(depth, rise[:, 1][owner])
    beyond = np.minimum(np.maximum(row - y[:, 1][owner], 0), rise[:, 2][owner])
    short = upper + lean[:, 2][owner] * beyond
    return np.minimum(long, short), np.maximum(long, short)
