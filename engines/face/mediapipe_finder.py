"""The same finder with MediaPipe's nets for points and mask, where its package is installed.

Any thread, one photo at a time: its graphs are not to be shared, so a lock guards them.
Never imported unless load_finder finds the package (extra `landmarks`); never needs the network.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from engines.face.detector import Found
from engines.face.finder import Face, FaceFinder, Landmarks, face_of
from engines.face.frame import three_points
from engines.face.matte import to_edges
from engines.face.weights import FaceNets
from engines.values import F32, U8

MAX_FACES = 5
CONFIDENCE = 0.4
SCORE = 0.7
"""The face mesh gives none. Not sure: it lays an upright mesh over a head upside down too."""
STEP_BACK = 0.35
"""Rim added about the photo, in sides, when nothing is found: a face that fills it is too near."""


class MediapipeFinder(FaceFinder):
    """Refuses with the same words; what is hidden is still told by the net of this package."""

    def __init__(self, nets: FaceNets) -> None:
        """Raises ImportError, AttributeError, OSError or RuntimeError when parts are lacking."""
        super().__init__(nets)
        import mediapipe

        solutions: Any = mediapipe.solutions
        self._mesh = solutions.face_mesh.FaceMesh(
            static_image_mode=True,
            max_num_faces=MAX_FACES,
            refine_landmarks=True,
            min_detection_confidence=CONFIDENCE,
        )
        self._selfie = solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
        self._lock = threading.Lock()
        self._shipped = FaceFinder(nets)

    def measure(self, image: U8, face: Face) -> Landmarks:
        """The mesh of `face`, whatever its size, pose and light."""
        seen = self._looked_at(image)
        if not seen:
            return super().measure(image, face)
        centre = np.asarray(face.frame.centre)
        nearest = min(
            seen, key=lambda one: float(np.linalg.norm(np.asarray(one[0].frame.centre) - centre))
        )
        return Landmarks(nearest[1], nearest[0].spread)

    def matte(self, image: U8, points: F32) -> F32:
        """f32[H,W] in [0, 1]: person 1, background 0; MediaPipe's net sees all of the picture."""
        with self._lock:
            mask = self._selfie.process(_rgb(image)).segmentation_mask
        return to_edges(image, np.asarray(mask, np.float32))

    def _lies(self, image: U8, upright: Face | None) -> bool:
        """As the shipped nets see it."""
        seen = self._shipped.find_faces(image)
        return self._shipped._lies(image, seen[0] if upright is not None and seen else None)

    def _looked_at(self, image: U8) -> list[tuple[Face, F32]]:
        """Largest first."""
        meshes = self._meshes(image)
        if not meshes:
            rim = round(STEP_BACK * max(image.shape[:2]))
            wide = np.pad(image, ((rim, rim), (rim, rim), (0, 0)), constant_values=114)
            meshes = [points - np.array([rim, rim, 0], np.float32) for points in self._meshes(wide)]
        seen = [(face_of(Found(SCORE, np.stack(three_points(m)))), m) for m in meshes]
        return sorted(seen, key=lambda one: -one[0].frame.unit)

    def _meshes(self, image: U8) -> list[F32]:
        height, width = image.shape[:2]
        with self._lock:
            found = self._mesh.process(_rgb(image)).multi_face_landmarks or []
        size = np.array([width, height, width], np.float32)
        return [np.array([(p.x, p.y, p.z) for p in f.landmark], np.float32) * size for f in found]


def _rgb(image: U8) -> U8:
    out: U8 = np.ascontiguousarray(image[..., ::-1])
    return out
