"""Eyeballs that turn under the lids.

Engine thread; one object per avatar and size, no state between frames.
Never paints outside the eye and its upper lid; at rest it paints the photo over itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np
from numpy.typing import NDArray

from engines.avatars.eye_texture import iris_radius
from engines.avatars.matte import ease, smoothstep
from engines.render import landmarks as lm
from engines.render.curves import lay, lens_of, sixteenths, soft, three, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.render.lids import Lid
from engines.values import F32, MOTION_INDEX, U8

_ACROSS, _UP, _DOWN = 1.0, 0.7, 0.62
"""Travel of the iris at a full look, in iris radii."""
_STIFF, _SOFT = 1.1, 1.3
"""Out to this many radii the eye moves as one; the motion is gone `_SOFT` radii further."""
_LASH_SHADE = 0.45
"""A turned eye has lost the photo's lash shadow under the upper lid: this one replaces it."""
_LASH_WIDE, _LASH_BLUR = 4.0, 1.3
"""Of a picture of 512."""
_FADE = 0.12
"""Iris radii of travel over which the turned eye replaces the photo's."""
_SQUARE_STEPS = 512
_SQUARES = np.arange(0.5, (_STIFF + _SOFT) ** 2 * _SQUARE_STEPS + 1) / _SQUARE_STEPS
"""Squares of distances from the iris, in its radii: on a grid of these little is left to reckon."""
_GOES_ALONG = smoothstep((1 + (_STIFF - np.sqrt(_SQUARES)) / _SOFT).astype(np.float32))
"""How far a place goes with the iris."""


class Eyes:
    """Both eyes, painted together: a call to OpenCV costs more than the few pixels of an eye."""

    def __init__(
        self,
        geometry: Geometry,
        photo: U8,
        texture: U8,
        eyes: Sequence[lm.Eye] = lm.EYES,
    ) -> None:
        """Of u8[S,S,3] the photo and its completed eyes, at the size of the geometry."""
        self._size = geometry.size
        self._balls = [Eyeball(geometry, eye, photo) for eye in eyes]
        self._rims = np.array([ball.rim for ball in self._balls]).T
        """i64[2N,n]: points of the eyes' upper and lower lids, between their corners."""
        # OpenCV remaps four channels in a third of the time of three.
        self._photo, self._texture = (
            cv2.cvtColor(one, cv2.COLOR_BGR2BGRA) for one in (photo, texture)
        )

    def draw(self, picture: U8, placed: F32, weights: F32) -> None:
        """Paint into u8[S,S,3]; placed f32[468,3] is the face on the picture."""
        outlines = self._outlines(placed)
        boxes = [window(outline, 3, self._size, self._size) for outline in outlines]
        seen = [
            k
            for k, ball in enumerate(self._balls)
            if boxes[k] is not None and ball.visible(weights) > 0
        ]
        if seen:
            # Windows of one size, moved inside the picture.
            places = [box for k in seen if (box := boxes[k]) is not None]
            wide = max(x1 - x0 for x0, _, x1, _ in places)
            tall = max(y1 - y0 for _, y0, _, y1 in places)
            corners = [
                (min(x0, self._size - wide), min(y0, self._size - tall)) for x0, y0, _, _ in places
            ]
            parts = [picture[y : y + tall, x : x + wide] for x, y in corners]
            origin = np.array(corners, np.float32)[:, None]
            rims = sixteenths(outlines[seen], origin)
            self._balls_in(parts, corners, [self._balls[k] for k in seen], rims, placed, weights)
        for ball, outline, box in zip(self._balls, outlines, boxes, strict=True):
            if box is not None:
                ball.close(picture, outline, placed)

    def _outlines(self, placed: F32) -> F32:
        """f32[n,M,2]: between the lids of each eye, first along the upper."""
        chains = placed.take(self._rims, 0)
        along = lens_of(len(chains) // 2) @ chains.reshape(len(chains), -1)
        return np.ascontiguousarray(along.reshape(len(along), -1, 3)[..., :2].transpose(1, 0, 2))

    def _balls_in(
        self,
        parts: list[U8],
        corners: list[tuple[int, int]],
        balls: list[Eyeball],
        rims: NDArray[np.int32],
        placed: F32,
        weights: F32,
    ) -> None:
        """Paint eyeballs into their windows u8[h,w,3] of the picture.

        rims i32[n,M,2]: their outlines, in 16ths of a pixel.
        """
        tall, wide = parts[0].shape[:2]
        below = np.concatenate(parts)
        mask = np.zeros((len(balls), tall, wide), np.uint8)
        for inside, rim, ball in zip(mask, rims, balls, strict=True):
            cv2.fillPoly(inside, [rim], round(255 * ball.visible(weights)), cv2.LINE_AA, 4)
        # The margin of the windows is wider than the blur: nothing comes over from one to another.
        share = soft(mask.reshape(-1, wide), 0.6) * np.float32(1 / 255)
        lay(below, self._turned((tall, wide), corners, balls, rims, placed, weights), share)
        for k, part in enumerate(parts):
            part[:] = below[k * tall : (k + 1) * tall]

    def _turned(
        self,
        shape: tuple[int, int],
        corners: list[tuple[int, int]],
        balls: list[Eyeball],
        rims: NDArray[np.int32],
        placed: F32,
        weights: F32,
    ) -> F32:
        """The eyes in their windows, one below the other, turned by the gaze, f32[n*h,w,3]."""
        tall, wide = shape
        rows, turned = [], []
        for ball, (x0, y0) in zip(balls, corners, strict=True):
            c, s, right, down = ball.to_photo(placed)
            right, down = right + c * x0 - s * y0, down + s * x0 + c * y0
            x, y = ball.gaze(weights)
            middle = ball.centre[0] + x, ball.centre[1] + y
            rows.append((c, s, -s, c, right, down, *middle, x, y, _SQUARE_STEPS / ball.radius**2))
            turned.append(hypot(x, y) / (_FADE * ball.radius))
        each = np.array(rows, np.float32).T[..., None, None]
        xs, ys = np.arange(wide, dtype=np.float32), np.arange(tall, dtype=np.float32)
        # f32[2,n,h,w]: x and y in the photo.
        at = (each[:2] * xs + each[4:6]) + each[2:4] * ys[:, None]
        if max(turned) <= 0:
            return _sample(self._photo, at)
        still = _sample(self._photo, at) if min(turned) < 1 else None
        away = at - each[6:8]
        away *= away
        steps = ((away[0] + away[1]) * each[10]).astype(np.intp)
        at -= each[8:10] * _GOES_ALONG.take(steps, mode="clip")
        seen = _sample(self._texture, at)
        seen *= three(self._lash_shade(rims, shape))
        if still is None:
            return seen
        seen -= still
        for k, share_of in enumerate(turned):
            seen[k * tall : (k + 1) * tall] *= np.float32(ease(share_of))
        still += seen
        return still

    def _lash_shade(self, rims: NDArray[np.int32], shape: tuple[int, int]) -> F32:
        """f32[n*h,w]: the factor of the lashes' shadow along the upper lids."""
        mask = np.zeros((len(rims), *shape), np.uint8)
        step = self._size / 512
        thick = max(round(_LASH_WIDE * step), 1)
        for inside, rim in zip(mask, rims, strict=True):
            cv2.polylines(inside, [rim[: len(rim) // 2]], False, 255, thick, cv2.LINE_AA, 4)
        out: F32 = soft(mask.reshape(-1, shape[1]), _LASH_BLUR * step) * np.float32(
            -_LASH_SHADE / 255
        )
        out += 1
        return out


class Eyeball:
    """One eye: how it lies and turns, and its lid."""

    def __init__(self, geometry: Geometry, eye: lm.Eye, photo: U8) -> None:
        self._size = geometry.size
        points = geometry.points * np.array([1, -1, 1], np.float32)
        self._lid = Lid(geometry, eye, photo)
        x, y = points[eye.iris[0], :2].tolist()
        self.centre = (x, y)
        """x, y of the iris in the photo."""
        self.radius = iris_radius(points, eye)
        """Of the iris, pixels."""
        self._corners = points[list(eye.corners), :2].tolist()
        a, b = eye.corners
        self._edges = np.array(eye.corners)
        self.rim = (a, *eye.upper, b, a, *eye.lower, b)
        """Points of the upper lid and of the lower one."""
        self._over = np.array([*eye.crease, *eye.above])
        side = eye.person_side
        names = ("eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeLookDown")
        self._look = np.array([MOTION_INDEX[f"{name}{side}"] for name in names])
        self._blink = MOTION_INDEX[f"eyeBlink{side}"]
        # The person's right eye is on the picture's left: inward is to the right there.
        self._inward = 1.0 if side == "Right" else -1.0

    def visible(self, weights: F32) -> float:
        """How much of the eyeball the lids show: 0 shut to 1."""
        return min(max((0.97 - float(weights[self._blink])) / 0.12, 0.0), 1.0)

    def close(self, picture: U8, outline: F32, placed: F32) -> None:
        """Paint what shows of the upper lid into u8[S,S,3]."""
        if not self._lid.shows(placed):
            return
        around = np.concatenate([outline, placed[self._over, :2]])
        box = window(around, 4, self._size, self._size)
        if box is not None:
            x0, y0, x1, y1 = box
            self._lid.draw(picture[y0:y1, x0:x1], placed, (x0, y0))

    def gaze(self, weights: F32) -> tuple[float, float]:
        """Travel of the iris in the photo's pixels, x right and y down."""
        inward, outward, up, down = weights.take(self._look).tolist()
        across = _ACROSS * self._inward * (inward - outward)
        return self.radius * across, self.radius * (_DOWN * down - _UP * up)

    def to_photo(self, placed: F32) -> tuple[float, float, float, float]:
        """c, s, x and y of the similarity from the picture to the photo, by the eye's corners:
        (c u - s v + x, s u + c v + y).
        """
        (ax, ay, _), (bx, by, _) = placed.take(self._edges, 0).tolist()
        (px, py), (qx, qy) = self._corners
        u, v = bx - ax, by - ay
        square = u * u + v * v
        c, s = (u * (qx - px) + v * (qy - py)) / square, (u * (qy - py) - v * (qx - px)) / square
        x, y = (ax + bx) / 2, (ay + by) / 2
        return c, s, (px + qx) / 2 - (c * x - s * y), (py + qy) / 2 - (s * x + c * y)


def _sample(texture: U8, at: F32) -> F32:
    """f32[n*h,w,3] of u8[S,S,4] at places f32[2,n,h,w]."""
    x, y = at.reshape(2, -1, at.shape[-1])
    seen = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out: F32 = cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR).astype(np.float32)
    return out
