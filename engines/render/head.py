"""Where each pixel of the head and shoulders comes from: a coarse field, inverted.

Engine thread; one object per avatar and size, no state between frames.
Never sharp: the face, the mouth and the eyes have layers of their own above this one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.geometry import Geometry, Pose
from engines.render.rig import Rig
from engines.values import F32, U8

_NODES = 50
_MARGIN = 0.16
"""The field reaches this far past the picture: a turn pulls in what lies there."""
CELL = 8
"""Pixels per cell of the coarse map."""
_STEPS = 4
_FADED = 2e-3
"""Expression that reaches a node with less than this share is left out."""
_NEIGHBOURS = 4
_DOWN = np.array([1, -1], np.float32)
_RIM_PX = 3
_GIVE, _BESIDE = (0.2, 0.4), 0.1
"""Face widths from the portrait's edge over which what it cuts gives way, and to either side."""


class HeadField:
    """Forward motion on a grid over the photo, turned into a backward map."""

    def __init__(
        self, geometry: Geometry, rig: Rig, matte: U8 | None = None, corner: F32 | None = None
    ) -> None:
        """Matte u8[H,W] of the whole portrait, whose pixel `corner` f32[2] is the picture's first.

        Without it nothing is held at the portrait's edges.
        """
        self._geometry = geometry
        size = geometry.size
        axis = np.linspace(-_MARGIN * size, (1 + _MARGIN) * size, _NODES, dtype=np.float32)
        self._spacing = float(axis[1] - axis[0])
        self._origin = float(axis[0])
        xs, ys = np.meshgrid(axis, axis)
        flat = np.stack([xs.ravel(), -ys.ravel()], 1)
        outline = geometry.points[rig.oval]
        outside = _distance_outside(flat, outline[:, :2])
        # Under the face the field follows the face itself: hair and ears inside its outline, which
        # this layer draws, then move with the skin beside them, and no second contour shows.
        weights = _inverse_distance(flat, geometry.face[:, :2])
        around = np.zeros_like(weights)
        around[:, rig.oval] = _inverse_distance(flat, outline[:, :2])
        weights = np.where(outside[:, None] > 0, around, weights)
        depth = weights @ geometry.face[:, 2]
        depth -= np.minimum(0.8 * outside, 0.45 * geometry.face_width)
        self._nodes = np.concatenate([flat, depth[:, None]], 1).astype(np.float32)
        self._follow = geometry.follow(self._nodes)
        if matte is not None:
            shift = np.zeros(2, np.float32) if corner is None else corner
            self._follow *= held(flat * _DOWN + shift, matte, outline[:, :2] * _DOWN + shift)
        fade = np.exp(-((outside / (0.22 * geometry.face_width)) ** 2))
        # Most nodes are far from the face: multiplying their zeros would cost more than the rest.
        fade[fade <= _FADED] = 0
        self._near = _window(fade > 0)
        beside, spill = _most(weights * fade[:, None])
        self._beside = np.ascontiguousarray(beside[self._near])
        self._spill = np.ascontiguousarray(spill[self._near])
        """f32[4,h,w]: share of each near node in the four points beside it."""
        self._still = np.ascontiguousarray(self._nodes.T)
        self._still_at = self.nodes.T.copy()
        chin = -geometry.points[lm.CHIN, 1]
        still = min(chin + 0.82 * geometry.face_width, size)
        self.rows = int(min(np.ceil(still / CELL) * CELL, size))
        """Rows below this never move."""
        # One cell more on every side, so that resizing has neighbours at the border.
        cells = np.arange(-1, size // CELL + 1, dtype=np.float32)
        rows = cells[: self.rows // CELL + 2]
        centres = np.dstack(np.meshgrid((cells + 0.5) * CELL - 0.5, (rows + 0.5) * CELL - 0.5))
        self._goal = ((centres - self._origin) / self._spacing).astype(np.float32)
        """f32[rows/8+2,size/8+2,2]: the cells' centres, counted in nodes of the field."""

    @property
    def nodes(self) -> F32:
        """f32[N,2]: x, y (down) in the picture of a square grid of nodes."""
        out: F32 = self._nodes[:, :2] * _DOWN
        return out

    def forward(self, moved: F32, pose: Pose) -> F32:
        """f32[N,2]: how far each node goes, in pixels.

        moved f32[468,3]: expression offsets of the face, head axes.
        """
        nodes = self._still.copy()
        beside = np.ascontiguousarray(moved.T).take(self._beside, axis=1)
        beside *= self._spill
        nodes.reshape(3, _NODES, _NODES)[self._near] += beside.sum(1)
        placed = self._geometry.placed(nodes, self._follow, pose)
        out = np.empty((placed.shape[1], 2), np.float32)
        np.subtract(placed[:2], self._still_at, out=out.T)
        return out

    def backward(self, offset: F32) -> F32:
        """f32[2, rows/8+2, size/8+2]: source x, y at cell centres; one ring past the picture.

        offset f32[N,2]: how far each node goes.
        """
        field = offset.reshape(_NODES, _NODES, 2) * np.float32(1 / self._spacing)
        at = self._goal
        for _ in range(_STEPS):
            at = self._goal - cv2.remap(
                field, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        # In planes: OpenCV enlarges one channel three times as fast as two.
        out = np.empty((2, *at.shape[:2]), np.float32)
        np.multiply(at.transpose(2, 0, 1), self._spacing, out=out)
        out += self._origin
        return out

    def expand(self, coarse: F32, factor: int, buffer: F32) -> F32:
        """Coarse planes f32[2,h,w] at `CELL // factor` pixels a sample, their ring cut off.

        Written to `buffer` from `room`.
        """
        for plane, fine in zip(coarse, buffer, strict=True):
            cv2.resize(plane, fine.shape[::-1], dst=fine)
        return buffer[:, factor:-factor, factor:-factor]

    def part(self, coarse: F32, factor: int, box: tuple[int, int, int, int], buffer: F32) -> F32:
        """The window x0, y0, x1, y1 of `expand(coarse, factor)`, in memory from `room`."""
        x0, y0, x1, y1 = box
        # One cell more on every side, which the ring has: the same bytes as from the whole.
        low_x, low_y, high_x, high_y = (
            x0 // factor,
            y0 // factor,
            -(-x1 // factor),
            -(-y1 // factor),
        )
        cells = coarse[:, low_y : high_y + 2, low_x : high_x + 2]
        shape = (2, cells.shape[1] * factor, cells.shape[2] * factor)
        fine = buffer.reshape(-1)[: 2 * shape[1] * shape[2]].reshape(shape)
        for plane, into in zip(cells, fine, strict=True):
            cv2.resize(plane, shape[:0:-1], dst=into)
        left, top = x0 - low_x * factor + factor, y0 - low_y * factor + factor
        out: F32 = np.ascontiguousarray(fine[:, top : top + y1 - y0, left : left + x1 - x0])
        return out

    def room(self, factor: int) -> F32:
        """Memory for `expand`."""
        height, width = self._goal.shape[:2]
        return np.empty((2, height * factor, width * factor), np.float32)


def held(points: F32, matte: U8, outline: F32) -> F32:
    """f32[N]: 1 where points f32[N,2] of the portrait may move, 0 at an edge that cuts the person.

    Past it there is nothing to show: hair and shoulders that moved away from it would be drawn out
    in streaks. So they give way between the edge and the face f32[M,2], like rubber. The upper edge
    is short of hair by a few pixels at most, and a crown that clung to it would end in a point.
    """
    height, width = matte.shape
    face = float(np.ptp(outline[:, 0]))
    left, right = outline[:, 0].min(), width - 1 - outline[:, 0].max()
    bottom = height - 1 - outline[:, 1].max()
    x, y = points[:, 0], points[:, 1]
    out = np.ones(len(points), np.float32)
    for strip, along, inward, room in (
        (matte[:, :_RIM_PX].max(1), y, x, left),
        (matte[:, -_RIM_PX:].max(1), y, width - 1 - x, right),
        (matte[-_RIM_PX:].max(0), x, height - 1 - y, bottom),
    ):
        reach = float(np.clip(room, _GIVE[0] * face, _GIVE[1] * face))
        cut = (strip > 128).astype(np.float32)[None]
        spread = np.ones((1, 2 * round(_BESIDE * face) + 1), np.uint8)
        cut = cv2.GaussianBlur(cv2.dilate(cut, spread), (0, 0), _BESIDE * face)[0]
        there = cut[np.clip(np.rint(along), 0, len(cut) - 1).astype(int)]
        out *= 1 - there * (1 - smoothstep(inward / reach))
    return out


def _most(shares: F32) -> tuple[NDArray[np.int64], F32]:
    """i64[4,50,50] and f32[4,50,50]: the points with most of f32[N,P], and how much they have."""
    points = np.argsort(-shares, 1)[:, :_NEIGHBOURS]
    most = np.take_along_axis(shares, points, 1).astype(np.float32)
    grid = _NEIGHBOURS, _NODES, _NODES
    return points.T.reshape(grid), most.T.reshape(grid)


def _window(near: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """The rows and columns of the grid's planes [K,50,50] with all nodes that are near."""
    rows, columns = near.reshape(_NODES, _NODES).nonzero()
    return (
        slice(None),
        slice(int(rows.min()), int(rows.max()) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )


def _distance_outside(points: F32, outline: F32) -> F32:
    loop = np.ascontiguousarray(outline, np.float32).reshape(-1, 1, 2)
    return np.array(
        [max(-cv2.pointPolygonTest(loop, (float(x), float(y)), True), 0.0) for x, y in points],
        np.float32,
    )


def _inverse_distance(points: F32, outline: F32) -> F32:
    """f32[N,P]: weights of the nearest points f32[P,2], summing to 1."""
    distance = np.linalg.norm(points[:, None] - outline[None], axis=2)
    nearest = np.argsort(distance, 1)[:, :_NEIGHBOURS]
    close = 1 / np.maximum(np.take_along_axis(distance, nearest, 1), 1.0) ** 2
    out = np.zeros(distance.shape, np.float32)
    np.put_along_axis(out, nearest, close / close.sum(1, keepdims=True), 1)
    return out
