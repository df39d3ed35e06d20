"""Eyeballs that turn under the lids.

Engine thread; one object per avatar and size, no state between frames.
Never paints outside the eye and its upper lid; at rest it paints the photo over itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np

from engines.avatars.eye_texture import iris_radius
from engines.avatars.matte import ease, smoothstep
from engines.render import landmarks as lm
from engines.render.curves import fill_polygon, lay, lens, smooth_chain, soft, three, window
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
        # OpenCV remaps four channels in a third of the time of three.
        self._photo, self._texture = (
            cv2.cvtColor(one, cv2.COLOR_BGR2BGRA) for one in (photo, texture)
        )

    def draw(self, picture: U8, placed: F32, weights: F32) -> None:
        """Paint into u8[S,S,3]; placed f32[468,3] is the face on the picture."""
        outlines = {ball: ball.outline(placed) for ball in self._balls}
        boxes = {
            ball: box
            for ball, outline in outlines.items()
            if (box := window(outline, 3, self._size, self._size)) is not None
        }
        seen = [ball for ball in boxes if ball.visible(weights) > 0]
        if seen:
            # Windows of one size, moved inside the picture.
            wide = max(boxes[ball][2] - boxes[ball][0] for ball in seen)
            tall = max(boxes[ball][3] - boxes[ball][1] for ball in seen)
            corners = [
                (min(boxes[ball][0], self._size - wide), min(boxes[ball][1], self._size - tall))
                for ball in seen
            ]
            parts = [picture[y : y + tall, x : x + wide] for x, y in corners]
            self._balls_in(parts, corners, seen, [outlines[ball] for ball in seen], placed, weights)
        for ball in boxes:
            ball.close(picture, outlines[ball], placed)

    def _balls_in(
        self,
        parts: list[U8],
        corners: list[tuple[int, int]],
        balls: list[Eyeball],
        outlines: list[F32],
        placed: F32,
        weights: F32,
    ) -> None:
        """Paint eyeballs into their windows u8[h,w,3] of the picture."""
        tall, wide = parts[0].shape[:2]
        below = np.concatenate(parts)
        mask = np.zeros(below.shape[:2], np.uint8)
        for k, (outline, corner) in enumerate(zip(outlines, corners, strict=True)):
            fill_polygon(mask[k * tall : (k + 1) * tall], outline, corner)
        # The margin of the windows is wider than the blur: nothing comes over from one to another.
        share = soft(mask, 0.6) * np.float32(1 / 255)
        for k, ball in enumerate(balls):
            visible = ball.visible(weights)
            if visible < 1:
                share[k * tall : (k + 1) * tall] *= np.float32(visible)
        lay(below, self._turned((tall, wide), corners, balls, placed, weights), share)
        for k, part in enumerate(parts):
            part[:] = below[k * tall : (k + 1) * tall]

    def _turned(
        self,
        shape: tuple[int, int],
        corners: list[tuple[int, int]],
        balls: list[Eyeball],
        placed: F32,
        weights: F32,
    ) -> F32:
        """The eyes in their windows, one below the other, turned by the gaze, f32[n*h,w,3]."""
        tall, wide = shape
        xs, ys = np.arange(wide, dtype=np.float32), np.arange(tall, dtype=np.float32)[:, None]
        rows = []
        for ball, (x0, y0) in zip(balls, corners, strict=True):
            c, s, right, down = ball.to_photo(placed)
            shift_x, shift_y = ball.gaze(weights)
            right, down = right + c * x0 - s * y0, down + s * x0 + c * y0
            rows.append((c, s, right, down, *ball.centre, ball.radius, shift_x, shift_y))
        c, s, right, down, cx, cy, radius, shift_x, shift_y = np.array(rows, np.float32).T[
            ..., None, None
        ]
        sx = ((c * xs + right) - s * ys).reshape(-1, wide)
        sy = ((s * xs + down) + c * ys).reshape(-1, wide)
        turned = [hypot(*row[-2:]) / (_FADE * row[6]) for row in rows]
        if max(turned) <= 0:
            return _sample(self._photo, sx, sy)
        at = (-1, tall, wide)
        dx, dy = sx.reshape(at) - (cx + shift_x), sy.reshape(at) - (cy + shift_y)
        share = _goes_along(dx, dy, radius)
        seen = _sample(
            self._texture,
            sx - (shift_x * share).reshape(-1, wide),
            sy - (shift_y * share).reshape(-1, wide),
        )
        shade = np.concatenate(
            [
                self._band(ball.upper_line(placed, corner), shape)
                for ball, corner in zip(balls, corners, strict=True)
            ]
        )
        seen *= three(shade)
        if min(turned) >= 1:
            return seen
        still = _sample(self._photo, sx, sy)
        seen -= still
        for k, share_of in enumerate(turned):
            seen[k * tall : (k + 1) * tall] *= np.float32(ease(share_of))
        still += seen
        return still

    def _band(self, line: F32, shape: tuple[int, int]) -> F32:
        """f32[h,w]: the factor of the lashes' shadow along a curve."""
        mask = np.zeros(shape, np.uint8)
        step = self._size / 512
        thick = max(round(_LASH_WIDE * step), 1)
        fixed = np.rint(line * 16).astype(np.int32)
        cv2.polylines(mask, [fixed], False, 255, thick, cv2.LINE_AA, 4)
        out: F32 = soft(mask, _LASH_BLUR * step) * np.float32(-_LASH_SHADE / 255)
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
        self._upper = np.array([a, *eye.upper, b])
        self._lower = np.array([a, *eye.lower, b])
        self._over = np.array([*eye.crease, *eye.above])
        side = eye.person_side
        names = ("eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeLookDown")
        self._look = np.array([MOTION_INDEX[f"{name}{side}"] for name in names])
        self._blink = MOTION_INDEX[f"eyeBlink{side}"]
        # The person's right eye is on the picture's left: inward is to the right there.
        self._inward = 1.0 if side == "Right" else -1.0

    def outline(self, placed: F32) -> F32:
        """f32[N,2]: between the lids of the face f32[468,3] on the picture."""
        return lens(placed[self._upper, :2], placed[self._lower, :2])

    def upper_line(self, placed: F32, corner: tuple[int, int]) -> F32:
        """f32[N,2]: the edge of the upper lid, in a window that begins at `corner`."""
        out: F32 = smooth_chain(placed[self._upper, :2]) - np.array(corner, np.float32)
        return out

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
        (ax, ay), (bx, by) = placed[self._edges, :2].tolist()
        (px, py), (qx, qy) = self._corners
        u, v = bx - ax, by - ay
        square = u * u + v * v
        c, s = (u * (qx - px) + v * (qy - py)) / square, (u * (qy - py) - v * (qx - px)) / square
        x, y = (ax + bx) / 2, (ay + by) / 2
        return c, s, (px + qx) / 2 - (c * x - s * y), (py + qy) / 2 - (s * x + c * y)


def _sample(texture: U8, x: F32, y: F32) -> F32:
    seen = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out: F32 = cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR).astype(np.float32)
    return out


def _goes_along(dx: F32, dy: F32, radius: F32) -> F32:
    """f32[n,h,w]: how far a place goes with the iris, from its middle in pixels; reuses `dx`."""
    dx *= dx
    dy *= dy
    dx += dy
    away = np.sqrt(dx, out=dx)
    # A smoothstep down from `_STIFF` radii on.
    away *= -1 / (radius * np.float32(_SOFT))
    away += np.float32(1 + _STIFF / _SOFT)
    return smoothstep(away)
