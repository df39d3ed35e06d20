"""Carries the edges and the texture of a wall on into a hole.

At onboarding; any thread, two or three seconds.
Never changes what is known, and knows nothing of persons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.lines import with_lines
from engines.avatars.matte import disc, smoothstep
from engines.render.cv import cv2
from engines.values import F32, U8

_SIDE = 256
"""Edges are carried on in a copy this large: at full size that takes a minute."""
_AROUND_PX = 14
"""Wall that is looked at to tell texture from edges. All lengths: of a 512 picture."""
_EVEN = (0.15, 0.3)
"""Squared mean of the steepness over the mean of its square: a few lines, and texture all over."""
_AIMED = (0.5, 0.8)
"""Coherence of the structure tensor: no direction, and one."""
_BESIDE_PX, _COLOURS, _SAMPLES, _SPREAD = 60, 48, 6000, 6.0
"""Wall whose colours a hole may have, how many, from how many pixels, and their spread in Lab."""
_MIRROR_PX = 60
"""How deep texture goes on."""


def extrapolated(picture: U8, hole: NDArray[np.bool_]) -> F32:
    """f32[S,S,3]: the picture u8[S,S,3] with its hole filled; as it is if all or nothing is hole.

    Frequency selective extrapolation (Genser, Seiler, Schilling, Kaup, "Signal and Loss Geometry
    Aware Frequency Selective Extrapolation for Error Concealment", PCS 2018): waves that explain
    the pixels known around a block run on through it. Straight edges go on beyond what these
    reach, and texture is mirrored in at the rim.
    """
    whole: F32 = picture.astype(np.float32)
    if hole.all() or not hole.any():
        return whole
    unit = picture.shape[0] / 512
    known = (~hole).astype(np.float32)
    waves = with_lines(_waves(picture, hole), picture, hole)
    share = _texture(picture, known, unit)
    image, near = mirrored(whole, hole, unit)
    filled = waves + (share * near)[..., None] * (image - waves)
    return np.where(hole[..., None], filled, whole).astype(np.float32)


def mirrored(picture: F32, hole: NDArray[np.bool_], unit: float) -> tuple[F32, F32]:
    """f32[S,S,3]: in the hole, what lies as far outside its rim as each pixel lies inside.

    And f32[S,S]: 1 at the rim, 0 deep inside, where everything is mirrored at once, and outside.
    """
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    height = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5) - depth
    height = cv2.GaussianBlur(height, (0, 0), 3 * unit)
    out_of = np.dstack([cv2.Sobel(height, -1, 1, 0), cv2.Sobel(height, -1, 0, 1)])
    out_of /= np.sqrt((out_of * out_of).sum(2, keepdims=True)) + np.float32(1e-6)
    ys, xs = np.mgrid[: hole.shape[0], : hole.shape[1]].astype(np.float32)
    # Without a gap: a picture that begins further out would show the rim as a seam.
    at = np.dstack([xs, ys]) + 2 * depth[..., None] * out_of
    out: F32 = cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    known = (~hole).astype(np.float32)
    seen = cv2.remap(known, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101) > 0.99
    # In a bay of the rim the mirror shows the hole itself.
    sure = cv2.erode(seen.astype(np.uint8), disc(3 * unit)).astype(np.float32)
    fade = smoothstep(1 - depth / np.float32(_MIRROR_PX * unit))
    return out, fade * hole * seen * cv2.GaussianBlur(sure, (0, 0), 1.5 * unit)


def _waves(picture: U8, hole: NDArray[np.bool_]) -> F32:
    """f32[S,S,3]: the hole filled with waves, no finer than a pixel of the copy."""
    size = picture.shape[0]
    side = min(size, _SIDE)
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    known = cv2.resize((~hole).astype(np.uint8) * 255, (side, side), interpolation=cv2.INTER_AREA)
    known = np.where(known == 255, 255, 0).astype(np.uint8)
    if not known.any():
        return picture.astype(np.float32)
    drawn = small.copy()
    cv2.xphoto.inpaint(small, known, drawn, cv2.xphoto.INPAINT_FSR_FAST)
    out = _in_colours_beside(drawn, known == 0)
    large: F32 = cv2.resize(out, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return large


def _in_colours_beside(drawn: U8, hole: NDArray[np.bool_]) -> U8:
    """u8[S,S,3]: the filled picture with the hole in colours that there are around it.

    Each channel has waves of its own: where they part, they add up to a colour that is nowhere.
    """
    lab = cv2.cvtColor(drawn, cv2.COLOR_BGR2Lab).astype(np.float32)
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    beside = lab[(away > 0) & (away < _BESIDE_PX * drawn.shape[0] / 512)]
    beside = np.ascontiguousarray(beside[:: len(beside) // _SAMPLES + 1])
    if len(beside) < _COLOURS:
        return drawn
    cv2.setRNGSeed(1)
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 12, 0.5)
    _, _, palette = cv2.kmeans(beside, _COLOURS, None, ends, 1, cv2.KMEANS_PP_CENTERS)
    apart = ((lab[hole][:, None] - palette) ** 2).sum(2)
    near = np.exp((apart.min(1, keepdims=True) - apart) / (2 * _SPREAD**2))
    lab[hole] = (near / near.sum(1, keepdims=True)) @ palette
    out: U8 = cv2.cvtColor(np.rint(lab).clip(0, 255).astype(np.uint8), cv2.COLOR_Lab2BGR)
    return np.where(hole[..., None], out, drawn).astype(np.uint8)


def _texture(picture: U8, known: F32, unit: float) -> F32:
    """f32[S,S]: 1 where what is known nearby is texture all over, without a direction."""
    grey = cv2.GaussianBlur(picture, (0, 0), unit).mean(2).astype(np.float32)
    dx, dy = cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8)
    # The hole's own outline is no edge of the wall.
    free = cv2.erode(known, np.ones((3, 3), np.uint8))

    def near(values: F32) -> F32:
        out: F32 = cv2.GaussianBlur(values * free, (0, 0), _AROUND_PX * unit)
        return out

    weight = near(np.ones_like(grey)) + np.float32(1e-6)
    xx, yy, xy = near(dx * dx) / weight, near(dy * dy) / weight, near(dx * dy) / weight
    total = xx + yy + np.float32(1e-6)
    aimed = (np.sqrt((xx - yy) ** 2 + 4 * xy * xy) / total).astype(np.float32)
    steep = near(np.sqrt(dx * dx + dy * dy)) / weight
    even = (steep * steep / total).astype(np.float32)
    return smoothstep((even - _EVEN[0]) / (_EVEN[1] - _EVEN[0])) * (
        1 - smoothstep((aimed - _AIMED[0]) / (_AIMED[1] - _AIMED[0]))
    )
