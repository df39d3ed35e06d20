"""Sources warped onto the target shape: pictures and cut-out people.

Runs on the calling thread.
Never writes a picture; cut-outs may be kept in the cache folder between runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from export.gallery.arrays import F32, F64, I64, f32
from export.gallery.finish import to_lab
from export.gallery.matte import Cutout, cloth_edge, cut
from export.gallery.recipes import Patch
from export.gallery.regions import skin_colour
from export.gallery.shape import face_width
from export.gallery.sources import Portraits, SourceError, mirror_points, split_name
from export.gallery.warp import backward_map, inside, resample

SMOOTHING_PX = 2.4  # 18 would keep the tilt of the source's head
RING = 1.9  # face widths


@dataclass(frozen=True, slots=True)
class Person:
    """A donor of hair or body on the target shape: all (S, S[, 3])."""

    lab: F32  # foreground, free of its old backdrop
    alpha: F32
    residual: F32  # BGR


def cover(picture: F32, patch: Patch, soft_px: int = 6) -> F32:
    """The picture (H, W, 3) with a box covered by the cloth beside it, soft at the rim."""
    x, y, width, height = patch.box
    mask = f32(np.zeros(picture.shape[:2]))
    mask[y : y + height, x : x + width] = 1
    soft = f32(cv2.GaussianBlur(mask, (0, 0), soft_px / 2))[..., None]
    moved = np.roll(picture, (-patch.dy, -patch.dx), axis=(0, 1))
    return (picture + soft * (moved - picture)).astype(np.float32)


class Donors:
    """Warps sources of one portrait job onto one target shape (478, 2) px."""

    def __init__(
        self,
        portraits: Portraits,
        index: I64,
        target: F64,
        size: int,
        patches: Sequence[Patch] = (),
    ) -> None:
        self.portraits = portraits
        self.index = index
        self.target = target
        self.size = size
        self.patches = {p.stem: p for p in patches}
        self._maps: dict[str, F32] = {}
        self._faces: dict[str, F32] = {}

    def face(self, name: str) -> F32:
        """The source's picture on the target shape, Lab (S, S, 3)."""
        if name not in self._faces:
            picture = self._picture(name)
            self._faces[name] = to_lab(resample(picture, self._map(name)))
        return self._faces[name]

    def skin(self, name: str) -> F32:
        """Median skin Lab (3) of the source."""
        return skin_colour(self.face(name), self.target)

    def robust_skin(self, names: Sequence[str]) -> F32:
        """Median over several sources of their skin colour."""
        return np.median([self.skin(n) for n in names], axis=0).astype(np.float32)

    def person(
        self,
        name: str,
        *,
        plain: bool,
        low: float,
        width: float,
        cloth: bool = False,
        moved: F32 | None = None,
    ) -> Person:
        """The source cut out and warped; low, width: contrast raise of the matte.

        cloth: its outline is clothes, drawn as a smooth line. moved: where each pixel of the
        result (S, S, 2) is taken from, for another outline.
        """
        whole = self._cutout(name, plain)
        places = self._map(name)
        if moved is not None:
            places = resample(places, moved, cv2.BORDER_REPLICATE)
        raw = np.clip(resample(whole.alpha, places), 0, 1)
        t = np.clip((raw - low) / width, 0, 1)
        alpha = (t * inside(places, whole.alpha.shape)).astype(np.float32)
        foreground = resample(whole.foreground, places)
        if cloth:
            alpha, foreground = cloth_edge(alpha, foreground)
        residual = resample(whole.residual, places, cv2.BORDER_CONSTANT)
        return Person(to_lab(foreground), alpha, residual)

    def _picture(self, name: str) -> F32:
        stem, flip = split_name(name)
        picture = self._patched(stem)
        return np.ascontiguousarray(picture[:, ::-1]) if flip else picture

    def _patched(self, stem: str) -> F32:
        picture = f32(self.portraits.picture(stem)) / np.float32(255)
        return cover(picture, self.patches[stem]) if stem in self.patches else picture

    def _points(self, name: str) -> F64:
        stem, flip = split_name(name)
        points = self.portraits.all_points().get(stem)
        if points is None:
            raise SourceError(f"no face was found in {stem}: choose another donor")
        width = self.portraits.picture(stem).shape[1]
        return mirror_points(points, width, self.index) if flip else points

    def _map(self, name: str) -> F32:
        if name not in self._maps:
            self._maps[name] = backward_map(
                self.target,
                self._points(name)[:, :2],
                self.size,
                smoothing=SMOOTHING_PX,
                ring=RING,
            )
        return self._maps[name]

    def _cutout(self, name: str, plain: bool) -> Cutout:
        stem, flip = split_name(name)
        cache = self.portraits.cache
        store = cache / f"cut_{stem}_{int(plain)}.npz" if cache else None
        if store and store.exists():
            with np.load(store) as data:
                whole = Cutout(data["alpha"], data["foreground"], data["residual"])
        else:
            points = self.portraits.all_points()[stem]
            picture = self._patched(stem)
            person = self.portraits.person_mask(stem)
            whole = cut(picture, person, face_width(points), plain=plain)
            if store:
                store.parent.mkdir(parents=True, exist_ok=True)
                parts = {"foreground": whole.foreground, "residual": whole.residual}
                np.savez(store, alpha=whole.alpha, **parts)  # type: ignore[arg-type]
        if not flip:
            return whole
        parts3 = (whole.alpha, whole.foreground, whole.residual)
        alpha, foreground, residual = (np.ascontiguousarray(p[:, ::-1]) for p in parts3)
        return Cutout(alpha, foreground, residual)
