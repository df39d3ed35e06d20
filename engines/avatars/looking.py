"""The faces in a photo of any size and the mesh of one of them, in about the same time for all.

Any thread; a second at most.
Never measures on more pixels than an avatar can use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from engines.avatars.fit import BadPortrait
from engines.face.finder import Face, Landmarks, one_face
from engines.render.cv import cv2
from engines.values import F32, U8

LOOK_PX = 1280
"""Longest side of the copy in which faces are looked for: the net's own view is 256 wide."""
PART_PX = 1600
"""Longest side of the part around a face that is measured and worked on."""
REACH = 2.6
"""Half of that part's side, in widths of the face's box."""
MAX_FACES = 8
RIVAL = 0.45
"""Share of the chosen face's width from which on another one is cut away."""
Edges = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels."""


class NoSuchFace(BadPortrait):
    """The photo has fewer faces than the index says."""


class Finder(Protocol):
    """`engines.face.finder.FaceFinder`, or a fake."""

    def find_faces(self, image: U8) -> list[Face]:
        """Faces, best first."""

    def landmarks(self, image: U8) -> Landmarks:
        """The mesh of the one face. Raises BadFace."""

    def matte(self, image: U8, points: F32) -> F32:
        """f32[H,W]: the person with this mesh 1."""


def find_faces(finder: Finder, picture: U8) -> list[Face]:
    """At most MAX_FACES in u8[H,W,3], in its pixels, from left to right as people count them."""
    small, scale = shrunk(picture, LOOK_PX)
    found = [_grown(face, 1 / scale) for face in finder.find_faces(small)[:MAX_FACES]]
    return sorted(found, key=lambda face: face.box[0])


def find_mesh(finder: Finder, picture: U8, faces: Sequence[Face], index: int | None) -> F32:
    """f32[478,3] of the one face, or of that with the index, in the picture's pixels.

    `faces` as `find_faces` gave them. Raises BadFace, NoSuchFace.
    """
    height, width = picture.shape[:2]
    edges: Edges = (0, 0, width, height)
    if index is not None:
        edges = alone(faces, index, picture.shape)
    face = faces[index] if index is not None else one_face([*faces]) if faces else None
    if face is not None:
        edges = _around(face, edges)
    part = np.ascontiguousarray(picture[edges[1] : edges[3], edges[0] : edges[2]])
    part, scale = shrunk(part, LOOK_PX if face is None else PART_PX)
    points = finder.landmarks(part).points.astype(np.float32)
    points[:, :2] = (points[:, :2] + 0.5) / scale - 0.5
    points[:, 2] /= scale
    return points + np.array([edges[0], edges[1], 0], np.float32)


def alone(faces: Sequence[Face], index: int, shape: Sequence[int]) -> Edges:
    """The part of a photo (shape H, W, ...) with that face and no other.

    Cut half way to each other face of a size. Raises NoSuchFace.
    """
    if not 0 <= index < len(faces):
        raise NoSuchFace(
            f"there is no face {index} in the photo, it has {len(faces)}; choose one again"
        )
    low, high = np.zeros(2), np.array([shape[1], shape[0]], float)
    width = faces[index].box[2]
    middle = _middle(faces[index])
    for other in (f for i, f in enumerate(faces) if i != index and f.box[2] > RIVAL * width):
        away = _middle(other) - middle
        axis = int(abs(away[1]) > abs(away[0]))
        cut = middle[axis] + away[axis] / 2
        if away[axis] > 0:
            high[axis] = min(high[axis], cut)
        else:
            low[axis] = max(low[axis], cut)
    (x0, y0), (x1, y1) = np.rint(low).astype(int), np.rint(high).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def shrunk(picture: U8, side_px: int) -> tuple[U8, float]:
    """The picture, at most so large on its longer side, and by which factor."""
    scale = min(1.0, side_px / max(picture.shape[:2]))
    if scale == 1:
        return picture, 1.0
    out: U8 = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return out, scale


def _around(face: Face, edges: Edges) -> Edges:
    x, y = _middle(face)
    reach = REACH * face.box[2]
    return (
        max(edges[0], round(float(x - reach))),
        max(edges[1], round(float(y - reach))),
        min(edges[2], round(float(x + reach))),
        min(edges[3], round(float(y + reach))),
    )


def _grown(face: Face, scale: float) -> Face:
    x, y, width, height = (value * scale for value in face.box)
    return replace(face, box=(x, y, width, height), points=face.points * np.float32(scale))


def _middle(face: Face) -> F32:
    x, y, width, height = face.box
    return np.array([x + width / 2, y + height / 2], np.float32)
