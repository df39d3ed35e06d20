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
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from export.data.render_mesh import MeshReader
from export.data.render_pairs import Cutter, Drawn, Pairs, Told

NAME = "pair"
_MOST_GAIN = 1.35


@dataclass(frozen=True, slots=True)
class Window:
    """The square of a photo or of every frame of a video that an avatar shows."""

    x: int
    y: int
    side: int
    size: int = SIZE
    """S: side of what is cut."""

    def cut(self, photo: U8) -> U8:
        """u8[S,S,3]; past the photo's edge, its edge."""
        height, width = photo.shape[:2]
        low = np.minimum([self.y, self.x], 0)
        over = np.minimum([height - self.y - self.side, width - self.x - self.side], 0)
        if low.any() or over.any():
            rim = (-low[0], -over[0], -low[1], -over[1])
            photo = cv2.copyMakeBorder(photo, *(int(n) for n in rim), cv2.BORDER_REPLICATE)
        y, x = self.y - int(low[0]), self.x - int(low[1])
        part = photo[y : y + self.side, x : x + self.side]
        how = cv2.INTER_AREA if self.side > self.size else cv2.INTER_CUBIC
        out: U8 = cv2.resize(part, (self.size, self.size), interpolation=how)
        return out

    def move(self, points: F32) -> F32:
        """f32[...,3] in pixels of the cut."""
        scale = self.size / self.side
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


def toned(truth: U8, picture: U8, placed: F32) -> U8:
    """The truth u8[S,S,3] in the colours of the picture: a gain for each channel.

    A camera's white balance drifts from clip to clip; the renderer keeps to its photo's. Measured
    on the skin of the face, placed f32[468,3], without mouth and eyes.
    """
    small = [cv2.resize(p, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
             for p in (picture, truth)]  # fmt: skip
    skin = np.zeros(small[0].shape[:2], np.uint8)
    at = (placed[:, :2] + 0.5) * 0.25 - 0.5
    cv2.fillPoly(skin, [np.rint(at[load_rig().oval]).astype(np.int32)], 1)
    skin = cv2.erode(skin, np.ones((9, 9), np.uint8))
    holes = [lm.OUTER_LOOP, *((*eye.crease, *eye.lower[::-1]) for eye in lm.EYES)]
    for hole in holes:
        cv2.fillPoly(skin, [cv2.convexHull(np.rint(at[list(hole)]).astype(np.int32))], 0)
    goal, mean = (np.array(cv2.mean(p, skin)[:3]) for p in small)
    gain = np.clip(goal / np.maximum(mean, 1), 1 / _MOST_GAIN, _MOST_GAIN)
    table = np.rint((np.arange(256)[:, None] * gain).clip(0, 255)).astype(np.uint8)
    out: U8 = cv2.LUT(truth, table[None])
    return out


class Puppet:
    """Draws an avatar on landmarks and cuts its boxes."""

    def __init__(self, avatar: Avatar, face: int = 0) -> None:
        """`face`: as of `Cutter`."""
        self.avatar = avatar
        self.reader = MeshReader(avatar)
        self._renderer = WarpRenderer(avatar, avatar.size)
        self._state = self._renderer.new_state()
        mesh = self.reader.rest()
        picture = self._renderer.draw(self._state, mesh)
        self._cutter = Cutter(avatar, Drawn(picture, picture, mesh), face)

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
