"""From a stranger's photo to an avatar: read, find, cut out, fit, keep; or say what is wrong.

One thread at a time, half a second to some seconds; the server calls it on its loader thread.
Never keeps a photo that did not become an avatar, and of one that did only what the avatar needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engines.avatars import fit as fitting
from engines.avatars.bundle import Avatar, AvatarInfo, save
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import BadConsent, Consent
from engines.avatars.fit import BadPortrait, fit
from engines.avatars.inspection import Box, Inspection, face_width, outlines, remark, warnings
from engines.avatars.intake import decode
from engines.avatars.looking import PART_PX, Finder, find_faces, find_mesh, shrunk
from engines.avatars.preview import SHORT_MARK, preview_file
from engines.avatars.shelf import Shelf, check_title
from engines.face.finder import BadFace
from engines.render import landmarks as lm
from engines.render.mark import MarkStyle
from engines.render.nets import RendererNets
from engines.render.paste import choose
from engines.values import F32, U8

WINDOW = 1.9
"""Half of that part's side, in face widths: more than the avatar's crop needs."""
CREDIT = "A user's portrait, with consent"


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of the work as it begins."""

    code: str
    words: str
    share: float
    """Of the time of all, what is behind us, 0 to 1."""


READING = Step("reading", "Reading the picture", 0.0)
FINDING = Step("finding", "Finding the face", 0.02)
CUTTING = Step("cutting", "Cutting out the person", 0.11)
FITTING = Step("fitting", "Fitting the head", 0.15)
PREVIEW_STEP = Step("preview", "Filming a first look", 0.52)
SAVING = Step("saving", "Saving", 0.80)
STEPS = (READING, FINDING, CUTTING, FITTING, PREVIEW_STEP, SAVING)
Progress = Callable[[Step], None]
"""Told what begins; what it raises ends the work, and nothing is kept."""


class Onboarder:
    """Makes avatars on a shelf."""

    def __init__(
        self,
        finder: Finder,
        shelf: Shelf,
        mark: MarkStyle | None = SHORT_MARK,
        nets: RendererNets | None = None,
    ) -> None:
        """`mark`: what the avatars' films carry in their pixels; None: nothing.

        `nets`: the renderer's, tried on each photo; None: there are none.
        """
        self._finder = finder
        self._nets = nets
        self._shelf = shelf
        self._mark = mark

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
        points = find_mesh(self._finder, picture, find_faces(self._finder, picture), face)
        fitting.check(picture, points)
        part, points = around(picture, points)
        on_progress(CUTTING)
        mask = self._finder.matte(part, points)
        on_progress(FITTING)
        avatar = fit(part, points, mask, name=name, title=title, credit=CREDIT)
        avatar = self._tried(avatar, part, points, mask)
        on_progress(PREVIEW_STEP)
        film = preview_file(avatar, self._mark)
        on_progress(SAVING)
        kept = {CONSENT: consent.to_json(), **film}
        with self._shelf.aside() as aside:
            save(avatar, aside / name, kept)
            return self._shelf.put(aside / name, replace=replace)

    def _tried(self, avatar: Avatar, part: U8, points: F32, mask: F32) -> Avatar:
        """With how much of what the nets draw is to be shown of this face."""
        if self._nets is None:
            return avatar
        photo, landmarks, _ = fitting.crop(part, points, mask)
        paste = choose(avatar, self._nets, photo, landmarks)
        return replace(avatar, paste=paste, paste_nets=self._nets.digest)

    def inspect(self, data: bytes, face: int | None = None) -> Inspection:
        """Look at a photo, keep nothing. Raises BadImage."""
        picture = decode(data)
        height, width = picture.shape[:2]
        faces = find_faces(self._finder, picture)
        seen = Inspection(width, height, [_share(f.box, width, height) for f in faces])
        try:
            points = find_mesh(self._finder, picture, faces, face)
            seen = replace(seen, outlines=outlines(points, width, height))
            fitting.check(picture, points)
        except (BadFace, BadPortrait) as error:
            return replace(seen, problem=remark(error))
        crop = _share(self._square(picture, points), width, height)
        return replace(seen, crop=crop, warnings=tuple(warnings(picture, points)))

    def _square(self, picture: U8, points: F32) -> Box:
        """What the avatar will show of the photo, x, y, width, height in pixels."""
        x0, y0, x1, y1 = window(picture, points)
        part, moved = around(picture, points)
        scale = (x1 - x0) / part.shape[1]
        left, top, side = fitting.square(moved, self._finder.matte(part, moved))
        return x0 + left * scale, y0 + top * scale, side * scale, side * scale


def window(picture: U8, points: F32) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the part around the face that is worked on."""
    height, width = picture.shape[:2]
    reach = WINDOW * face_width(points)
    x, y = (points[lm.FACE_TOP, :2] + points[lm.CHIN, :2]) / 2
    x0, x1 = max(0, round(float(x - reach))), min(width, round(float(x + reach)))
    y0, y1 = max(0, round(float(y - reach))), min(height, round(float(y + reach)))
    return x0, y0, x1, y1


def around(picture: U8, points: F32) -> tuple[U8, F32]:
    """The part around the face, at most PART_PX wide and high, and the points in it."""
    x0, y0, x1, y1 = window(picture, points)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    moved = points.astype(np.float32) - np.array([x0, y0, 0], np.float32)
    part, scale = shrunk(part, PART_PX)
    moved[:, :2] = (moved[:, :2] + 0.5) * scale - 0.5
    moved[:, 2] *= scale
    return part, moved


def _share(box: Box, width: int, height: int) -> Box:
    x, y, w, h = box
    return (
        round(x / width, 4),
        round(y / height, 4),
        round(w / width, 4),
        round(h / height, 4),
    )
