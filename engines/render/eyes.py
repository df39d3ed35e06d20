"""Eyeballs that turn under the lids.

Engine thread; one object per avatar and size, no state between frames.
Never paints outside the eye and its upper lid; at rest it paints the photo over itself.
"""

from __future__ import annotations

from math import hypot

import numpy as np

from engines.avatars.eye_texture import iris_radius
from engines.avatars.matte import ease, smoothstep
from engines.render import landmarks as lm
from engines.render.curves import lay, lens, polygon_mask, smooth_chain, three, window
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
_FADE = 0.12
"""Iris radii of travel over which the turned eye replaces the photo's."""


class Eyeball:
    """One eye."""

    def __init__(self, geometry: Geometry, eye: lm.Eye, photo: U8, texture: U8) -> None:
        self._eye = eye
        self._size = geometry.size
        points = geometry.points * np.array([1, -1, 1], np.float32)
        self._lid = Lid(geometry, eye, photo)
        self._photo = photo
        self._texture = texture
        self._centre = points[eye.iris[0], :2].copy()
        self._radius = iris_radius(points, eye)
        self._corners = points[list(eye.corners), :2].copy()
        a, b = eye.corners
        self._edges = np.array(eye.corners)
        self._upper = np.array([a, *eye.upper, b])
        self._lower = np.array([a, *eye.lower, b])
        side = eye.person_side
        names = ("eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeLookDown")
        self._look = [MOTION_INDEX[f"{name}{side}"] for name in names]
        self._blink = MOTION_INDEX[f"eyeBlink{side}"]
        # The person's right eye is on the picture's left: inward is to the right there.
        self._inward = 1.0 if side == "Right" else -1.0

    def draw(self, picture: U8, placed: F32, weights: F32) -> None:
        """Paint into u8[S,S,3]; placed f32[468,3] is the face on the picture."""
        upper, lower = placed[self._upper, :2], placed[self._lower, :2]
        outline = lens(upper, lower)
        box = window(outline, 3, self._size, self._size)
        if box is None:
            return
        self._eyeball(picture, box, outline, placed, weights)
        if not self._lid.shows(placed):
            return
        around = np.concatenate([outline, placed[[*self._eye.crease, *self._eye.above], :2]])
        larger = window(around, 4, self._size, self._size)
        if larger is not None:
            x0, y0, x1, y1 = larger
            self._lid.draw(picture[y0:y1, x0:x1], placed, (x0, y0))

    def _eyeball(
        self,
        picture: U8,
        box: tuple[int, int, int, int],
        outline: F32,
        placed: F32,
        weights: F32,
    ) -> None:
        x0, y0, x1, y1 = box
        part = picture[y0:y1, x0:x1]
        blink = float(weights[self._blink])
        if blink < 0.97:
            mask = polygon_mask(outline, (x0, y0), part.shape[:2], 0.6)
            seen = self._turned(box, placed, weights)
            visible = float(np.clip((0.97 - blink) / 0.12, 0, 1))
            lay(part, seen, mask.astype(np.float32) * np.float32(visible / 255))

    def _turned(self, box: tuple[int, int, int, int], placed: F32, weights: F32) -> F32:
        """The eye for the window, turned by the gaze, f32[h,w,3]."""
        x0, y0, x1, y1 = box
        xs, ys = np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)[:, None]
        c, s, right, down = self._to_photo(placed)
        sx = (c * xs + right) - s * ys
        sy = (s * xs + down) + c * ys
        shift_x, shift_y = self.gaze(weights)
        turned = hypot(shift_x, shift_y) / (_FADE * self._radius)
        if turned <= 0:
            return _sample(self._photo, sx, sy)
        dx, dy = sx - self._centre[0] - shift_x, sy - self._centre[1] - shift_y
        share = 1 - smoothstep((np.sqrt(dx * dx + dy * dy) / self._radius - _STIFF) / _SOFT)
        seen = _sample(self._texture, sx - shift_x * share, sy - shift_y * share)
        line = smooth_chain(placed[self._upper, :2]) - np.array([x0, y0], np.float32)
        band = self._band(line, seen.shape[:2], 4.0, 1.3)
        band *= np.float32(-_LASH_SHADE)
        band += 1
        seen *= three(band)
        if turned >= 1:
            return seen
        still = _sample(self._photo, sx, sy)
        still += np.float32(ease(turned)) * (seen - still)
        return still

    def _band(self, line: F32, shape: tuple[int, int], wide: float, blur: float) -> F32:
        """f32[h,w] in [0, 1]: near a curve; `wide` and `blur` in pixels of a 512 picture."""
        mask = np.zeros(shape, np.uint8)
        thick = max(round(wide * self._size / 512), 1)
        cv2.polylines(
            mask, [np.rint(line * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4
        )
        soft = cv2.GaussianBlur(mask, (0, 0), blur * self._size / 512)
        out: F32 = soft.astype(np.float32) / 255
        return out

    def gaze(self, weights: F32) -> tuple[float, float]:
        """Travel of the iris in the photo's pixels, x right and y down."""
        inward, outward, up, down = weights[self._look]
        across = _ACROSS * self._inward * float(inward - outward)
        return self._radius * across, self._radius * float(_DOWN * down - _UP * up)

    def _to_photo(self, placed: F32) -> tuple[float, float, float, float]:
        """c, s, x and y of the similarity from the picture to the photo, by the eye's corners:
        (c u - s v + x, s u + c v + y).
        """
        (ax, ay), (bx, by) = placed[self._edges, :2].tolist()
        (px, py), (qx, qy) = self._corners.tolist()
        u, v = bx - ax, by - ay
        square = u * u + v * v
        c, s = (u * (qx - px) + v * (qy - py)) / square, (u * (qy - py) - v * (qx - px)) / square
        x, y = (ax + bx) / 2, (ay + by) / 2
        return c, s, (px + qx) / 2 - (c * x - s * y), (py + qy) / 2 - (s * x + c * y)


def _sample(texture: U8, x: F32, y: F32) -> F32:
    seen = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out: F32 = seen.astype(np.float32)
    return out
