"""Whether a made portrait can be taken for one of its sources: by face vectors and by shape.

Runs on the calling thread; face vectors come from a child process.
Never changes a picture.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from export.gallery.arrays import F32, F64, U8, f32
from export.gallery.shape import lip_gap, nearest
from export.gallery.sources import Portraits
from export.judges.identity import identity_distance, identity_vectors

MIN_IDENTITY = 0.5
"""Euclidean, between vectors of 128; the sources' own nearest neighbours are at 0.44 (median)."""
MIN_SHAPE = 0.80
"""Mean landmark distance after alignment, % of the face width."""
MAX_GAP = 0.02
"""Opening of the inner lips, mouth widths."""

Vectors = Callable[[U8, F32], F32]
"""Face vectors f32[N,128] of u8[N,H,W,3] BGR with meshes f32[N,478,3] px."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on a finished portrait."""

    gap: float
    shape_source: str
    shape: float
    identity_source: str
    identity: float

    @property
    def faults(self) -> list[str]:
        """Why it may not ship; empty when it may."""
        found = []
        if self.identity < MIN_IDENTITY:
            found.append(
                f"identity distance {self.identity:.3f} to {self.identity_source}, "
                f"{MIN_IDENTITY} needed: search for another step"
            )
        if self.shape < MIN_SHAPE:
            found.append(
                f"shape distance {self.shape:.2f} % to {self.shape_source}, {MIN_SHAPE} needed"
            )
        if self.gap > MAX_GAP:
            found.append(f"lips open by {self.gap:.3f} of the mouth, at most {MAX_GAP}")
        return found

    def __str__(self) -> str:
        return (
            f"identity {self.identity:.3f} ({self.identity_source}), "
            f"shape {self.shape:.2f} % ({self.shape_source}), lip gap {self.gap:.3f}"
        )


class Likeness:
    """Knows the faces of all sources; asked about portraits made from them."""

    def __init__(self, portraits: Portraits, vectors: Vectors = identity_vectors) -> None:
        self.portraits = portraits
        self._vectors = vectors
        self.names, self.sources = self._learn()

    def distances(self, pictures: U8, points: F32) -> F32:
        """Distance f32[N, sources] of each picture's face to every source."""
        found = self._vectors(pictures, points)
        return identity_distance(found[:, None], self.sources[None])

    def both_ways(self, pictures: U8, points: F32) -> F32:
        """As `distances`, the nearer of picture and mirror image: donors may be mirrored."""
        side = pictures.shape[2]
        flipped = points.copy()
        flipped[..., 0] = side - 1 - flipped[..., 0]
        swap = flipped[:, _MIRROR]  # the judge's five points, each its partner
        flipped[:, list(_FIVE)] = swap
        mirrored = np.ascontiguousarray(pictures[:, :, ::-1])
        return f32(np.minimum(self.distances(pictures, points), self.distances(mirrored, flipped)))

    def nearest_shape(self, shape: F64) -> tuple[str, float]:
        """The source whose mesh is nearest to `shape` (478, 3); distance in % of face width."""
        return nearest(shape, self.portraits.all_points())

    def look(self, picture: U8, shape: F64) -> Figures:
        """Measures a finished portrait u8 (S, S, 3) made on the mesh `shape` (478, 3)."""
        points = self.portraits.landmarks(picture)
        far = self.both_ways(picture[None], f32(points)[None])[0]
        near = int(far.argmin())
        shape_source, distance = self.nearest_shape(shape)
        return Figures(lip_gap(points), shape_source, distance, self.names[near], float(far[near]))

    def _learn(self) -> tuple[list[str], F32]:
        points = self.portraits.all_points()
        names = sorted(points)
        cache = self.portraits.cache
        store = cache / "vectors.npz" if cache else None
        if store and store.exists():
            with np.load(store) as data:
                if list(data["names"]) == names:
                    return names, f32(data["vectors"])
        pictures, meshes = zip(*(self._framed(n, points[n]) for n in names), strict=True)
        vectors = self._vectors(np.stack(pictures), np.stack(meshes))
        if store:
            np.savez(store, names=np.array(names), vectors=vectors)
        return names, vectors

    def _framed(self, stem: str, points: F64) -> tuple[U8, F32]:
        """The source in a square of one size, its mesh with it."""
        picture = self.portraits.picture(stem)
        scale = _SIDE / max(picture.shape[:2])
        move = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
        framed = cv2.warpAffine(picture, move, (_SIDE, _SIDE), flags=cv2.INTER_AREA)
        return framed.astype(np.uint8), f32(points * scale)


_SIDE = 640
_FIVE = (263, 362, 33, 133, 2)
_MIRROR = [33, 133, 263, 362, 2]
