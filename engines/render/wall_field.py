"""How a wall gives way around a person who moves: like rubber, all of it seen, none made up.

Engine thread; one object per avatar and size, no state between frames.
Never moves the person.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import disc, ease
from engines.render.cv import cv2
from engines.values import F32, U8

_PERSON = 20
"""Matte from which on a pixel is the person's, of 255."""
_RIGID = 1.45
"""Spacings of the grid around the person that move as they do: each cell that the person touches
has four such nodes."""
_SOFT, _STEEP, _MOST = 0.1, 5.0, 4.0
"""Stiffness of a wall without anything to see; grey levels a pixel (of 512) where it is 1 more, and
how much more it can be."""
_BEND = 2.0
"""Of bending against drawing out, for neighbours in the grid: lines stay straight."""
_REST = 1.0
"""Face widths over which a wall comes to rest, where a person moves far."""
_REST_NEAR = 0.12
"""The same for small movements: the swaying of a speaker stays with the wall beside them."""
_SMALL, _LARGE = 0.008, 0.035
"""Face widths (root mean square at the person's rim): up to here a movement is small, and from here
on far; in between the wall goes from one to the other."""
_SEAM_PX = 6
"""Nearer to the person what is steep is their outline. Of a 512 picture."""


class WallField:
    """A sheet fixed to the person and held back everywhere, stiff where there is much to see.

    While the person sways a little, only a narrow rim of it gives and the rest stays where it is;
    the further they move, the more of it takes part.

    A wall that stood still would show, beside a turned head, what no photo holds: made up, that is
    what people call broken. Where it has to give, it gives where it is plain, and its lines stay
    as straight as can be (as in content-aware warps: Liu et al., SIGGRAPH 2009).
    """

    def __init__(self, nodes: F32, photo: U8, matte: U8, face_width: float, lowest: float) -> None:
        """A square grid of nodes f32[N,2] over a photo u8[H,W,3] and its matte u8[H,W], in pixels.

        The wall is at rest from the row `lowest` on.
        """
        spacing = float(nodes[1, 0] - nodes[0, 0])
        last = np.array(matte.shape[::-1], np.float32) - 1
        x, y = np.rint(np.clip(nodes, 0, last)).astype(np.intp).T
        person = (matte > _PERSON).astype(np.uint8)
        free = cv2.dilate(person, disc(_RIGID * spacing))[y, x] == 0
        stiff = _stiffness(photo, person, spacing)[y, x]
        self._wall = np.flatnonzero(free)
        live = free & (nodes[:, 1] < lowest)
        matrix = _resistance(stiff, live)
        rim = (matrix[live] != 0).any(0) & ~free
        self._rim = np.flatnonzero(rim)
        pull = matrix[np.ix_(live, rim)]
        inner = matrix[np.ix_(live, live)]
        self._far, self._near = (
            _shares(inner, pull, stiff[live] * np.float32((spacing / (rest * face_width)) ** 2))
            for rest in (_REST, _REST_NEAR)
        )
        self._unit = face_width
        self._live = np.flatnonzero(live)

    def along(self, offset: F32) -> F32:
        """How far all nodes go, where those of the person go by f32[N,2]; the same array.

        Nothing but a function of the offsets, and a continuous one: nothing jumps.
        """
        # Numpy picks single numbers several times faster than rows of two.
        going = offset.view(np.complex64)[:, 0]
        rim = going.take(self._rim)
        going[self._wall] = 0
        if not len(rim):
            return offset
        far = sqrt(float(np.vdot(rim, rim).real) / len(rim)) / self._unit
        share = ease((far - _SMALL) / (_LARGE - _SMALL))
        way = _ways(self._near if share < 1 else self._far, rim)
        if 0 < share < 1:
            way += np.float32(share) * (_ways(self._far, rim) - way)
        going[self._live] = way
        return offset


def _ways(shares: F32, rim: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """c64[N]: x and y of nodes that have shares f32[N,M] of the ways c64[M]."""
    out = np.empty(len(shares), np.complex64)
    # Two products by a vector are quicker than one by so narrow a matrix.
    out.real = shares @ rim.real
    out.imag = shares @ rim.imag
    return out


def _shares(inner: F32, pull: F32, held: F32) -> F32:
    """f32[N,M]: each of N nodes' share of the ways of M nodes at the rim."""
    out: F32 = np.linalg.solve(inner + np.diag(held), -pull)
    return out


def _stiffness(photo: U8, person: U8, spacing: float) -> F32:
    """f32[H,W]: how much a wall resists; what is seen of it counts, the person does not."""
    unit = len(photo) / 512
    smooth = cv2.GaussianBlur(photo, (0, 0), unit).astype(np.float32)
    across, down = (cv2.Sobel(smooth, -1, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    steep = np.sqrt((across * across + down * down).max(2)) * np.float32(unit)
    wall = (cv2.dilate(person, disc(_SEAM_PX * unit)) == 0).astype(np.float32)
    near = (0, 0), 0.6 * spacing
    mean = cv2.GaussianBlur(steep * wall, *near) / (cv2.GaussianBlur(wall, *near) + 1e-3)
    out: F32 = _SOFT + np.minimum(mean / _STEEP, _MOST)
    return out


def _resistance(stiff: F32, live: NDArray[np.bool_]) -> F32:
    """f32[N,N]: the sheet's resistance to being drawn out, and of the wall bool[N] to being bent.

    A square grid as stiff as f32[N] at its nodes: squared first differences along its two ways, and
    second differences along both and the diagonals.
    """
    side = round(len(stiff) ** 0.5)
    order: NDArray[np.intp] = np.arange(len(stiff)).reshape(side, side)
    out = np.zeros((len(stiff), len(stiff)), np.float32)
    for pair in ((order[:, :-1], order[:, 1:]), (order[:-1], order[1:])):
        nodes = np.stack([part.ravel() for part in pair])
        _add(out, nodes, (1, -1), stiff[nodes].mean(0))
    for line in (
        (order[:, :-2], order[:, 1:-1], order[:, 2:]),
        (order[:-2], order[1:-1], order[2:]),
        (order[:-2, :-2], order[1:-1, 1:-1], order[2:, 2:]),
        (order[:-2, 2:], order[1:-1, 1:-1], order[2:, :-2]),
    ):
        nodes = np.stack([part.ravel() for part in line])
        _add(out, nodes, (1, -2, 1), _BEND * stiff[nodes].min(0) * live[nodes[1]])
    return out


def _add(matrix: F32, nodes: NDArray[np.intp], signs: tuple[int, ...], weight: F32) -> None:
    """Add to f32[N,N] the squares of signed sums of nodes [K,M], weighted f32[M]."""
    for one, first in zip(nodes, signs, strict=True):
        for other, second in zip(nodes, signs, strict=True):
            np.add.at(matrix, (one, other), weight * first * second)
