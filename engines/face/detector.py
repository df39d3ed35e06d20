"""Where faces are: a small net on the whole picture, then on overlapping parts of it.

Any thread; no state.
Never decides whether a face is good enough: see finder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engines.face.frame import Frame, frame_from
from engines.render.cv import cv2
from engines.values import F32, U8

SIDE_PX = 256
STRIDE = 8
STEP_PX = 32.0
"""Unit of the net's point offsets."""
SECOND_LOOK_PX = 200
"""Pictures with a longer side than this are looked at in parts too."""
STEP_BACK = 1.7
"""A face that fills the picture is seen better from further away."""
SAME_FACE = 1.2
"""Two finds closer than this many frame units are one face."""


@dataclass(frozen=True, slots=True)
class Found:
    """One face: score in [0, 1] and its three rough points, f32[3,2] pixels."""

    score: float
    points: F32

    @property
    def frame(self) -> Frame:
        """The upright square around it."""
        return frame_from(*self.points)


Run = Callable[[U8], F32]


def detect(image: U8, run: Run, threshold: float) -> list[Found]:
    """Faces in u8[H,W,3] BGR, best first. `run` maps u8[N,256,256,3] to f32[N,7,32,32]."""
    found = _look(image, run, [_whole(image)], threshold)
    longest = max(image.shape[:2])
    if not found:
        x, y, side = _whole(image)
        back = side * STEP_BACK
        further = [(x - (back - side) / 2, y - (back - side) / 2, back)]
        closer = _quarters(image) if longest > SECOND_LOOK_PX else []
        found = _look(image, run, [*further, *closer], threshold)
    return found


def _whole(image: U8) -> tuple[float, float, float]:
    """x, y and side of the square that holds the picture."""
    height, width = image.shape[:2]
    side = float(max(height, width))
    return (width - side) / 2, (height - side) / 2, side


def _quarters(image: U8) -> list[tuple[float, float, float]]:
    x, y, side = _whole(image)
    part = side * 0.58
    far = side - part
    corners = ((0.0, 0.0), (far, 0.0), (0.0, far), (far, far), (far / 2, far / 2))
    return [(x + dx, y + dy, part) for dx, dy in corners]


def _look(
    image: U8, run: Run, squares: list[tuple[float, float, float]], threshold: float
) -> list[Found]:
    crops = np.stack([_crop(image, *square) for square in squares])
    # The mirror image is a second opinion; the better of both would raise false finds.
    maps = (run(crops) + unflip(run(np.ascontiguousarray(crops[:, :, ::-1])))) / 2
    found: list[Found] = []
    for one, (x, y, side) in zip(maps, squares, strict=True):
        scale = side / SIDE_PX
        for face in decode(one, threshold):
            points = (face.points + 0.5) * scale - 0.5 + np.array([x, y], np.float32)
            found.append(Found(face.score, points.astype(np.float32)))
    return apart(found)


def unflip(maps: F32) -> F32:
    """Maps f32[N,7,h,w] of mirrored pictures as those of the pictures."""
    back = maps[..., ::-1]
    left, right, mouth = back[:, 1:3], back[:, 3:5], back[:, 5:7]
    points = np.concatenate([right, left, mouth], 1) * np.array([-1, 1] * 3)[:, None, None]
    return np.concatenate([back[:, :1], points.astype(np.float32)], 1)


def _crop(image: U8, x: float, y: float, side: float) -> U8:
    """A square of the picture, grey beyond its rim."""
    scale = SIDE_PX / side
    if scale < 0.6:
        height, width = image.shape[:2]
        small = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        x, y, scale = x * scale, y * scale, 1.0
    matrix = np.array(
        [[scale, 0, (0.5 - x) * scale - 0.5], [0, scale, (0.5 - y) * scale - 0.5]], np.float32
    )
    out: U8 = cv2.warpAffine(
        image, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(114, 114, 114),
    )  # fmt: skip
    return out


def decode(out: F32, threshold: float) -> list[Found]:
    """Peaks of one map f32[7,h,w] in pixels of the net's picture."""
    heat = 1 / (1 + np.exp(-out[0]))
    top = cv2.dilate(heat, np.ones((3, 3), np.uint8))
    found = []
    rows, columns = heat.shape
    for row, column in np.argwhere((heat >= top) & (heat >= threshold)):
        near = np.s_[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        weight = heat[near] ** 2
        line_y = (np.arange(rows)[near[0]] + 0.5) * STRIDE - 0.5
        line_x = (np.arange(columns)[near[1]] + 0.5) * STRIDE - 0.5
        middle = np.stack(np.meshgrid(line_x, line_y), 0)
        offsets = out[1:].reshape(3, 2, rows, columns)[(..., *near)] * STEP_PX
        points = ((offsets + middle[None]) * weight).sum((2, 3)) / weight.sum()
        found.append(Found(float(heat[row, column]), points.astype(np.float32)))
    return apart(found)


def apart(found: list[Found]) -> list[Found]:
    """Best first, without second finds of the same face."""
    kept: list[Found] = []
    for face in sorted(found, key=lambda f: -f.score):
        middle = np.asarray(face.frame.centre)
        clear = all(
            np.linalg.norm(middle - np.asarray(k.frame.centre))
            > SAME_FACE * max(k.frame.unit, face.frame.unit)
            for k in kept
        )
        if clear:
            kept.append(face)
    return kept
