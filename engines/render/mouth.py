"""The opening between the lips: cavity, tongue, both rows of teeth, and the wet rim of the lips.

Engine thread; one object per avatar and size, no state between frames.
Never draws outside the inner lips; never draws over closed lips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry, Pose
from engines.render.rig import Rig
from engines.values import F32, MOTION_INDEX, U8

_CAVITY = np.array([20, 16, 44], np.float32)
_TONGUE = np.array([92, 84, 158], np.float32)
_INCISOR_TIP_CM = -3.5
_SHOWN_SHARE = 0.055
"""The upper teeth reach this share of the mouth's width below the line of the closed lips."""
_LOWER_DROP_CM = 0.22
_TEETH_BEHIND_CM = 0.9
_TOOTHY = 0.06
"""A photo whose lips are further apart (in mouth widths) shows its own teeth."""
_RIM_SHARE = 0.028
_WARMTH = np.array([1.25, 1.1, 1.0], np.float32)
_MIDDLE_UP, _MIDDLE_LOW = np.array([82, 13, 312]), np.array([87, 14, 317])
_UPPER_CHAIN = np.array([lm.INNER_LEFT, *lm.UPPER_INNER, lm.INNER_RIGHT])
_LOWER_CHAIN = np.array([lm.INNER_LEFT, *lm.LOWER_INNER, lm.INNER_RIGHT])
_JAW = [MOTION_INDEX[n] for n in ("jawForward", "jawLeft", "jawRight", "jawOpen")]
_FUNNEL, _PUCKER = MOTION_INDEX["mouthFunnel"], MOTION_INDEX["mouthPucker"]


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A flat picture standing in the head."""

    image: F32
    """f32[H,W,4] premultiplied BGRA, 0 to 255."""
    corners: F32
    """f32[3,3] head axes of its pixels (0,0), (W,0), (0,H)."""


class Mouth:
    """Draws the mouth's inside into a finished face."""

    def __init__(self, avatar: Avatar, geometry: Geometry, rig: Rig, photo: U8) -> None:
        self._geometry = geometry
        face = geometry.face
        width = geometry.mouth_width
        self._rest_gap = float((face[_MIDDLE_UP, 1] - face[_MIDDLE_LOW, 1]).mean())
        toothy = self._rest_gap > _TOOTHY * width
        line = (face[13] + face[14]) / 2
        tip_y = face[14, 1] if toothy else line[1] - _SHOWN_SHARE * width
        scale = geometry.rig_scale * float(np.clip(width / (4.9 * geometry.rig_scale), 0.85, 1.2))
        self._tip = np.array(
            [line[0], tip_y, face[13, 2] - _TEETH_BEHIND_CM * geometry.rig_scale], np.float32
        )
        light = avatar.teeth_light
        self._upper = _stand(rig.upper_teeth, rig.upper_origin, rig, scale, self._tip, light)
        low = self._tip - np.array([0, _LOWER_DROP_CM * scale, 0.2 * scale], np.float32)
        self._lower = _stand(rig.lower_teeth, rig.lower_origin, rig, scale, low, 0.80 * light)
        self._own = _photo_teeth(photo, geometry) if toothy else None
        # Bone moves with the jaw shapes only; the lip's own travel sets the scale.
        ratio = float(rig.lower_travel[1] / rig.deltas[MOTION_INDEX["jawOpen"], 14, 1])
        deltas = avatar.deltas[_JAW, 14] * np.float32(geometry.size / avatar.portrait.shape[0])
        self._jaw = (deltas * ratio).astype(np.float32)
        lip = avatar.lip_colour
        self._upper_rim = lip * np.array([0.42, 0.40, 0.50], np.float32)
        self._lower_rim = lip * np.array([0.66, 0.64, 0.74], np.float32)

    def draw(self, picture: U8, placed: F32, weights: F32, pose: Pose) -> None:
        """Paint into u8[S,S,3]; placed f32[468,3] is the face on the picture."""
        gap = float((placed[_MIDDLE_LOW, 1] - placed[_MIDDLE_UP, 1]).mean())
        width = self._geometry.mouth_width
        step = self._geometry.size / 512
        shown = float(smoothstep(np.array((gap - self._rest_gap - 0.5 * step) / (0.05 * width))))
        outline = lens(placed[_UPPER_CHAIN, :2], placed[_LOWER_CHAIN, :2])
        box = window(outline, 3, self._geometry.size, self._geometry.size)
        if shown <= 0 or box is None:
            return
        x0, y0, x1, y1 = box
        shape = (y1 - y0, x1 - x0)
        mask = polygon_mask(outline, (x0, y0), shape, 0.9 * step).astype(np.float32)
        mask *= np.float32(1 / 255)
        inside = self._inside(shape, (x0, y0), weights, pose)
        inside = self._shade(inside, mask, placed, (x0, y0))
        share = (mask * shown)[..., None]
        part = picture[y0:y1, x0:x1]
        mixed = part + share * (inside - part)
        part[:] = np.rint(mixed.clip(0, 255)).astype(np.uint8)

    def _inside(
        self, shape: tuple[int, int], origin: tuple[int, int], weights: F32, pose: Pose
    ) -> F32:
        """Cavity, tongue and teeth of the window, f32[h,w,3]."""
        jaw = weights[_JAW] @ self._jaw
        funnel, pucker = float(weights[_FUNNEL]), float(weights[_PUCKER])
        width, height = self._geometry.mouth_width, float(shape[0])
        out = np.empty((*shape, 3), np.float32)
        out[:] = _CAVITY
        tongue = self._on_picture(self._tip + 0.8 * jaw - np.array([0, 0.05 * width, 0]), pose)
        half = np.array([0.36 * width, max(0.13 * width, 0.36 * height)])
        _tongue(out, tongue[0] - np.array(origin), half)
        # Rounded lips stand away from the teeth: less light reaches them, and it is warmer.
        dim = (1 - 0.5 * max(funnel, pucker)) ** _WARMTH
        self._paste(out, self._lower, jaw, origin, pose, dim * (1 - 0.8 * funnel))
        lift = np.array([0, 0.10 * width * funnel, 0], np.float32)
        self._paste(out, self._upper, lift, origin, pose, dim)
        if self._own is not None:
            self._paste(out, self._own, lift, origin, pose, dim)
        return out

    def _paste(
        self,
        out: F32,
        sprite: _Sprite,
        moved: F32,
        origin: tuple[int, int],
        pose: Pose,
        light: F32,
    ) -> None:
        height, width = sprite.image.shape[:2]
        target = self._on_picture(sprite.corners + moved, pose) - np.array(origin, np.float32)
        source = np.array([[0, 0], [width, 0], [0, height]], np.float32)
        matrix = cv2.getAffineTransform(source, target.astype(np.float32))
        size = (out.shape[1], out.shape[0])
        seen = cv2.warpAffine(sprite.image, matrix, size, flags=cv2.INTER_LINEAR)
        out *= 1 - seen[..., 3:] / 255
        out += light * seen[..., :3]

    def _on_picture(self, points: F32, pose: Pose) -> F32:
        points = np.atleast_2d(points).astype(np.float32)
        return self._geometry.place(points, np.ones(len(points), np.float32), pose)[:, :2]

    def _shade(self, inside: F32, mask: F32, placed: F32, origin: tuple[int, int]) -> F32:
        """Darken toward the lips, then lay the wet inner side of the lips over the edge."""
        sigma = _RIM_SHARE * self._geometry.mouth_width
        deep = np.clip(2 * cv2.GaussianBlur(mask, (0, 0), sigma) - 1, 0, 1)
        inside = inside * (0.35 + 0.65 * smoothstep(1.15 * deep))[..., None]
        middle = (placed[13, :2] + placed[14, :2]) / 2
        rows = np.arange(mask.shape[0], dtype=np.float32) + origin[1] - middle[1]
        half = max(float(placed[14, 1] - placed[13, 1]) / 2, 1.0)
        below = smoothstep(0.5 + 0.5 * rows / half)[:, None, None]
        rim = self._upper_rim * (1 - below) + self._lower_rim * below
        share = (0.9 * (1 - deep) ** 2)[..., None]
        out: F32 = inside + share * (rim - inside)
        return out


def _stand(sprite: U8, origin: F32, rig: Rig, scale: float, tip: F32, light: F32) -> _Sprite:
    """A tooth row at the picture's scale, its incisor tips at `tip`."""
    shrink = scale / rig.teeth_px_per_cm
    size = (round(sprite.shape[1] * shrink), round(sprite.shape[0] * shrink))
    # Shrunk beforehand and a little softer than the photo, or edges sparkle when the head moves.
    small = cv2.resize(sprite, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.55).astype(np.float32)
    small[..., :3] *= light
    left = tip[0] + origin[0] * scale
    top = tip[1] + (origin[1] - _INCISOR_TIP_CM) * scale
    wide = sprite.shape[1] / rig.teeth_px_per_cm * scale
    high = sprite.shape[0] / rig.teeth_px_per_cm * scale
    corners = [[left, top, tip[2]], [left + wide, top, tip[2]], [left, top - high, tip[2]]]
    return _Sprite(small, np.array(corners, np.float32))


def _photo_teeth(photo: U8, geometry: Geometry) -> _Sprite:
    """The inner mouth of a photo that shows teeth, as a stiff patch of the upper row."""
    loop = geometry.face[list(lm.INNER_LOOP), :2] * np.array([1, -1], np.float32)
    mask = polygon_mask(loop, (0, 0), photo.shape[:2], 0)
    mask = cv2.GaussianBlur(cv2.erode(mask, np.ones((5, 5), np.uint8)), (0, 0), 1.2)
    alpha = mask[..., None].astype(np.float32)
    image = np.dstack([photo * (alpha / 255), alpha]).astype(np.float32)
    depth = geometry.face[13, 2]
    size = float(geometry.size)
    corners = [[0, 0, depth], [size, 0, depth], [0, -size, depth]]
    return _Sprite(image, np.array(corners, np.float32))


def _tongue(out: F32, tip: F32, half: F32) -> None:
    """A soft tongue behind the lower teeth: lit in front, dark toward the throat."""
    ys, xs = np.ogrid[: out.shape[0], : out.shape[1]]
    dx, dy = (xs - tip[0]) / half[0], (ys - tip[1]) / half[1]
    inside = smoothstep((1.25 - (dx * dx + dy * dy)).astype(np.float32))
    groove = 0.12 * np.exp(-((dx / 0.10) ** 2))
    light = np.clip(0.80 + 0.34 * dy - groove, 0.2, 1.0).astype(np.float32)
    out += inside[..., None] * (_TONGUE * light[..., None] - out)
