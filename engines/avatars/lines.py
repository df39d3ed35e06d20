"""Straight edges of a wall, gone on into a hole: door frames, bars, horizons.

At onboarding; any thread, a tenth of a second.
Never changes what is known, and never bends an edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.render.cv import cv2
from engines.values import F32, U8

_LEAST_PX = 26
"""A shorter edge is texture. All lengths: of a 512 picture."""
_GAP_PX = 14
"""An edge must come so near the hole to be going into it."""
_DEEP_PX = 64
"""So far into the hole it goes: no motion uncovers more."""
_BAND_PX, _CLOSE_PX = 36, 3
"""To either side of an edge what is beside it goes on with it; of several edges the nearest has
the say."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a straight edge enters a hole."""

    end: F32
    """f32[2]: x, y of its last point outside."""
    way: F32
    """f32[2]: unit vector into the hole."""
    length: float
    """Pixels of it that are seen."""


def with_lines(filled: F32, picture: U8, hole: NDArray[np.bool_]) -> F32:
    """f32[S,S,3]: a filled picture f32[S,S,3], with the straight edges of `picture` carried on.

    Beside each edge the hole mirrors what lies outside along the edge, not along the rim.
    """
    unit = picture.shape[0] / 512
    total = np.zeros_like(filled)
    weight = np.zeros(hole.shape, np.float32)
    most = np.zeros(hole.shape, np.float32)
    for edge in edges_into(picture, hole):
        rows, columns, share, aside = _band(edge, hole, unit)
        at, seen = _mirrored_along(edge.way, rows, columns, hole, unit)
        share = share * seen
        colour = cv2.remap(
            picture, at[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )[0].astype(np.float32)
        strength = share * np.float32(edge.length) / (aside**2 + np.float32(_CLOSE_PX * unit) ** 2)
        total[rows, columns] += strength[:, None] * colour
        weight[rows, columns] += strength
        most[rows, columns] = np.maximum(most[rows, columns], share)
    drawn = total / np.maximum(weight, 1e-6)[..., None]
    return (filled + most[..., None] * (drawn - filled)).astype(np.float32)


def edges_into(picture: U8, hole: NDArray[np.bool_]) -> Iterator[Edge]:
    """Edges that are seen outside the hole and point into it.

    Found by OpenCV's line segment detector (von Gioi et al., "LSD", IPOL 2012).
    """
    unit = picture.shape[0] / 512
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), max(unit, 0.8))
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    for x0, y0, x1, y1 in [] if found is None else found.reshape(-1, 4):
        first, last = np.array([x0, y0], np.float32), np.array([x1, y1], np.float32)
        for start, stop in ((first, last), (last, first)):
            edge = _entering(start, stop, hole, unit)
            if edge is not None:
                yield edge


def _entering(start: F32, stop: F32, hole: NDArray[np.bool_], unit: float) -> Edge | None:
    """The edge, when it is long enough before it comes to the hole on its way from start."""
    whole = float(np.linalg.norm(stop - start))
    if whole < _LEAST_PX * unit:
        return None
    way = ((stop - start) / np.float32(whole)).astype(np.float32)
    steps = np.arange(0, whole + _GAP_PX * unit, dtype=np.float32)
    inside = _at(hole, start + steps[:, None] * way)
    if inside[0] or not inside.any():
        return None
    length = float(steps[int(np.argmax(inside))])
    # An edge that ends in front of the hole may only just have been lost to hair.
    if min(length, whole) < _LEAST_PX * unit:
        return None
    return Edge((start + np.float32(length) * way).astype(np.float32), way, min(length, whole))


def _band(
    edge: Edge, hole: NDArray[np.bool_], unit: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], F32, F32]:
    """Rows, columns [N] of the hole beside the edge's way; f32[N]: 1 to 0 away from it, pixels."""
    reach = (_DEEP_PX + _BAND_PX) * unit
    low = np.floor(np.minimum(edge.end, edge.end + reach * edge.way) - _BAND_PX * unit).astype(int)
    high = np.ceil(np.maximum(edge.end, edge.end + reach * edge.way) + _BAND_PX * unit).astype(int)
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high + 1, hole.shape[::-1])
    ys, xs = np.nonzero(hole[y0:y1, x0:x1])
    rows, columns = ys + int(y0), xs + int(x0)
    from_end = np.stack([columns, rows], 1).astype(np.float32) - edge.end
    along = from_end @ edge.way
    aside = np.abs(from_end @ np.array([edge.way[1], -edge.way[0]], np.float32))
    near = 1 - smoothstep((aside / np.float32(_BAND_PX * unit) - 0.5) * 2)
    near *= smoothstep(((_DEEP_PX * unit - along) / (16 * unit)).astype(np.float32))
    near *= along > -_BAND_PX * unit
    kept = near > 0
    return rows[kept], columns[kept], near[kept], aside[kept]


def _mirrored_along(
    way: F32,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    hole: NDArray[np.bool_],
    unit: float,
) -> tuple[F32, NDArray[np.bool_]]:
    """f32[N,2]: for each pixel the place as far outside the hole, going back along the way.

    And bool[N]: whether that place is in the picture and outside the hole.
    """
    here = np.stack([columns, rows], 1).astype(np.float32)
    away = np.zeros(len(here), np.float32)
    searching = np.ones(len(here), bool)
    for step in range(1, round((_DEEP_PX + 2 * _BAND_PX) * unit)):
        searching &= _at(hole, here - np.float32(step) * way)
        away[searching] = step
    at = (here - np.float32(2) * (away[:, None] + 1) * way).astype(np.float32)
    size = hole.shape[0]
    inside = ((at >= 0) & (at <= size - 1)).all(1)
    return at, inside & ~searching & ~_at(hole, at)


def _at(hole: NDArray[np.bool_], places: F32) -> NDArray[np.bool_]:
    """bool[N]: whether places f32[N,2] are in the hole; those past the picture are not."""
    at = np.rint(places).astype(int)
    size = hole.shape[0]
    within = ((at >= 0) & (at < size)).all(1)
    at = at.clip(0, size - 1)
    out: NDArray[np.bool_] = hole[at[:, 1], at[:, 0]] & within
    return out
