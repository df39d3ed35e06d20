"""The opening between the lips: cavity, tongue, both rows of teeth, and the wet rim of the lips.

Engine thread; one object per avatar and size, no state between frames.
Never draws over closed lips; outside the inner lips only a tongue that is put out, and its shadow.
"""

from __future__ import annotations

from math import floor, hypot

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.matte import ease, smoothstep
from engines.avatars.rigging import umeyama
from engines.render import landmarks as lm
from engines.render.curves import lens, levels, polygon_mask, three, tinted, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry, Pose
from engines.render.rig import Rig
from engines.render.teeth import (
    TEETH_BEHIND_CM,
    Sprite,
    Stand,
    long_crowns,
    own_light,
    own_row,
    rig_row,
    with_sides,
)
from engines.render.tongue import Tongue
from engines.values import F32, MOTION_INDEX, U8

_CAVITY = np.array([20, 16, 44], np.float32)
_SHOWN_SHARE = 0.055
"""The upper teeth reach this share of the mouth's width below the line of the closed lips."""
_LOWER_DROP_CM = 0.06
_RIM_SHARE = 0.028
_WARMTH = np.array([1.25, 1.1, 1.0], np.float32)
_MIDDLE_UP, _MIDDLE_LOW = np.array(lm.UPPER_INNER[3:6]), np.array(lm.LOWER_INNER[3:6])
_MIDDLE = np.concatenate([_MIDDLE_LOW, _MIDDLE_UP])
_PARTED = np.repeat(np.array([1, -1], np.float32) / len(_MIDDLE_UP), len(_MIDDLE_UP))
"""How much each of those counts in how far the lips are apart."""
_UPPER_CHAIN = np.array([lm.INNER_LEFT, *lm.UPPER_INNER, lm.INNER_RIGHT])
_LOWER_CHAIN = np.array([lm.INNER_LEFT, *lm.LOWER_INNER, lm.INNER_RIGHT])
_CORNERS = [lm.MOUTH_LEFT, lm.MOUTH_RIGHT]
_CREASE = 0.5
"""Share of the way from the inner to the outer corner of the lips that an open mouth reaches."""
_CORNER_REACH, _CORNER_EASE = 0.11, 0.9
"""Mouth widths about a corner, and the share of its dark that goes as the mouth opens."""
_RING = (1.2, 1.9)
"""Of those, from the corner to the skin beside it that lends its light."""
_SQUARE_STEPS = np.float32(512)
_SQUARES = (np.arange(9 * _SQUARE_STEPS, dtype=np.float32) + np.float32(0.5)) / _SQUARE_STEPS
"""Squares of distances from a corner, in radii: on a grid of these there is little to reckon."""
_NEAR = np.float32(_CORNER_EASE) * np.exp(-_SQUARES) * smoothstep(1.8 - np.sqrt(_SQUARES))
_ON_RING = (_SQUARES > _RING[0] ** 2) & (_SQUARES < _RING[1] ** 2)
_DIAGONAL = (np.arange(3), np.arange(3))
_JAW = [MOTION_INDEX[n] for n in ("jawForward", "jawLeft", "jawRight", "jawOpen")]
_FUNNEL, _PUCKER = MOTION_INDEX["mouthFunnel"], MOTION_INDEX["mouthPucker"]
_TONGUE_OUT = MOTION_INDEX["tongueOut"]


class Mouth:
    """Draws the mouth's inside into a finished face."""

    def __init__(self, avatar: Avatar, geometry: Geometry, rig: Rig, photo: U8) -> None:
        self._geometry = geometry
        face = geometry.face
        width = geometry.mouth_width
        self._rest_gap = float((face[_MIDDLE_UP, 1] - face[_MIDDLE_LOW, 1]).mean())
        _, turn, _ = umeyama(rig.neutral, face)
        deep = float(np.linalg.norm(face[lm.MOUTH_LEFT] - face[lm.MOUTH_RIGHT]))
        scale = geometry.rig_scale * float(np.clip(deep / (4.9 * geometry.rig_scale), 0.85, 1.2))
        behind = TEETH_BEHIND_CM * geometry.rig_scale
        # Down along the face as the picture shows it, back along the line of sight.
        down = turn[:2, 1] / np.linalg.norm(turn[:2, 1]) * _SHOWN_SHARE * width
        self._tip = ((face[13] + face[14]) / 2 - np.append(down, behind)).astype(np.float32)
        stand = Stand(scale, turn, self._tip)
        light = own_light(avatar, rig)
        own = own_row(avatar, geometry)
        light = avatar.teeth_light if light is None else light
        crowns = long_crowns(rig.upper_teeth, rig.teeth_px_per_cm)
        upper = self._row(crowns, rig.upper_origin, rig, stand, light)
        self._upper = upper if own is None else with_sides(own, upper)
        drop = np.array([0, _LOWER_DROP_CM * scale, 0.2 * scale], np.float32)
        below = Stand(scale, turn, self._tip - turn @ drop)
        self._lower = self._row(rig.lower_teeth, rig.lower_origin, rig, below, 0.72 * light)
        self._tongue = Tongue(avatar.teeth_light)
        self._cavity = _CAVITY * avatar.teeth_light
        # Bone moves with the jaw shapes only; the lip's own travel sets the scale.
        ratio = float(rig.lower_travel[1] / rig.deltas[MOTION_INDEX["jawOpen"], 14, 1])
        deltas = avatar.deltas[_JAW, 14] * np.float32(geometry.size / avatar.portrait.shape[0])
        self._jaw = (deltas * ratio).astype(np.float32)
        lip = avatar.lip_colour
        self._upper_rim = lip * np.array([0.42, 0.40, 0.50], np.float32)
        self._lower_rim = lip * np.array([0.66, 0.64, 0.74], np.float32)

    def _row(self, sprite: U8, origin: F32, rig: Rig, stand: Stand, light: F32) -> Sprite:
        return rig_row(sprite, origin, rig, stand, light)

    def draw(self, picture: U8, placed: F32, weights: F32, pose: Pose) -> None:
        """Paint into u8[S,S,3]; placed f32[468,3] is the face on the picture."""
        gap = float(placed[:, 1].take(_MIDDLE) @ _PARTED)
        width = self._geometry.mouth_width
        step = self._geometry.size / 512
        shown = ease((gap - self._rest_gap - 0.5 * step) / (0.05 * width))
        if shown <= 0:
            return
        upper, lower = placed[_UPPER_CHAIN, :2], placed[_LOWER_CHAIN, :2]
        # The dark crease of the photo's corners lies outside the inner lips: it is the corner.
        reach = np.float32(_CREASE * shown * (1 - ease((gap / width - 0.2) / 0.5)))
        for chain in (upper, lower):
            chain[[0, -1]] += reach * (placed[_CORNERS, :2] - chain[[0, -1]])
        outline = lens(upper, lower)
        box = window(outline, 3, self._geometry.size, self._geometry.size)
        if box is None:
            return
        out = float(weights[_TONGUE_OUT]) * shown
        box = self._taller(box, self._tongue.reach(out, width))
        x0, y0, x1, y1 = box
        shape = (y1 - y0, x1 - x0)
        mask = polygon_mask(outline, (x0, y0), shape, 0.9 * step).astype(np.float32)
        mask *= np.float32(1 / 255)
        self._ease_corners(picture, placed, gap)
        layer = self._put_out(shape, (x0, y0), placed, out)
        inside = self._inside(shape, (x0, y0), weights, pose, gap)
        inside = self._shade(inside, mask, placed, (x0, y0))
        part = picture[y0:y1, x0:x1]
        mixed: F32 = part.astype(np.float32)
        inside -= mixed
        inside *= three(mask * np.float32(shown))
        mixed += inside
        if layer is not None:
            mixed = self._over_lip(mixed, mask, placed, (x0, y0), layer)
        part[:] = levels(mixed)

    def _ease_corners(self, picture: U8, placed: F32, gap: float) -> None:
        """Take the dark of the closed mouth's corners off the skin beside an open one."""
        width = self._geometry.mouth_width
        amount = ease((gap / width - 0.06) / 0.16)
        radius = _CORNER_REACH * width
        if amount <= 0:
            return
        ends = placed[_CORNERS, :2]
        out = ends[1] - ends[0]
        out /= np.float32(max(hypot(*out.tolist()), 2.0))
        # Both corners at once: windows of one size, moved inside the picture.
        side = 2 * round(2 * radius) + 2
        most = self._geometry.size - side
        first = [
            [min(max(floor(v) - side // 2 + 1, 0), most) for v in end] for end in ends.tolist()
        ]
        dx, dy = (
            (np.arange(side, dtype=np.float32) + (np.array(first, np.float32) - ends)[..., None])
            / np.float32(radius)
        ).transpose(1, 0, 2)
        at = _SQUARE_STEPS * (dx * dx)[:, None] + _SQUARE_STEPS * (dy * dy)[..., None]
        at = at.astype(np.intp)
        # The skin just outside, on a half ring.
        beside = dx[:, None] * out[0] + dy[..., None] * out[1]
        beside[0] *= -1
        ring = _ON_RING.take(at, mode="clip") & (beside > 0.5)
        near = _NEAR.take(at, mode="clip") * np.float32(amount)
        for (x0, y0), share, there in zip(first, near, ring.view(np.uint8), strict=True):
            part = picture[y0 : y0 + side, x0 : x0 + side]
            if not there.any():
                continue
            lighter = np.array(cv2.mean(part, there)[:3], np.float32) - part
            # Less than nothing lighter is left as it is.
            np.maximum(lighter, 0, out=lighter)
            lighter *= three(share)
            lighter += part
            part[:] = levels(lighter)

    def _taller(self, box: tuple[int, int, int, int], reach: float) -> tuple[int, int, int, int]:
        """The window with room for the tongue below."""
        x0, y0, x1, y1 = box
        extra = round(1.3 * reach)
        return x0, y0, x1, min(y1 + extra, self._geometry.size)

    def _put_out(
        self, shape: tuple[int, int], origin: tuple[int, int], placed: F32, out: float
    ) -> tuple[F32, F32] | None:
        """Colour and cover of a tongue that is put out."""
        width = self._geometry.mouth_width
        if self._tongue.reach(out, width) <= 0:
            return None
        upper, lower = placed[[13, 14], :2] - np.array(origin, np.float32)
        root = upper + np.float32(0.42) * (lower - upper)
        return self._tongue.put_out(shape, root, lower, out, width)

    def _over_lip(
        self, mixed: F32, mask: F32, placed: F32, origin: tuple[int, int], layer: tuple[F32, F32]
    ) -> F32:
        """A tongue that is put out, over the lower lip, and its shadow on lip and chin."""
        colour, cover = layer
        rows = np.arange(mask.shape[0], dtype=np.float32)[:, None] + origin[1]
        below = smoothstep((rows - np.float32(placed[[13, 14], 1].mean())) / np.float32(4))
        free = (cover[..., 0] * np.maximum(mask, below))[..., None]
        width = self._geometry.mouth_width
        drop = round(0.03 * width)
        cast = cv2.GaussianBlur(np.roll(cover[..., 0] * below, drop, 0), (0, 0), 0.035 * width)
        dark = 1 - 0.38 * (cast * (1 - mask))[..., None]
        out: F32 = (mixed * dark).astype(np.float32)
        out += free * (colour - out)
        return out

    def _inside(
        self,
        shape: tuple[int, int],
        origin: tuple[int, int],
        weights: F32,
        pose: Pose,
        gap: float,
    ) -> F32:
        """Cavity, tongue and teeth of the window, f32[h,w,3]."""
        jaw = weights[_JAW] @ self._jaw
        funnel, pucker = float(weights[_FUNNEL]), float(weights[_PUCKER])
        width = self._geometry.mouth_width
        out = np.full((*shape, 3), self._cavity, np.float32)
        lift = np.array([0, 0.10 * width * funnel, 0], np.float32)
        tongue = self._tip + 0.8 * jaw - np.array([0, 0.05 * width, 0])
        places = np.concatenate(
            [tongue[None], self._lower.corners + jaw, self._upper.corners + lift]
        )
        places = self._on_picture(places, pose) - np.array(origin, np.float32)
        half = (0.36 * width, max(0.13 * width, 0.36 * gap))
        self._tongue.lie(out, (float(places[0, 0]), float(places[0, 1])), half)
        # Rounded lips stand away from the teeth: less light reaches them, and it is warmer.
        dim = (1 - 0.5 * max(funnel, pucker)) ** _WARMTH
        _paste(out, self._lower, places[1:4], dim, 1 - 0.9 * funnel)
        _paste(out, self._upper, places[4:], dim)
        return out

    def _on_picture(self, points: F32, pose: Pose) -> F32:
        points = np.atleast_2d(points).astype(np.float32)
        placed: F32 = self._geometry.placed(points.T, None, pose)[:2].T
        return placed

    def _shade(self, inside: F32, mask: F32, placed: F32, origin: tuple[int, int]) -> F32:
        """Darken toward the lips, then lay the wet inner side of the lips over the edge."""
        sigma = _RIM_SHARE * self._geometry.mouth_width
        deep: F32 = cv2.GaussianBlur(mask, (0, 0), sigma)
        deep *= 2
        deep -= 1
        np.maximum(deep, 0, out=deep)
        np.minimum(deep, 1, out=deep)
        lit = smoothstep(np.float32(1.15) * deep)
        lit *= np.float32(0.65)
        lit += np.float32(0.35)
        inside *= three(lit)
        middle = (placed[13, :2] + placed[14, :2]) / 2
        rows = np.arange(mask.shape[0], dtype=np.float32) + origin[1] - middle[1]
        half = max(float(placed[14, 1] - placed[13, 1]) / 2, 1.0)
        below = smoothstep(0.5 + 0.5 * rows / half)
        rim = tinted(below[:, None], self._lower_rim - self._upper_rim, self._upper_rim) - inside
        deep -= 1
        deep *= deep
        deep *= np.float32(0.9)
        rim *= three(deep)
        inside += rim
        return inside


def _paste(out: F32, sprite: Sprite, corners: F32, light: F32, share: float = 1.0) -> None:
    """Into f32[h,w,3], where the corners f32[3,2] of the sprite lie."""
    seen = seen_at(out.shape, sprite, corners)
    cover = cv2.extractChannel(seen, 3)
    cover *= np.float32(-share / 255)
    cover += 1
    out *= three(cover)
    lit = np.zeros((3, 4), np.float32)
    lit[_DIAGONAL] = share * light
    out += cv2.transform(seen, lit)


def seen_at(shape: tuple[int, ...], sprite: Sprite, corners: F32) -> F32:
    """The sprite where its corners f32[3,2] lie in a window, f32[h,w,4] premultiplied."""
    height, width = sprite.image.shape[:2]
    source = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    matrix = cv2.getAffineTransform(source, np.ascontiguousarray(corners))
    out: F32 = cv2.warpAffine(sprite.image, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return out
