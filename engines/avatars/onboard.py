"""From a stranger's photo to an avatar: read, find, cut out, fit, keep; or say what is wrong.

One thread at a time, half a second to some seconds; the server calls it on its loader thread.
Never keeps a photo that did not become an avatar, and of one that did only what the avatar needs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engines.avatars import fit as fitting
from engines.avatars.bundle import AvatarInfo, save
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import BadConsent, Consent
from engines.avatars.fit import BadPortrait, fit
from engines.avatars.intake import decode
from engines.avatars.shelf import Shelf, check_title
from engines.face.finder import BadFace, Face, Landmarks, brightness, pose
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8

MAX_SIDE_PX = 1600
"""Of the part around the face that is worked on; an avatar is 512 pixels wide."""
WINDOW = 2.6
"""Half of that part's side, in face widths: more than the avatar's crop needs."""
GOOD_FACE_PX = 200
GOOD_LIGHT = 70.0
GOOD_TURN_DEG = 12.0
EDGE = 0.25
"""Face widths of picture wanted around the face."""
CREDIT = "A user's portrait, with consent"
Progress = Callable[[str, float], None]
"""Told what is being done, and the share that is behind us, 0 to 1."""


class Finder(Protocol):
    """`engines.face.finder.FaceFinder`, or a fake."""

    def find_faces(self, image: U8) -> list[Face]:
        """Faces, best first."""

    def landmarks(self, image: U8) -> Landmarks:
        """The mesh of the one face. Raises BadFace."""

    def matte(self, image: U8) -> F32:
        """f32[H,W]: person 1."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a photo: code for programs, text and remedy for people."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is seen in a photo; lengths are shares of its width and height, 0 to 1."""

    width: int
    height: int
    faces: Sequence[tuple[float, float, float, float]]
    """x, y, width, height of each face."""
    outlines: Sequence[Sequence[tuple[float, float]]]
    """Of the face and the lips, for drawing over the photo; empty when there is no mesh."""
    problem: Remark | None
    """Why it cannot become an avatar."""
    warnings: Sequence[Remark]


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
        replace: bool = False,
        on_progress: Progress = lambda step, share: None,
    ) -> AvatarInfo:
        """Make and keep an avatar of the photo in the file `data`.

        Raises BadConsent, ShelfError, BadImage, BadFace, BadPortrait; each names the remedy.
        """
        title = check_title(title)
        self._shelf.check_free(name, replace=replace)
        if consent.image_sha256 != hashlib.sha256(data).hexdigest():
            raise BadConsent("the consent was given for another picture; give it for this one")
        on_progress("reading the picture", 0.0)
        picture = decode(data)
        on_progress("finding the face", 0.1)
        points = self._finder.landmarks(picture).points
        fitting.check(picture, points)
        picture, points = around(picture, points)
        on_progress("cutting out the person", 0.4)
        mask = self._finder.matte(picture)
        on_progress("fitting the head", 0.6)
        avatar = fit(picture, points, mask, name=name, title=title, credit=CREDIT)
        on_progress("saving", 0.85)
        with self._shelf.aside() as aside:
            save(avatar, aside / name, {CONSENT: consent.to_json()})
            made = self._shelf.put(aside / name, replace=replace)
        on_progress("done", 1.0)
        return made

    def inspect(self, data: bytes) -> Inspection:
        """Look at a photo, keep nothing. Raises BadImage."""
        picture = decode(data)
        height, width = picture.shape[:2]
        size = np.array([width, height], np.float32)
        seen = Inspection(width, height, self._boxes(picture), (), None, ())
        try:
            points = self._finder.landmarks(picture).points
            seen = replace(seen, outlines=_outlines(points[:, :2] / size))
            fitting.check(picture, points)
        except (BadFace, BadPortrait) as error:
            return replace(seen, problem=remark(error))
        return replace(seen, warnings=tuple(_warnings(picture, points)))

    def _boxes(self, picture: U8) -> list[tuple[float, float, float, float]]:
        height, width = picture.shape[:2]
        return [
            (f.box[0] / width, f.box[1] / height, f.box[2] / width, f.box[3] / height)
            for f in self._finder.find_faces(picture)[:8]
        ]


def remark(error: Exception) -> Remark:
    """An error of this package as code, message and remedy: `message; remedy` is its text."""
    message, _, remedy = str(error).partition("; ")
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    return Remark(code, message, remedy)


def around(picture: U8, points: F32) -> tuple[U8, F32]:
    """The part around the face, at most MAX_SIDE_PX wide and high, and the points in it."""
    height, width = picture.shape[:2]
    reach = WINDOW * _width(points)
    x, y = (points[lm.FACE_TOP, :2] + points[lm.CHIN, :2]) / 2
    x0, x1 = max(0, round(float(x - reach))), min(width, round(float(x + reach)))
    y0, y1 = max(0, round(float(y - reach))), min(height, round(float(y + reach)))
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    moved = points.astype(np.float32) - np.array([x0, y0, 0], np.float32)
    scale = min(1.0, MAX_SIDE_PX / max(part.shape[:2]))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        moved[:, :2] = (moved[:, :2] + 0.5) * scale - 0.5
        moved[:, 2] *= scale
    return part, moved


def _width(points: F32) -> float:
    return float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2]))


def _outlines(points: F32) -> list[list[tuple[float, float]]]:
    loops = ([*load_rig().oval], [*lm.OUTER_LOOP], [*lm.INNER_LOOP])
    return [[(round(float(x), 4), round(float(y), 4)) for x, y in points[loop]] for loop in loops]


def _warnings(picture: U8, points: F32) -> list[Remark]:
    found = []
    width = _width(points)
    if width < GOOD_FACE_PX:
        found.append(
            Remark(
                "small_face",
                f"The face is {width:.0f} pixels wide.",
                f"From {GOOD_FACE_PX} on it looks sharp.",
            )
        )
    if max(map(abs, pose(points))) > GOOD_TURN_DEG:
        found.append(Remark("slight_turn", "The head is turned a little.", "Look straight ahead."))
    if brightness(picture, points) < GOOD_LIGHT:
        found.append(Remark("dim", "The light is dim.", "Face a window."))
    height_px, width_px = picture.shape[:2]
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    room = min(low[0], low[1], width_px - high[0], height_px - high[1])
    if room < EDGE * width:
        found.append(
            Remark(
                "tight_crop",
                "The face is close to the picture's edge.",
                "Leave room above the hair and around the shoulders.",
            )
        )
    return found
