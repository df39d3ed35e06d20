"""The still pictures a frame is put together from, at the size of the picture being made.

At construction of a renderer; any thread.
Never made per frame, never moves anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render.cv import cv2
from engines.values import U8


@dataclass(frozen=True, slots=True)
class Layers:
    """Squares of S pixels, BGR."""

    photo: U8
    """u8[S,S,3] the portrait as it was taken: texture of mouth and eyes."""
    eyes: U8
    """u8[S,S,3] the portrait with whole irises."""
    skin: U8
    """u8[S,S,4] the portrait with skin past the outline of the face; 4th channel: face allowed."""
    background: U8 | None
    """u8[S,S,3] stays still behind the person; None: their own wall, which gives way."""
    rest: U8
    """u8[S,S,3] what is shown where nothing moves: the photo, or the person over a background."""

    def before(self, background: U8, person: U8) -> Layers:
        """The same face before u8[S,S,3]; the person alone is u8[S,S,4], premultiplied."""
        if background.shape != self.photo.shape or background.dtype != np.uint8:
            raise ValueError(
                f"background {background.shape} {background.dtype}: wanted {self.photo.shape} uint8"
            )
        return replace(self, background=background, rest=over(person, background))


def cut(avatar: Avatar, size: int) -> Layers:
    """The layers of an avatar before its own wall, for pictures of `size` pixels a side."""
    photo = resized(avatar.portrait, size)
    return Layers(
        photo=photo,
        eyes=resized(avatar.eyes, size),
        skin=np.dstack([resized(avatar.skin, size), resized(avatar.cover, size)]),
        background=None,
        rest=photo,
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
