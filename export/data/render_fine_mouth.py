"""The motion frame's mouth, drawn again by somebody who takes time: lit teeth, cavity and tongue.

Offline; one object per avatar and size, no state between frames.
Never moves an edge: rows, tongue and lips lie where the motion frame has them, in its colours.

So a net that sees the motion frame can know all of it; what cannot be known is learnt as grey.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry, Pose
from engines.render.mouth import Mouth, seen_at
from engines.render.rig import Rig
from engines.render.teeth import Sprite, Stand, rig_row
from engines.values import F32, MOTION_INDEX, U8

_JAW = [MOTION_INDEX[n] for n in ("jawForward", "jawLeft", "jawRight", "jawOpen")]
_FUNNEL, _PUCKER = MOTION_INDEX["mouthFunnel"], MOTION_INDEX["mouthPucker"]
_WARM = np.array([1.17, 1.18, 1.0], np.float32)
"""Shade between wet walls is red: exponents on BGR. Where blue falls much faster than green a
tooth in it is olive, and between red lips it looks green."""
_RELIEF, _RELIEF_CM, _LEAST_RELIEF = 1.7, 0.28, 0.32
"""How much stronger a row's own shading is drawn, against the mean so far about it."""
_TIP_CM, _TIP = 0.07, np.array([0.04, 0.06, 0.08], np.float32)
"""Glass of the biting edge, and what of BGR it loses."""
_ARCH_CM, _ARCH_DARK = (0.7, 2.5), 0.32
"""From so far aside on, to so far, the arch turns away from the light."""
_FLESH = np.array([98, 92, 176], np.float32)
_WET = np.array([250, 250, 255], np.float32)
_BRIGHT = 1.12
_GLINTS = ((-0.27, 0.10), (0.27, 0.10))
_LIP_GLINTS = ((0.37, 0.09, 1.0), (0.63, 0.09, 1.0))
"""Wet places: on the tongue in its half axes; on the lower lip share of its length, reach, amount.

The same on both sides, as training mirrors."""
_UPPER_RIM = np.array([0.44, 0.42, 0.52], np.float32)
_LOWER_RIM = np.array([0.76, 0.74, 0.84], np.float32)
_INNER = (
    (lm.INNER_LEFT, *lm.UPPER_INNER, lm.INNER_RIGHT),
    (lm.INNER_LEFT, *lm.LOWER_INNER, lm.INNER_RIGHT),
)
_OUTER = (
    (lm.MOUTH_LEFT, *lm.UPPER_ROWS[3], lm.MOUTH_RIGHT),
    (lm.MOUTH_LEFT, *lm.LOWER_ROWS[3], lm.MOUTH_RIGHT),
)
_WET_REACH = 0.05
"""Mouth widths of lip that was inside while the mouth was shut."""
_INNER_RED, _UPPER_DARK, _LIP_SHINE = 0.42, 0.12, 0.09
_RIM, _DROP, _CAST = 0.028, 0.055, 0.022
"""Mouth widths: the lips' inner side, the upper lip's shadow, a row's on what lies behind."""


class FineMouth(Mouth):
    """Draws a mouth as the motion frame should look."""

    def __init__(self, avatar: Avatar, geometry: Geometry, rig: Rig, photo: U8) -> None:
        super().__init__(avatar, geometry, rig, photo)
        self._flesh = _FLESH * avatar.teeth_light
        self._wet = _WET * avatar.teeth_light
        self._lip = avatar.lip_colour

    def draw(self, picture: U8, placed: F32, weights: F32, pose: Pose) -> None:
        """Paint into u8[S,S,3]: the mouth, then the wet of the lips about it."""
        super().draw(picture, placed, weights, pose)
        inner, outer = (
            lens(*(placed[list(chain), :2] for chain in chains)) for chains in (_INNER, _OUTER)
        )
        box = window(outer, 3, self._geometry.size, self._geometry.size)
        if box is None:
            return
        x0, y0, x1, y1 = box
        shape = (y1 - y0, x1 - x0)
        opening, lips = (
            polygon_mask(line, (x0, y0), shape, 0.9).astype(np.float32) / np.float32(255)
            for line in (inner, outer)
        )
        part = picture[y0:y1, x0:x1]
        wet = self._wet_lips(part.astype(np.float32), opening, lips, placed, (x0, y0))
        part[:] = np.rint(wet.clip(0, 255)).astype(np.uint8)

    def _wet_lips(
        self, seen: F32, opening: F32, lips: F32, placed: F32, origin: tuple[int, int]
    ) -> F32:
        """f32[h,w,3]: what of the lips was inside a shut mouth is wet and red, and shines below."""
        width = self._geometry.mouth_width
        gap = float(placed[14, 1] - placed[13, 1]) / width
        along, below, _ = _places(opening.shape, placed, origin)
        away = cv2.distanceTransform((opening < 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        away = away / np.float32(_WET_REACH * width)
        free = np.clip(lips - opening, 0, 1) * smoothstep(np.array((gap - 0.02) / 0.12))
        free = free * smoothstep((np.minimum(along, 1 - along) / 0.15).astype(np.float32))
        red = 0.6 * self._lip + 0.4 * self._flesh
        inner = (_INNER_RED * free * below * np.exp(-((away / 0.8) ** 2)))[..., None]
        out = (
            seen * (1 - _UPPER_DARK * free * (1 - below) * np.exp(-((away / 0.4) ** 2)))[..., None]
        )
        out = out + inner * (red - out)
        grey = seen.mean(2)
        # The shine follows the lip's own folds.
        folds = np.clip(
            grey / np.maximum(cv2.GaussianBlur(grey, (0, 0), 0.05 * width), 1), 0.6, 1.5
        )
        lobes = sum(a * np.exp(-(((along - x) / r) ** 2)) for x, r, a in _LIP_GLINTS)
        shine = _LIP_SHINE * free * below * lobes * folds**3 * np.exp(-(((away - 0.9) / 0.4) ** 2))
        done: F32 = (out + shine[..., None] * self._wet).astype(np.float32)
        return done

    def _row(self, sprite: U8, origin: F32, rig: Rig, stand: Stand, light: F32) -> Sprite:
        corners = rig_row(sprite, origin, rig, stand, light).corners
        fine = _BRIGHT * _in_relief(sprite, float(origin[0]), rig.teeth_px_per_cm)
        shrink = stand.scale / rig.teeth_px_per_cm
        size = (max(round(fine.shape[1] * shrink), 1), max(round(fine.shape[0] * shrink), 1))
        small = cv2.GaussianBlur(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), (0, 0), 0.35)
        small[..., :3] *= light
        small[..., 3] = np.minimum(small[..., 3] / _BRIGHT, 255)
        return Sprite(small.astype(np.float32), corners)

    def _inside(
        self, shape: tuple[int, int], origin: tuple[int, int], weights: F32, pose: Pose, gap: float
    ) -> F32:
        jaw = weights[_JAW] @ self._jaw
        funnel, pucker = float(weights[_FUNNEL]), float(weights[_PUCKER])
        width = self._geometry.mouth_width
        root = self._tip + 0.8 * jaw - np.array([0, 0.05 * width, 0])
        centre = self._on_picture(root, pose)[0] - np.array(origin)
        out = self._cavity_and_tongue(shape, centre.astype(np.float32), gap)
        dim = _warm(1 - 0.4 * max(funnel, pucker))
        at = np.array(origin, np.float32)
        lower = seen_at(shape, self._lower, self._on_picture(self._lower.corners + jaw, pose) - at)
        out = self._over(out, lower, dim, 1 - 0.9 * funnel)
        lift = np.array([0, 0.10 * width * funnel, 0], np.float32)
        upper = seen_at(shape, self._upper, self._on_picture(self._upper.corners + lift, pose) - at)
        return self._over(out, upper, dim, 1.0)

    def _cavity_and_tongue(self, shape: tuple[int, int], centre: F32, gap: float) -> F32:
        """f32[h,w,3]: dark in the throat, flesh at the sides; a round and wet tongue."""
        width = self._geometry.mouth_width
        ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        wall = smoothstep((np.abs(xs - centre[0]) / (0.42 * width) - 0.45) / 0.55)
        out = 0.75 * self._cavity + (0.26 * wall)[..., None] * (self._flesh - 0.75 * self._cavity)
        dx = (xs - centre[0]) / (0.40 * width)
        dy = (ys - centre[1]) / max(0.15 * width, 0.42 * gap)
        away = np.hypot(dx, dy)
        rise = np.sqrt(np.clip(1 - away**2, 0, 1))
        light = 0.34 + 0.52 * smoothstep((dy + 1.05) / 1.5) + 0.20 * rise
        light = light - 0.08 * np.exp(-((dx / 0.13) ** 2)) * rise
        light = light * (1 - 0.35 * smoothstep((away - 0.75) / 0.35))
        shine = np.zeros(shape, np.float32)
        for x, y in _GLINTS:
            shine += np.exp(-(((dx - x) / 0.16) ** 2 + ((dy - y) / 0.12) ** 2))
        shine *= 0.16 * float(smoothstep(np.array((gap / width - 0.12) / 0.2)))
        tongue = self._flesh * light[..., None] + shine[..., None] * self._wet
        cover = smoothstep((1.08 - away) / 0.22)[..., None]
        done: F32 = (out + cover * (tongue - out)).astype(np.float32)
        return done

    def _over(self, below: F32, row: F32, light: F32, share: float) -> F32:
        """A row f32[h,w,4], and its shadow on what lies behind it."""
        step = _CAST * self._geometry.mouth_width
        cast = cv2.GaussianBlur(_lowered(row[..., 3], step), (0, 0), step) / 255
        out = below * (1 - 0.5 * share * cast)[..., None]
        done: F32 = out * (1 - share * row[..., 3:] / 255) + share * light * row[..., :3]
        return done

    def _shade(self, inside: F32, mask: F32, placed: F32, origin: tuple[int, int]) -> F32:
        width = self._geometry.mouth_width
        deep = np.clip(2 * cv2.GaussianBlur(mask, (0, 0), _RIM * width) - 1, 0, 1)
        under = np.minimum(mask, _lowered(mask, _DROP * width))
        lit = smoothstep(1.15 * cv2.GaussianBlur(under, (0, 0), 0.5 * _DROP * width))
        along, below, half = _places(mask.shape, placed, origin)
        corner = smoothstep((np.minimum(along, 1 - along) / 0.2).astype(np.float32))
        light = (0.82 + 0.18 * lit) * (0.62 + 0.38 * smoothstep(1.3 * deep))
        inside = inside * _warm(light) * _warm(0.68 + 0.32 * corner)
        rim = self._lip * (_UPPER_RIM + below[..., None] * (_LOWER_RIM - _UPPER_RIM))
        out = inside + (0.9 * (1 - deep) ** 2)[..., None] * (rim - inside)
        wet = np.exp(-(((deep - 0.25) / 0.22) ** 2)) * below * (mask > 0.02)
        lobes = np.zeros_like(mask)
        for place, reach, amount in _LIP_GLINTS:
            lobes += amount * np.exp(-(((along - place) / reach) ** 2))
        wet = 0.13 * wet * lobes * min(1.0, half / (0.04 * width))
        done: F32 = (out + wet[..., None] * self._wet).astype(np.float32)
        return done


def _warm(light: F32 | float) -> F32:
    """f32[...,3] of shares of light f32[...]: what is in the shade is redder."""
    out: F32 = np.clip(np.asarray(light, np.float32), 1e-3, 2)[..., None] ** _WARM
    return out


def _lowered(mask: F32, rows: float) -> F32:
    out: F32 = cv2.warpAffine(
        mask, np.array([[1, 0, 0], [0, 1, rows]], np.float32), mask.shape[::-1]
    )
    return out


def _places(shape: tuple[int, ...], placed: F32, origin: tuple[int, int]) -> tuple[F32, F32, float]:
    """Of each pixel f32[h,w]: share of the way from corner to corner, and to the lower lip.

    And half the height of the opening.
    """
    left, right = placed[[lm.INNER_LEFT, lm.INNER_RIGHT], :2] - np.array(origin, np.float32)
    across = right - left
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    along = ((xs - left[0]) * across[0] + (ys - left[1]) * across[1]) / max(
        float(across @ across), 1.0
    )
    middle = float(placed[[13, 14], 1].mean()) - origin[1]
    half = max(float(placed[14, 1] - placed[13, 1]) / 2, 1.0)
    down = smoothstep(0.5 + 0.5 * (ys - np.float32(middle)) / np.float32(half))
    return along.astype(np.float32), down, half


def _in_relief(sprite: U8, left_cm: float, px_per_cm: float) -> F32:
    """f32[H,W,4] premultiplied: a row with gaps and roundness one sees, darker along the arch."""
    whole = sprite.astype(np.float32)
    cover = whole[..., 3:] / 255
    own = whole[..., :3] / np.maximum(cover, 1e-2)
    about = cv2.GaussianBlur(whole, (0, 0), _RELIEF_CM * px_per_cm)
    mean = about[..., :3] / np.maximum(about[..., 3:] / 255, 1e-2)
    relief = np.clip(own / np.maximum(mean, 4), _LEAST_RELIEF, 1.6).min(-1)
    tooth = (own[..., 1] > 0.8 * own[..., 2]) & (cover[..., 0] > 0.5)
    # A gap as wide as a hair would be lost at the size of a picture.
    wider = (relief + cv2.erode(relief, np.ones((1, 3), np.uint8))) / 2
    gain = np.clip(np.minimum(wider, relief), _LEAST_RELIEF, 1.15) ** _RELIEF / relief
    own = np.where(tooth[..., None], own * np.clip(gain, 0.3, 1.15)[..., None], own)
    solid = cv2.copyMakeBorder(
        (cover[..., 0] > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT
    )
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3)[1:-1, 1:-1]
    glass = np.clip(1 - depth / (_TIP_CM * px_per_cm), 0, 1) * tooth
    own = own * (1 - glass[..., None] * _TIP)
    columns = np.arange(sprite.shape[1], dtype=np.float32)
    aside = np.abs(columns / np.float32(px_per_cm) + np.float32(left_cm))
    arch = 1 - _ARCH_DARK * smoothstep((aside - _ARCH_CM[0]) / (_ARCH_CM[1] - _ARCH_CM[0]))
    own = own * _warm(arch)[None]
    out: F32 = np.dstack([own.clip(0, 255) * cover, whole[..., 3:]]).astype(np.float32)
    return out
