"""From a stranger's photo to an avatar: read, find, cut out, fit, keep; or say what is wrong.

One thread at a time, half a second to some seconds; the server calls it on its loader thread.
Never keeps a photo that did not become an avatar, and of one that did only what the avatar needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engines.avatars import fit as fitting
from engines.avatars.bundle import AvatarInfo, save
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import BadConsent, Consent
from engines.avatars.fit import BadPortrait, fit
from engines.avatars.inspection import Box, Inspection, face_width, outlines, remark, warnings
from engines.avatars.intake import decode
from engines.avatars.preview import FILE as PREVIEW
from engines.avatars.preview import preview
from engines.avatars.shelf import Shelf, check_title
from engines.face.finder import BadFace, Face, Landmarks
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

MAX_SIDE_PX = 1600
"""Of the part around the face that is worked on: the largest avatar's crop is 1024 of it."""
WINDOW = 1.9
"""Half of that part's side, in face widths: more than the avatar's crop needs."""
MAX_FACES = 8
RIVAL = 0.45
"""Share of the chosen face's width from which on another one is cut away."""
CREDIT = "A user's portrait, with consent"


class NoSuchFace(BadPortrait):
    """The photo has fewer faces than the index says."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of the work as it begins."""

    code: str
    words: str
    share: float
    """Of the time of all, what is behind us, 0 to 1."""


READING = Step("reading", "Reading the picture", 0.0)
FINDING = Step("finding", "Finding the face", 0.02)
CUTTING = Step("cutting", "Cutting out the person", 0.10)
FITTING = Step("fitting", "Fitting the head", 0.16)
PREVIEW_STEP = Step("preview", "Filming a first look", 0.28)
SAVING = Step("saving", "Saving", 0.82)
STEPS = (READING, FINDING, CUTTING, FITTING, PREVIEW_STEP, SAVING)
Progress = Callable[[Step], None]
"""Told what begins; what it raises ends the work, and nothing is kept."""


class Finder(Protocol):
    """`engines.face.finder.FaceFinder`, or a fake."""

    def find_faces(self, image: U8) -> list[Face]:
        """Faces, best first."""

    def landmarks(self, image: U8) -> Landmarks:
        """The mesh of the one face. Raises BadFace."""

    def matte(self, image: U8) -> F32:
        """f32[H,W]: person 1."""


class Onboarder:
    """Makes avatars on a shelf."""

    def __init__(self, finder: Finder, shelf: Shelf) -> None:
        self._finder = finder
        self._shelf = shelf

    def create(
        self,
        data: bytes,
        *,
        name: str,
        title: str,
        consent: Consent,
        face: int | None = None,
        replace: bool = False,
        on_progress: Progress = lambda step: None,
    ) -> AvatarInfo:
        """Make and keep an avatar of the photo in the file `data`.

        `face`: index among the `faces` of its inspection; None when there is one.
        Raises BadConsent, ShelfError, BadImage, BadFace, BadPortrait; each names the remedy.
        """
        title = check_title(title)
        self._shelf.check_free(name, replace=replace)
        if consent.image_sha256 != hashlib.sha256(data).hexdigest():
            raise BadConsent("the consent was given for another picture; give it for this one")
        on_progress(READING)
        picture = decode(data)
        on_progress(FINDING)
        if face is not None:
            (x0, y0, x1, y1) = alone(self._faces(picture), face, picture.shape)
            picture = np.ascontiguousarray(picture[y0:y1, x0:x1])
        points = self._finder.landmarks(picture).points
        fitting.check(picture, points)
        part, points = around(picture, points)
        on_progress(CUTTING)
        mask = self._finder.matte(part)
        on_progress(FITTING)
        avatar = fit(part, points, mask, name=name, title=title, credit=CREDIT)
        on_progress(PREVIEW_STEP)
        film = preview(avatar)
        on_progress(SAVING)
        kept = {CONSENT: consent.to_json()} | ({} if film is None else {PREVIEW: film})
        with self._shelf.aside() as aside:
            save(avatar, aside / name, kept)
            return self._shelf.put(aside / name, replace=replace)

    def inspect(self, data: bytes, face: int | None = None) -> Inspection:
        """Look at a photo, keep nothing. Raises BadImage."""
        picture = decode(data)
        height, width = picture.shape[:2]
        faces = self._faces(picture)
        seen = Inspection(width, height, [_share(f.box, width, height) for f in faces])
        try:
            x0, y0, x1, y1 = (
                (0, 0, width, height) if face is None else alone(faces, face, picture.shape)
            )
            part = np.ascontiguousarray(picture[y0:y1, x0:x1])
            points = self._finder.landmarks(part).points
            placed = points + np.array([x0, y0, 0], np.float32)
            seen = replace(seen, outlines=outlines(placed, width, height))
            fitting.check(part, points)
        except (BadFace, BadPortrait) as error:
            return replace(seen, problem=remark(error))
        box = _share(self._square(picture, placed), width, height)
        return replace(seen, crop=box, warnings=tuple(warnings(part, points)))

    def _faces(self, picture: U8) -> list[Face]:
        return self._finder.find_faces(picture)[:MAX_FACES]

    def _square(self, picture: U8, points: F32) -> Box:
        """What the avatar will show of the photo, x, y, width, height in pixels."""
        x0, y0, x1, y1 = window(picture, points)
        part, moved = around(picture, points)
        scale = (x1 - x0) / part.shape[1]
        left, top, side = fitting.square(moved, self._finder.matte(part))
        return x0 + left * scale, y0 + top * scale, side * scale, side * scale


def alone(faces: Sequence[Face], index: int, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the part of a photo (shape H, W, ...) with that face and no other.

    Cut half way to each other face of a size. Raises NoSuchFace.
    """
    if not 0 <= index < len(faces):
        raise NoSuchFace(
            f"there is no face {index} in the photo, it has {len(faces)}; choose one again"
        )
    low, high = np.zeros(2), np.array([shape[1], shape[0]], float)
    x, y, width, _ = faces[index].box
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


def window(picture: U8, points: F32) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the part around the face that is worked on."""
    height, width = picture.shape[:2]
    reach = WINDOW * face_width(points)
    x, y = (points[lm.FACE_TOP, :2] + points[lm.CHIN, :2]) / 2
    x0, x1 = max(0, round(float(x - reach))), min(width, round(float(x + reach)))
    y0, y1 = max(0, round(float(y - reach))), min(height, round(float(y + reach)))
    return x0, y0, x1, y1


def around(picture: U8, points: F32) -> tuple[U8, F32]:
    """The part around the face, at most MAX_SIDE_PX wide and high, and the points in it."""
    x0, y0, x1, y1 = window(picture, points)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    moved = points.astype(np.float32) - np.array([x0, y0, 0], np.float32)
    scale = min(1.0, MAX_SIDE_PX / max(part.shape[:2]))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        moved[:, :2] = (moved[:, :2] + 0.5) * scale - 0.5
        moved[:, 2] *= scale
    return part, moved


def _middle(face: Face) -> F32:
    x, y, width, height = face.box
    return np.array([x + width / 2, y + height / 2], np.float32)


def _share(box: Box, width: int, height: int) -> Box:
    x, y, w, h = box
    return (
        round(x / width, 4),
        round(y / height, 4),
        round(w / width, 4),
        round(h / height, 4),
    )
