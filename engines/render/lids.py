"""Skin of a closing upper lid, and the lashes at its edge.

Engine thread; one object per avatar, eye and size, no state between frames.
Never paints below the lid's edge but for the lashes, and nothing on an open eye.

An open eye's photo holds a few rows of pixels of its lid, half of them lashes; drawn out over the
closed eye they are a smear. The lid's skin is hung as a soap film from the skin around instead.
"""

from __future__ import annotations

from math import copysign, hypot

import numpy as np

from engines.avatars.matte import smoothstep
from engines.avatars.wall import membrane
from engines.render import landmarks as lm
from engines.render.curves import lay, smooth_chain, soft, three
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.values import F32, U8

_STEPS = 64
_ROWS = 24
"""The lid's skin from one corner of the eye to the other, and from crease to edge."""
_FROM, _FULL = 0.06, 0.4
"""Share of the opening that is closed where the skin sets in, and where it covers all."""
_OVER_CREASE, _SOFT_TOP = 0.3, 0.5
"""The painted skin sets in this share of the way from the crease to the row above it, and is full
after such a share of its height."""
_PAST = 0.1
"""Widths of the eye past its corners: folds of an open lid are dark there."""
_BELOW = 0.5
"""Of the eye's opening: lashes hang this far over the skin below it."""
_CREASE_SHADE, _CREASE_AT, _CREASE_WIDE = 0.16, 0.2, 0.08
_BULGE, _EDGE_SHADE = 0.11, 0.1
_DARKEST, _GREY_FROM, _HUE, _LEAST_HUE = 0.57, 0.85, 1.6, 0.3
"""Of the skin's usual light: a lid is no darker, and below which light it takes the skin's hue;
some of which it has in any light."""
_TURNED, _IN_LIGHT = 0.3, 0.92
"""How much of what it lacks of that share of the usual light a lid gains as it shuts; none in the
hard shade of a deep socket."""
_THIN = 4.0
"""Blurs (of 0.008 face widths) that lashes and folds are thinner than."""
_LASH_FROM, _LASH_FULL = 0.12, 0.6
_LASH_PX, _LASH_SOFT = 2.0, 0.6
"""Of a picture of 512."""
_LASH_HANG = 0.2
"""Of their thickness: how far lashes hang over the lid's edge."""
_GRAIN_SIDE = 64
_ACROSS = np.linspace(0, 1, _STEPS)
_LINE = np.linspace(0, 1, 22)
_LINE_AT = np.rint(_LINE * (_STEPS - 1)).astype(int)
"""Where along the eye the line of lashes is drawn."""


class Lid:
    """One upper lid."""

    def __init__(self, geometry: Geometry, eye: lm.Eye, photo: U8) -> None:
        a, b = eye.corners
        self._step = geometry.size / 512
        self._edge = np.array([a, *eye.upper, b])
        self._crease, self._above = np.array(eye.crease), np.array(eye.above)
        self._lower = np.array(eye.lower)
        self._upper = np.array(eye.upper)
        middle = len(eye.upper) - 2
        self._ajar = np.array([*eye.lower[1:-1], *eye.upper[1:-1], a, b])
        self._ways = np.zeros((2, len(self._ajar)), np.float32)
        """Of those points: the way between the middles of the lids, and from corner to corner."""
        self._ways[0, :middle], self._ways[0, middle:-2] = -1 / middle, 1 / middle
        self._ways[1, -2:] = -1, 1
        points = geometry.points[:, :2] * np.array([1, -1], np.float32)
        self._open = self._opening(points)
        self._skin = self._made(photo, points, 0.008 * geometry.face_width)
        self._lash = _lash(photo, points, eye)
        self._grain = _grain(photo, points)

    def _opening(self, points: F32) -> float:
        """Pixels; less than 0 where the lids overlap."""
        (x, y, *_), (u, v, *_) = (self._ways @ points.take(self._ajar, 0)).tolist()
        return float(copysign(1.0, u) * (x * v - y * u) / max(hypot(u, v), 1e-6))

    def closed(self, placed: F32) -> float:
        """Share of the eye's opening in the photo that is shut now."""
        return min(max(1 - self._opening(placed) / max(self._open, 1e-3), 0.0), 1.0)

    def shows(self, placed: F32) -> bool:
        """Whether there is something to draw: `draw` does nothing where there is not."""
        return self.closed(placed) > _FROM

    def _top(self, placed: F32) -> F32:
        """f32[9,2]: where the painted skin sets in, past the corners as high as beside them."""
        row = placed[self._crease] + _OVER_CREASE * (placed[self._above] - placed[self._crease])
        a, b = placed[self._edge[[0, -1]]]
        first = a + 0.8 * (row[0] - placed[self._upper[0]])
        last = b + 0.5 * (row[-1] - placed[self._upper[-1]])
        return np.concatenate([first[None], row, last[None]]).astype(np.float32)

    def _made(self, photo: U8, points: F32, blur: float) -> F32:
        """f32[_ROWS,_STEPS,3]: the lid's skin, hung as a film from the bare skin around the eye."""
        top = smooth_chain(self._top(points))
        under = points[self._lower] + _BELOW * (points[self._lower] - points[self._upper])
        under = np.concatenate([top[:1], under, top[-1:]])
        hole = np.concatenate([top, smooth_chain(under)[::-1]])
        x0, y0 = np.maximum(np.floor(hole.min(0)).astype(int) - 8, 0)
        x1, y1 = np.ceil(hole.max(0)).astype(int) + 9
        corner = np.array([x0, y0], np.float32)
        mask = np.zeros(photo[y0:y1, x0:x1].shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.rint((hole - corner) * 16).astype(np.int32)], 255, 8, 4)
        smooth = cv2.GaussianBlur(photo[y0:y1, x0:x1], (0, 0), blur)
        # Lashes and folds are thin and dark; the shade of a socket is wide, and stays.
        reach = 2 * max(round(_THIN * blur), 1) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        bare = cv2.GaussianBlur(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, disc), (0, 0), 2 * blur)
        film = _lit(membrane(bare, mask > 0), _usual(photo, points))
        u = np.linspace(0, 1, _STEPS, dtype=np.float32)
        high, low = (
            np.stack([np.interp(u, np.linspace(0, 1, len(c)), c[:, k]) for k in range(2)], 1)
            for c in (top, smooth_chain(under))
        )
        down = np.linspace(0, 1, _ROWS, dtype=np.float32)[:, None, None]
        at = (high + down * (low - high) - corner).astype(np.float32)
        return np.asarray(cv2.remap(film, at, None, cv2.INTER_LINEAR), np.float32)

    def draw(self, part: U8, placed: F32, origin: tuple[int, int]) -> None:
        """Paint into the window u8[h,w,3] at `origin`; placed f32[468,3] is the face there."""
        closed = self.closed(placed)
        if closed <= _FROM:
            return
        corner = np.array(origin, np.float32)
        edge = smooth_chain(placed[self._edge, :2]) - corner
        crease = smooth_chain(self._top(placed[:, :2])) - corner
        xs = np.arange(part.shape[1], dtype=np.float32) - edge[0, 0]
        ys = np.arange(part.shape[0], dtype=np.float32)[:, None] - edge[0, 1]
        along = edge[-1] - edge[0]
        along /= float(along @ along)
        u = xs * along[0] + ys * along[1]
        # Down the picture, whichever corner comes first.
        normal = np.array([-along[1], along[0]]) * np.sign(along[0]) / np.linalg.norm(along)
        v = xs * normal[0] + ys * normal[1]
        low, high = (_profile(chain, edge[0], along, normal) for chain in (edge, crease))
        inside = np.minimum(np.maximum(u, 0), 1)
        across = (_STEPS - 1) * inside
        at = across.astype(np.intp)
        bottom, top = low.take(at), high.take(at)
        depth = (v - top) / np.maximum(bottom - top, 0.5)
        share = smoothstep(np.array((closed - _FROM) / (_FULL - _FROM), np.float32))
        cover = smoothstep(depth / _SOFT_TOP) * smoothstep((bottom - v) / 1.2 + 0.5)
        cover = share * cover * smoothstep((u + _PAST) / 0.2) * smoothstep((1 + _PAST - u) / 0.2)
        down = np.minimum(np.maximum(depth, 0), 1)
        # An eyeball lies under the lid; the crease above it and its edge are in its shade.
        middle = np.sin(np.pi * np.minimum(np.maximum(u, 0.001), 0.999))
        light = (
            1
            - 0.3 * _BULGE
            + _BULGE * middle * np.sin(np.pi * down)
            - _EDGE_SHADE * (down * down) ** 2
        )
        crease_at = np.exp(-(((depth - _CREASE_AT) / _CREASE_WIDE) ** 2))
        light -= _CREASE_SHADE * crease_at * np.sqrt(middle)
        skin = cv2.remap(self._skin, across, (_ROWS - 1) * down, cv2.INTER_LINEAR)
        skin *= three(light)
        rows = np.minimum(np.maximum(depth * _GRAIN_SIDE / 2, 0), _GRAIN_SIDE - 1).astype(np.intp)
        skin += three(self._grain.take(rows * _GRAIN_SIDE + at % _GRAIN_SIDE))
        lay(part, np.maximum(skin, 0, out=skin), cover)
        line = edge[0] + _LINE[:, None] * (edge[-1] - edge[0])
        self._lashes(part, line + low[_LINE_AT, None] * normal, closed)

    def _lashes(self, part: U8, edge: F32, closed: float) -> None:
        amount = float(smoothstep(np.array((closed - _LASH_FROM) / (_LASH_FULL - _LASH_FROM))))
        if amount <= 0:
            return
        mask = np.zeros(part.shape[:2], np.uint8)
        thick = max(round(_LASH_PX * self._step), 1)
        # Lashes are fullest past the middle of the eye and end before its corners.
        whole = np.rint((edge + np.array([0, _LASH_HANG * thick], np.float32)) * 16).astype(
            np.int32
        )
        for first, last, strong in ((2, 20, 90), (4, 18, 180), (6, 16, 255)):
            cv2.polylines(mask, [whole[first:last]], False, strong, thick, cv2.LINE_AA, 4)
        share = soft(mask, _LASH_SOFT * self._step) * np.float32(0.72 * amount / 255)
        lay(part, self._lash, share)


def _usual(photo: U8, points: F32) -> F32:
    """f32[3]: usual light of the face's skin, in the hue of its duller parts: gloss has none."""
    places = [points[i] for i in (50, 101, 205, 118, 280, 330, 425, 347, 151, 108, 337, 217, 437)]
    seen = _sorted(photo, places)
    hue = seen[1:7].mean(0)
    out: F32 = hue * (float(seen[2:9].mean()) / max(float(hue.mean()), 1))
    return out.astype(np.float32)


def _lit(skin: F32, usual: F32) -> F32:
    """Skin f32[h,w,3] out of the deepest shade of its socket, which a lid's bulge leaves."""
    level = np.maximum(skin.mean(2, keepdims=True), 1)
    least = _DARKEST * float(usual.mean())
    raised = np.maximum(level, least + 0.25 * (level - least))
    # A shut lid faces the light that its fold hid it from.
    soft = _TURNED * smoothstep((level / float(usual.mean()) - _DARKEST) / 0.25)
    raised = raised + soft * np.maximum(_IN_LIGHT * float(usual.mean()) - raised, 0)
    # Shade is grey where the skin is not.
    grey = np.clip(_HUE * (_GREY_FROM - level / float(usual.mean())), _LEAST_HUE, 0.85)
    out: F32 = raised * ((1 - grey) * skin / level + grey * usual / float(usual.mean()))
    return out.astype(np.float32)


def _sorted(photo: U8, places: list[F32]) -> F32:
    """f32[N,3] colours at some places, dark to light."""
    size = photo.shape[0]
    rows = np.clip(np.rint([p[1] for p in places]).astype(int), 0, size - 1)
    columns = np.clip(np.rint([p[0] for p in places]).astype(int), 0, size - 1)
    seen = photo[rows, columns].astype(np.float32)
    return np.asarray(seen[np.argsort(seen.sum(1))], np.float32)


def _lash(photo: U8, points: F32, eye: lm.Eye) -> F32:
    """f32[3]: the dark along the upper lid's edge."""
    chain = smooth_chain(points[list(eye.upper)])
    return np.asarray(_sorted(photo, list(chain))[len(chain) // 4], np.float32)


def _grain(photo: U8, points: F32) -> F32:
    """f32[64,64]: noise as strong as the photo's on the cheeks."""
    x, y = np.rint(points[50]).astype(int)
    part = photo[max(y - 8, 0) : y + 8, max(x - 8, 0) : x + 8].astype(np.float32).mean(2)
    rough = float((part - cv2.GaussianBlur(part, (0, 0), 1.5)).std()) if part.size else 1.0
    noise = np.random.default_rng(3).normal(size=(_GRAIN_SIDE, _GRAIN_SIDE)).astype(np.float32)
    # Pores, and the fine lines along a lid.
    fine, lines = (
        cv2.GaussianBlur(noise, (0, 0), 0.6),
        cv2.GaussianBlur(noise, (0, 0), 5.0, None, 0.7),
    )
    both = fine / fine.std() + lines / lines.std()
    out: F32 = both / both.std() * min(0.8 * rough, 5.0)
    return out


def _profile(chain: F32, start: F32, along: F32, normal: F32) -> F32:
    """f32[64]: a curve's height over the line between the corners."""
    away = chain - start
    u, v = away @ along, away @ normal
    order = np.argsort(u)
    return np.interp(_ACROSS, u[order], v[order]).astype(np.float32)
