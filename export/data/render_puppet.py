"""One avatar ready to be drawn where landmarks lie: photo in, motion frames and boxes out.

Offline; seconds to make, about ten milliseconds a frame.
Never fills in a wall: the boxes lie on the face, so everything counts as person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engines.avatars.bundle import SIZE, Avatar
from engines.avatars.fit import crop, fit, square
from engines.render.cv import cv2
from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from export.data.render_mesh import MeshReader
from export.data.render_pairs import Cutter, Drawn, Pairs, Told

NAME = "pair"


@dataclass(frozen=True, slots=True)
class Window:
    """The square of a photo or of every frame of a video that an avatar shows."""

    x: int
    y: int
    side: int

    def cut(self, photo: U8) -> U8:
        """u8[512,512,3]"""
        part = photo[self.y : self.y + self.side, self.x : self.x + self.side]
        how = cv2.INTER_AREA if self.side > SIZE else cv2.INTER_CUBIC
        out: U8 = cv2.resize(part, (SIZE, SIZE), interpolation=how)
        return out

    def move(self, points: F32) -> F32:
        """f32[...,3] in pixels of the cut."""
        scale = SIZE / self.side
        out = points.astype(np.float32).copy()
        out[..., :2] = (out[..., :2] - [self.x, self.y] + 0.5) * scale - 0.5
        out[..., 2] *= scale
        return out


def window_of(points: F32, mask: F32) -> Window:
    """The square `fit` would take; mask f32[H,W], person 1."""
    return Window(*square(points, mask))


def fitted(photo: U8, points: F32) -> Avatar:
    """An avatar of a square u8[512,512,3] with landmarks f32[478,3], all of it person.

    Raises BadPortrait.
    """
    everywhere = np.ones(photo.shape[:2], np.float32)
    photo, points, everywhere = crop(photo, points, everywhere)
    return fit(photo, points, everywhere, name=NAME, title=NAME, credit="")


class Puppet:
    """Draws an avatar on landmarks and cuts its boxes."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.reader = MeshReader(avatar)
        self._renderer = WarpRenderer(avatar, avatar.size)
        self._state = self._renderer.new_state()
        mesh = self.reader.rest()
        picture = self._renderer.draw(self._state, mesh)
        self._cutter = Cutter(avatar, Drawn(picture, picture, mesh))

    def drawn(
        self, points: F32, truth: U8, change: Callable[[F32], F32] = lambda weights: weights
    ) -> Drawn:
        """The motion frame on landmarks f32[478,3] of the truth u8[S,S,3].

        `change` makes other weights f32[52] of those read: what lies in the mouth hangs on them.
        """
        mesh = self.reader.read(points)
        mesh = replace(mesh, weights=change(mesh.weights))
        return Drawn(self._renderer.draw(self._state, mesh), truth, mesh)

    def pairs(
        self, kind: str, identity: str, now: Drawn, before: Drawn | None, sound: F32 | None = None
    ) -> list[Pairs | None]:
        """One row for each box."""
        told = Told(kind, identity, self.reader.motion(now.mesh), sound)
        return self._cutter.cut(told, now, before)
