"""The still pictures a frame is put together from, at the size of the picture being made.

At construction of a renderer; any thread.
Never made per frame, never moves anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render.cutout import spotless, with_hair
from engines.render.cv import cv2
from engines.values import U8


@dataclass(frozen=True, slots=True)
class Layers:
    """Squares of S pixels, BGR. What stands behind the person is `background` and nothing else."""

    photo: U8
    """u8[S,S,3] the portrait as it was taken: texture of mouth and eyes, never a backdrop."""
    eyes: U8
    """u8[S,S,3] the portrait with whole irises."""
    skin: U8
    """u8[S,S,4] the portrait with skin past the outline of the face; 4th channel: face allowed."""
    person: U8
    """u8[S,S,4] what the person adds to any background: colours times alpha, and alpha."""
    background: U8
    """u8[S,S,3] stays still, whatever the head does."""
    matte: U8
    """u8[S,S] where the person is, and nothing of the wall: for other backgrounds."""
    rest: U8
    """u8[S,S,3] what is shown where nothing moves: the photo, or the person over a background."""
    missing: tuple[U8, U8] | None
    """u8[S,S,3] to add to the person over the photo's own wall, and to take from it, for the photo;
    None over other backgrounds."""

    def before(self, background: U8) -> Layers:
        """The same person before another background u8[S,S,3]."""
        if background.shape != self.background.shape or background.dtype != np.uint8:
            raise ValueError(
                f"background {background.shape} {background.dtype}: "
                f"wanted {self.background.shape} uint8"
            )
        return replace(
            self, background=background, rest=over(self.person, background), missing=None
        )


def cut(avatar: Avatar, size: int, own_wall: bool = True) -> Layers:
    """The layers of an avatar for pictures of `size` pixels a side.

    Without its own wall, to be put `before` another: what needs that wall is left out.
    """
    photo, background = resized(avatar.portrait, size), resized(avatar.background, size)
    matte = resized(avatar.alpha, size)
    person = spotless(photo, matte)
    if own_wall:
        person = with_hair(person, photo, background)
    shown = over(person, background)
    return Layers(
        photo=photo,
        eyes=resized(avatar.eyes, size),
        skin=np.dstack([resized(avatar.skin, size), resized(avatar.cover, size)]),
        person=person,
        background=background,
        matte=matte,
        rest=photo,
        missing=(cv2.subtract(photo, shown), cv2.subtract(shown, photo)),
    )


def over(person: U8, background: U8) -> U8:
    """u8[H,W,3]: a premultiplied u8[H,W,4] over u8[H,W,3]."""
    clear = cv2.cvtColor(cv2.bitwise_not(person[..., 3]), cv2.COLOR_GRAY2BGR)
    behind = cv2.multiply(background, clear, scale=1 / 255)
    out: U8 = cv2.add(cv2.cvtColor(person, cv2.COLOR_BGRA2BGR), behind)
    return out


def resized(picture: U8, size: int) -> U8:
    """The square picture at another size; itself when it has that size."""
    if picture.shape[0] == size:
        return picture
    how = cv2.INTER_AREA if size < picture.shape[0] else cv2.INTER_CUBIC
    out: U8 = cv2.resize(picture, (size, size), interpolation=how)
    return out
