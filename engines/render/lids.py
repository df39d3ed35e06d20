"""Skin of a closing upper lid, and the lashes at its edge.

Engine thread; one object per avatar, eye and size, no state between frames.
Never paints below the lid's edge but for the lashes, and nothing on an open eye.

An open eye's photo holds a few rows of pixels of its lid, half of them lashes; drawn out over the
closed eye they are a smear. The lid's colour is taken from the skin around instead.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.curves import smooth_chain
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.values import F32, U8

_STEPS = 64
"""Colours from one corner of the eye to the other."""
_FROM, _FULL = 0.06, 0.4
"""Share of the opening that is closed where the skin sets in, and where it covers all."""
_LASH_FROM, _LASH_FULL = 0.12, 0.6
_LASH_PX = 2.0
"""Of a picture of 512."""
_GRAIN_SIDE = 64
_LINE = np.linspace(0, 1, 22)
_LINE_AT = np.rint(_LINE * (_STEPS - 1)).astype(int)
"""Where along the eye the line of lashes is drawn."""


class Lid:
    """One upper lid."""

    def __init__(self, geometry: Geometry, eye: lm.Eye, photo: U8) -> None:
        a, b = eye.corners
        self._step = geometry.size / 512
        self._edge = np.array([a, *eye.upper, b])
        self._crease = np.array([a, *eye.crease, b])
        self._lower = np.array(eye.lower)
        self._upper = np.array(eye.upper)
        points = geometry.points[:, :2] * np.array([1, -1], np.float32)
        self._open = self._opening(points)
        soft = cv2.GaussianBlur(photo, (0, 0), 0.008 * geometry.face_width)
        colours = np.stack([_skin(soft, points, eye, k) for k in range(len(eye.upper))])
        colours = np.concatenate([colours[:1], colours, colours[-1:]])
        colours = _even(colours)
        at = np.linspace(0, len(colours) - 1, _STEPS)
        self._colours = np.stack(
            [np.interp(at, np.arange(len(colours)), colours[:, c]) for c in range(3)], 1
        ).astype(np.float32)
        self._lash = _lash(photo, points, eye)
        self._grain = _grain(photo, points)

    def _opening(self, points: F32) -> float:
        gap = points[self._lower] - points[self._upper]
        return float(np.linalg.norm(gap[:, :2], axis=1)[1:-1].mean())

    def closed(self, placed: F32) -> float:
        """Share of the eye's opening in the photo that is shut now."""
        return float(np.clip(1 - self._opening(placed) / max(self._open, 1e-3), 0, 1))

    def draw(self, part: U8, placed: F32, origin: tuple[int, int]) -> None:
        """Paint into the window u8[h,w,3] at `origin`; placed f32[468,3] is the face there."""
        closed = self.closed(placed)
        if closed <= _FROM:
            return
        edge = smooth_chain(placed[self._edge, :2]) - np.array(origin, np.float32)
        crease = smooth_chain(placed[self._crease, :2]) - np.array(origin, np.float32)
        ys, xs = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
        along = edge[-1] - edge[0]
        along /= float(along @ along)
        u = (xs - edge[0, 0]) * along[0] + (ys - edge[0, 1]) * along[1]
        # Down the picture, whichever corner comes first.
        normal = np.array([-along[1], along[0]]) * np.sign(along[0]) / np.linalg.norm(along)
        v = (xs - edge[0, 0]) * normal[0] + (ys - edge[0, 1]) * normal[1]
        low, high = (_profile(chain, edge[0], along, normal) for chain in (edge, crease))
        at = np.clip(u * (_STEPS - 1), 0, _STEPS - 1).astype(np.int32)
        depth = (v - high[at]) / np.maximum(low[at] - high[at], 0.5)
        share = smoothstep(np.array((closed - _FROM) / (_FULL - _FROM), np.float32))
        cover = smoothstep((depth + 0.05) / 0.3) * smoothstep((low[at] - v) / 1.2 + 0.5)
        cover = share * cover * smoothstep(u / 0.1) * smoothstep((1 - u) / 0.1)
        light = 1 + 0.05 * np.sin(np.pi * np.clip(depth, 0, 1)) - 0.10 * np.clip(depth, 0, 1) ** 4
        skin = self._colours[at] * light[..., None]
        rows = np.clip(depth * _GRAIN_SIDE / 2, 0, _GRAIN_SIDE - 1).astype(np.int32)
        skin += self._grain[rows, at % _GRAIN_SIDE][..., None]
        mixed = part + cover[..., None] * (skin - part)
        part[:] = np.rint(mixed.clip(0, 255)).astype(np.uint8)
        line = np.stack([edge[0] + t * (edge[-1] - edge[0]) for t in _LINE], 0)
        self._lashes(part, line + low[_LINE_AT, None] * normal, closed)

    def _lashes(self, part: U8, edge: F32, closed: float) -> None:
        amount = float(smoothstep(np.array((closed - _LASH_FROM) / (_LASH_FULL - _LASH_FROM))))
        if amount <= 0:
            return
        mask = np.zeros(part.shape[:2], np.uint8)
        thick = max(round(_LASH_PX * self._step), 1)
        # Lashes are fullest past the middle of the eye and end before its corners.
        whole = np.rint((edge + np.array([0, 0.4 * thick], np.float32)) * 16).astype(np.int32)
        for first, last, strong in ((2, 20, 90), (4, 18, 180), (6, 16, 255)):
            cv2.polylines(mask, [whole[first:last]], False, strong, thick, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.9 * self._step).astype(np.float32) / 255
        share = (0.8 * amount * soft)[..., None]
        part[:] = np.rint(part + share * (self._lash - part)).astype(np.uint8)


def _skin(photo: U8, points: F32, eye: lm.Eye, k: int) -> F32:
    """f32[3]: colour of bare skin about one pair of lid points."""
    upper, crease, above, lower = (
        points[row[k]] for row in (eye.upper, eye.crease, eye.above, eye.lower)
    )
    over = [upper + t * (crease - upper) for t in (0.5, 0.65, 0.8, 0.95)]
    over += [crease + t * (above - crease) for t in (0.1, 0.25, 0.4, 0.55)]
    under = [lower + t * (lower - upper) for t in (0.45, 0.6, 0.8, 1.0)]
    light, below = _sorted(photo, over), _sorted(photo, under)
    # Lashes, brows and the frames of glasses are darker than skin, gloss is lighter.
    out: F32 = 0.7 * light[4] + 0.3 * below[2]
    return out.astype(np.float32)


def _sorted(photo: U8, places: list[F32]) -> F32:
    """f32[N,3] colours at some places, dark to light."""
    size = photo.shape[0]
    rows = np.clip(np.rint([p[1] for p in places]).astype(int), 0, size - 1)
    columns = np.clip(np.rint([p[0] for p in places]).astype(int), 0, size - 1)
    seen = photo[rows, columns].astype(np.float32)
    return np.asarray(seen[np.argsort(seen.sum(1))], np.float32)


def _even(colours: F32) -> F32:
    """Smooth along the lid."""
    padded = np.concatenate([colours[:1], colours[:1], colours, colours[-1:], colours[-1:]])
    weights = np.array([1, 2, 3, 2, 1], np.float32) / 9
    out: F32 = sum(w * padded[i : i + len(colours)] for i, w in enumerate(weights))
    return out


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
    fine = cv2.GaussianBlur(noise, (0, 0), 0.6)
    out: F32 = fine / fine.std() * min(rough, 4.0)
    return out


def _profile(chain: F32, start: F32, along: F32, normal: F32) -> F32:
    """f32[64]: a curve's height over the line between the corners."""
    away = chain - start
    u, v = away @ along, away @ normal
    order = np.argsort(u)
    steps = np.linspace(0, 1, _STEPS)
    return np.interp(steps, u[order], v[order]).astype(np.float32)
