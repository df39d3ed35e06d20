"""The wall behind a person: the photo where nobody is, made up where somebody is.

At onboarding; any thread, half a second before a plain wall, three before another.
Never changes wall further than a margin from the person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.extrapolation import extrapolated, mirrored
from engines.avatars.matte import disc, smoothstep, steepness
from engines.render.cv import cv2
from engines.values import F32, U8

_PERSON = 5
"""Matte from which on a pixel shows some of the person, of 255."""
_MARGIN_PX = (24, 7)
"""So far outside the person, before a plain wall and a rough one, the photo is no background: hair
that no matte holds, and the seam of light that cameras draw around people. All lengths: of a 512
picture."""
_RAMP_PX = (6, 3)
_HAIRS_PX, _MEDIAN_PX = 56, 7
_ROUGH = (0.8, 3.0)
"""Grey levels a pixel by which plain and rough walls change, hair aside."""
_LINE, _LINE_PX = (1.5, 3.0), 40
"""The same of the steepest line in reach: a wall with one line is no plain wall there."""
_SEAM_PX = 20
"""Nearer than this a line may be the seam of light, or hair."""
_AROUND_PX = 14
_RING_PX = (10, 40)
"""Where a wall must be plain to be filled as one."""
_PLAIN, _MOST = 0.3, 97
"""Roughness up to which it is, and the share of the ring, in percent, that must be so."""
_GRAIN = 6.0
"""Most of a plain wall's own grain that goes on behind the person, in grey levels."""
_RELAXATIONS = 12


def background(photo: U8, alpha: U8) -> U8:
    """u8[S,S,3]: the photo where nobody is, the wall gone on where somebody is.

    A plain wall is filled smoothly, another one with its own edges and texture. What the photo
    shows nearer than a margin is not kept: a renderer gives it back while nothing moves there.
    """
    unit = photo.shape[0] / 512
    person = (alpha > _PERSON).astype(np.uint8)
    if person.all() or not person.any():
        return photo.copy()
    rough = _roughness(photo, person, unit)
    outside = cv2.distanceTransform(1 - person, cv2.DIST_L2, 5) / unit
    hole = outside <= _MARGIN_PX[0] + rough * (_MARGIN_PX[1] - _MARGIN_PX[0])
    near = (outside < _HAIRS_PX) & (person == 0)
    clean = _without_hairs(photo, near, person, unit, 1 - rough)
    ring = rough[(outside > _RING_PX[0]) & (outside < _RING_PX[1])]
    if not len(ring) or np.percentile(ring, _MOST) < _PLAIN:
        still = cv2.medianBlur(clean, 2 * round(_MEDIAN_PX * unit) + 1)
        filled = membrane(still, hole) + _grain(clean, still, hole, unit)
    else:
        filled = extrapolated(clean, hole)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5) / unit
    ramp = _RAMP_PX[0] + rough * (_RAMP_PX[1] - _RAMP_PX[0])
    out = photo + smoothstep(depth / ramp)[..., None] * (filled - photo)
    return np.rint(out).clip(0, 255).astype(np.uint8)


def membrane(picture: U8, hole: NDArray[np.bool_]) -> F32:
    """f32[H,W,C]: the hole filled as a soap film hangs from its rim (Laplace's equation).

    From coarse to fine: each level starts from the one below and is relaxed a little.
    """
    known = picture.astype(np.float32)
    if hole.all() or not hole.any():
        return known
    levels = [(known, hole)]
    while min(levels[-1][1].shape) > 8 and levels[-1][1].any():
        levels.append(_halved(*levels[-1]))
    seen = ~levels[-1][1]
    film = np.where(seen[..., None], levels[-1][0], levels[-1][0][seen].mean(0)).astype(np.float32)
    for values, open_ in reversed(levels):
        height, width = open_.shape
        film = cv2.resize(film, (width, height), interpolation=cv2.INTER_LINEAR)
        for _ in range(_RELAXATIONS):
            film = np.where(open_[..., None], cv2.blur(film, (3, 3)), values)
    return film


def _halved(values: F32, hole: NDArray[np.bool_]) -> tuple[F32, NDArray[np.bool_]]:
    size = (hole.shape[1] // 2, hole.shape[0] // 2)
    weight = (~hole).astype(np.float32)
    total = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    return (total / np.maximum(share, 1e-6)[..., None]).astype(np.float32), share < 0.25


def _roughness(photo: U8, person: U8, unit: float) -> F32:
    """f32[S,S]: 0 where the wall nearby is plain, 1 where it has texture or edges.

    A median takes hair away first, and keeps the edges of windows and leaves.
    """
    usual = cv2.medianBlur(photo, 4 * round(_MEDIAN_PX * unit / 2) + 1).astype(np.float32)
    steep = steepness(usual) * np.float32(unit)
    # The person's own outline is an edge too, and none of the wall's.
    free = 1 - cv2.dilate(person, disc(10 * unit)).astype(np.float32)
    total: F32 = np.zeros_like(steep)
    weight: F32 = np.full_like(steep, 1e-9)
    for k, wide in enumerate((1, 3, 9)):
        sigma = (0, 0), wide * _AROUND_PX * unit / 4
        quarter = (photo.shape[1] // 4, photo.shape[0] // 4)
        sums = [
            cv2.GaussianBlur(cv2.resize(part, quarter, interpolation=cv2.INTER_AREA), *sigma)
            for part in (steep * free, free)
        ]
        total += 0.02**k * cv2.resize(sums[0], steep.shape[::-1])
        weight += 0.02**k * cv2.resize(sums[1], steep.shape[::-1])
    around = smoothstep((total / weight - _ROUGH[0]) / (_ROUGH[1] - _ROUGH[0]))
    further = 1 - cv2.dilate(person, disc(_SEAM_PX * unit))
    small = cv2.resize(steep * further, (128, 128), interpolation=cv2.INTER_AREA)
    most = cv2.GaussianBlur(cv2.dilate(small, disc(_LINE_PX / 4)), (0, 0), 3)
    line = cv2.resize(most, steep.shape[::-1])
    return np.maximum(around, smoothstep((line - _LINE[0]) / (_LINE[1] - _LINE[0])))


def _grain(photo: U8, still: U8, hole: NDArray[np.bool_], unit: float) -> F32:
    """f32[S,S,3]: the wall's fine texture, mirrored at the rim into the hole."""
    # Mirrored lines would be seen as lines: grain is what stays small.
    grain = np.clip(photo.astype(np.float32) - still, -_GRAIN, _GRAIN)
    image, near = mirrored(grain, hole, unit)
    return image * near[..., None]


def _without_hairs(photo: U8, near: NDArray[np.bool_], person: U8, unit: float, plain: F32) -> U8:
    """u8[S,S,3]: thin things that stand out from a plain wall near the person, painted over."""
    usual = cv2.medianBlur(photo, 2 * round(_MEDIAN_PX * unit) + 1)
    apart = np.abs(photo.astype(np.float32) - usual).max(2)
    free = apart[(person == 0) & (plain > 0.5)]
    grain = float(np.percentile(free, 75)) if len(free) else 255.0
    odd = (near & (apart > 2 * grain + 3)).astype(np.uint8)
    share = cv2.GaussianBlur(cv2.dilate(odd, disc(unit)).astype(np.float32), (0, 0), unit)
    share = (smoothstep(2 * share) * plain)[..., None]
    out: U8 = np.rint(photo + share * (usual.astype(np.float32) - photo)).astype(np.uint8)
    return out
