"""Goes on with a texture into a hole, piece by piece, straight edges first.

At onboarding; any thread, half a second.
Never makes a colour up: every piece is a piece of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.render.cv import cv2
from engines.values import F32, U8

_SIDE = 256
"""Pieces are chosen in a copy this large, and taken from the picture itself."""
_RADIUS = 4
"""Of a piece, and how far pieces are looked for, in pixels of that copy."""
_REACH = 36
_FAR = 0.15
"""Grey levels squared, a channel and pixel, that a piece may fit worse for each pixel nearer."""
_MOST = 3000
"""Pieces: a bound on the time of a torn hole."""


def continued(picture: U8, hole: NDArray[np.bool_], source: NDArray[np.bool_]) -> tuple[U8, F32]:
    """u8[S,S,3] with the hole filled, and f32[S,S]: 1 where it was, 0 where nothing was at hand.

    "Region filling by exemplar" (Criminisi, Perez, Toyama, IEEE TIP 2004): pieces from `source`,
    where edges run into the hole first. What lies in no hole and no source may be looked at only.
    """
    size = picture.shape[0]
    fold = max(size // _SIDE, 1)
    side = size // fold
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    unknown = cv2.resize(hole.astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA) > 0
    allowed = cv2.resize(source.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    offsets = _Filling(small, unknown, allowed > 0).run()
    taken = np.isfinite(offsets[..., 0]).astype(np.float32)
    steps = np.nan_to_num(offsets) * fold
    large = cv2.resize(steps, (size, size), interpolation=cv2.INTER_NEAREST)
    ys, xs = np.mgrid[:size, :size].astype(np.float32)
    at = np.dstack([xs, ys]) + large
    out: U8 = cv2.remap(picture, at, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    found: F32 = cv2.resize(taken, (size, size), interpolation=cv2.INTER_NEAREST)
    # Seams between pieces are one pixel of the copy wide: soften them, and them only.
    jump = np.zeros((side, side), np.uint8)
    jump[:, 1:] |= (np.diff(steps, axis=1) != 0).any(2)
    jump[1:] |= (np.diff(steps, axis=0) != 0).any(2)
    seam = cv2.resize(jump * taken, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    soft = cv2.GaussianBlur(out, (0, 0), 0.6 * fold).astype(np.float32)
    out = np.rint(out + 0.7 * seam * (soft - out)).astype(np.uint8)
    return np.where(hole[..., None], out, picture).astype(np.uint8), found * hole


class _Filling:
    """One hole being filled, at the small size."""

    def __init__(self, picture: U8, hole: NDArray[np.bool_], source: NDArray[np.bool_]) -> None:
        pad = _RADIUS
        self._picture = cv2.copyMakeBorder(
            picture, pad, pad, pad, pad, cv2.BORDER_REFLECT_101
        ).astype(np.float32)
        self._hole = np.pad(hole, pad)
        # The border is neither known nor wanted.
        self._known = np.pad(~hole, pad)
        self._sure = self._known.astype(np.float32)
        whole = np.ones((2 * pad + 1, 2 * pad + 1), np.uint8)
        middle = cv2.erode(np.pad(source & ~hole, pad).astype(np.uint8), whole, borderValue=0)
        self._middle = middle > 0
        height, width = hole.shape
        ys, xs = np.mgrid[: height + 2 * pad, : width + 2 * pad].astype(np.float32)
        self._home = np.dstack([xs, ys])
        """Where each pixel's colour comes from."""

    def run(self) -> F32:
        """f32[H,W,2]: from where, relative to each pixel; nan where nothing was put."""
        put = np.zeros_like(self._hole)
        for _ in range(_MOST):
            place = self._next()
            if place is None:
                break
            y, x = place
            box = np.s_[y - _RADIUS : y + _RADIUS + 1, x - _RADIUS : x + _RADIUS + 1]
            best = self._best(y, x, box)
            open_ = self._hole[box].copy()
            if best is not None:
                v, u = best
                other = np.s_[v - _RADIUS : v + _RADIUS + 1, u - _RADIUS : u + _RADIUS + 1]
                self._picture[box][open_] = self._picture[other][open_]
                self._home[box][open_] = self._home[other][open_]
                self._known[box] |= open_
                put[box] |= open_
            self._sure[box][open_] = 0.97 * self._sure[box].mean()
            self._hole[box] = False
        ys, xs = np.mgrid[: put.shape[0], : put.shape[1]].astype(np.float32)
        offsets = self._home - np.dstack([xs, ys])
        offsets[~put] = np.nan
        out: F32 = offsets[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        return out

    def _next(self) -> tuple[int, int] | None:
        """The place of the rim where most is known and an edge runs in."""
        hole = self._hole.astype(np.uint8)
        rim = hole & cv2.dilate(self._known.astype(np.uint8), np.ones((3, 3), np.uint8))
        ys, xs = np.nonzero(rim)
        if not len(ys):
            return None
        box = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
        sure = cv2.blur(self._sure, box)[ys, xs]
        grey = self._picture.mean(2)
        inner = cv2.erode(self._known.astype(np.uint8), np.ones((3, 3), np.uint8))
        dx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8) * inner
        dy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8) * inner
        edge = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 2)
        nx, ny = cv2.Sobel(edge, -1, 1, 0)[ys, xs], cv2.Sobel(edge, -1, 0, 1)[ys, xs]
        length = np.hypot(nx, ny) + 1e-6
        # Along an edge, not across it: its direction is the gradient's, turned.
        around = np.ones(box, np.uint8)
        running = np.abs(-_strongest(dy, around)[ys, xs] * nx + _strongest(dx, around)[ys, xs] * ny)
        best = int(np.argmax(sure * (running / length + 0.5)))
        return int(ys[best]), int(xs[best])

    def _best(self, y: int, x: int, box: tuple[slice, slice]) -> tuple[int, int] | None:
        """The middle of the piece that fits best around a place."""
        height, width = self._middle.shape
        y0, y1 = max(y - _REACH, _RADIUS), min(y + _REACH + 1, height - _RADIUS)
        x0, x1 = max(x - _REACH, _RADIUS), min(x + _REACH + 1, width - _RADIUS)
        allowed = self._middle[y0:y1, x0:x1]
        known = self._known[box]
        if not allowed.any() or not known.any():
            return None
        window = self._picture[y0 - _RADIUS : y1 + _RADIUS, x0 - _RADIUS : x1 + _RADIUS]
        weight = np.repeat(known.astype(np.float32)[..., None], 3, axis=2)
        misfit = cv2.matchTemplate(window, self._picture[box], cv2.TM_SQDIFF, None, weight)
        ys, xs = np.ogrid[y0 - y : y1 - y, x0 - x : x1 - x]
        misfit = misfit / weight.sum() + _FAR * np.hypot(ys, xs)
        v, u = np.unravel_index(int(np.argmin(np.where(allowed, misfit, np.inf))), misfit.shape)
        return int(v) + y0, int(u) + x0


def _strongest(values: F32, around: U8) -> F32:
    """The value furthest from nought nearby."""
    high, low = cv2.dilate(values, around), cv2.erode(values, around)
    out: F32 = np.where(high > -low, high, low)
    return out
