"""Where each pixel of a motion frame comes from, found by drawing painted avatars.

Offline; main thread; three frames a motion.
Never looks inside the renderer: whatever draws an avatar can be asked.

The avatar's pictures are replaced by ramps (x in blue, its complement in green), so a common factor
of light cancels in their ratio (not in red's: a fold's shadow lets more of that through); a third
set of pictures marks the background and painted-in skin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.render.warp import WarpRenderer
from engines.values import F32, U8

ROOM = 0.35
"""Face widths of ramp around the face: beyond it sources are not told apart."""
_PAINTED_LEVELS = 10
"""Skin differing from the photo by more than this is painted in, not copied."""
_BRIGHT = 80.0
"""Blue and green together below this are no ramp: the mouth's inside, lashes, dark edges."""
Draw = Callable[[F32], U8]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """For one picture of S pixels a side."""

    source: F32
    """f32[S,S,2] x, y in the portrait's pixels, NaN where no ramp is seen."""
    behind: F32
    """f32[S,S] share of background seen, 0 to 1."""
    painted: F32
    """f32[S,S] share of painted-in skin, 0 to 1."""


class Painted:
    """One avatar, drawn with ramps in place of its pictures."""

    def __init__(self, avatar: Avatar) -> None:
        points = avatar.landmarks[load_rig().oval, :2]
        width = float(np.linalg.norm(
            (avatar.landmarks[lm.FACE_RIGHT] - avatar.landmarks[lm.FACE_LEFT])[:2]
        ))  # fmt: skip
        self.low = points.min(0) - ROOM * width
        self.high = points.max(0) + ROOM * width
        size = avatar.size
        self._draws = [
            _drawer(dressed(avatar, ramp(size, axis, float(low), float(high))))
            for axis, low, high in zip((0, 1), self.low, self.high, strict=True)
        ]
        self._marks = _drawer(marked(avatar))

    def look(self, motion: F32) -> SourceMap:
        """The map of the frame for f32[58]."""
        axes = [
            position(draw(motion), float(low), float(high))
            for draw, low, high in zip(self._draws, self.low, self.high, strict=True)
        ]
        marks = self._marks(motion).astype(np.float32) / 255
        blue, green, red = marks[..., 0], marks[..., 1], marks[..., 2]
        # Teeth are drawn near white: grey parts are neither background nor skin.
        behind: F32 = np.maximum(blue - green, 0)
        painted: F32 = np.maximum(green - np.minimum(blue, red), 0)
        return SourceMap(np.dstack(axes).astype(np.float32), behind, painted)


def ramp(size: int, axis: int, low: float, high: float) -> U8:
    """u8[S,S,3]: blue rises from 0 at `low` to 255 at `high` along an axis, green falls."""
    along = np.clip((np.arange(size) - low) / (high - low), 0, 1) * 255
    grid = np.broadcast_to(along if axis == 0 else along[:, None], (size, size))
    out: U8 = np.rint(np.dstack([grid, 255 - grid, np.zeros_like(grid)])).astype(np.uint8)
    return out


def position(picture: U8, low: float, high: float) -> F32:
    """f32[S,S]: the place on the ramp that each pixel shows; NaN where none, or past its ends."""
    blue, green = picture[..., 0].astype(np.float32), picture[..., 1].astype(np.float32)
    both = blue + green
    share = blue / np.maximum(both, 1)
    out: F32 = (low + share * (high - low)).astype(np.float32)
    out[(both < _BRIGHT) | (share < 0.01) | (share > 0.99)] = np.nan
    return out


def dressed(avatar: Avatar, texture: U8) -> Avatar:
    """The avatar with its person wearing `texture` u8[S,S,3] before black."""
    share = cv2.cvtColor(avatar.alpha, cv2.COLOR_GRAY2BGR)
    return replace(
        avatar,
        portrait=cv2.multiply(texture, share, scale=1 / 255),
        background=np.zeros_like(texture),
        skin=texture,
        eyes=texture,
    )


def marked(avatar: Avatar) -> Avatar:
    """The avatar in red, its painted-in skin in green, before blue."""
    person = np.zeros_like(avatar.portrait)
    person[..., 2] = 255
    skin = person.copy()
    painted = np.abs(avatar.skin.astype(np.int16) - avatar.portrait).max(2) > _PAINTED_LEVELS
    skin[painted] = (0, 255, 0)
    behind = np.zeros_like(person)
    behind[..., 0] = 255
    share = cv2.cvtColor(avatar.alpha, cv2.COLOR_GRAY2BGR)
    portrait = cv2.multiply(person, share, scale=1 / 255)
    cv2.add(portrait, cv2.multiply(behind, 255 - share, scale=1 / 255), portrait)
    return replace(avatar, portrait=portrait, background=behind, skin=skin, eyes=person)


def _drawer(avatar: Avatar) -> Draw:
    renderer = WarpRenderer(avatar, avatar.size)
    state = renderer.new_state()
    return lambda motion: renderer.render(state, motion)
