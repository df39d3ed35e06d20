"""The wall behind a person: the photo where nobody is, made up where somebody is.

At onboarding; any thread, half a second.
Never changes a pixel of wall that the person and their stray hair leave free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.exemplar import continued
from engines.avatars.matte import colours_near, disc, smoothstep
from engines.render.cv import cv2
from engines.values import F32, U8

_PERSON = 5
"""Matte from which on a pixel shows some of the person, of 255."""
_MARGIN_PX = (16, 3)
"""So far outside the person, before a plain wall and a rough one, the photo is no background.
All lengths: of a 512 picture."""
_RAMP_PX = (6, 1)
_HAIRS_PX, _MEDIAN_PX = 24, 7
_ROUGH = (0.8, 3.0)
"""Grey levels a pixel by which plain and rough walls change, hair aside."""
_AROUND_PX = 14
_SOURCE_PX = 12.0
"""From here outward pieces are taken: nearer, missed hair would be sown along the rim."""
_CLOSE_PX = 4.0
"""Nearer than this the wall is not seen free of the person."""
_HAIR = (0.06, 0.16)
"""Share of the way from the wall's colour to the person's, of no hair and of some."""
_SLIGHT = (6.0, 14.0)
"""Grey levels by which a wall made up may differ without a line of the true one being lost."""
_GRAIN_PX, _GRAIN = 60, 6.0
"""How deep a plain wall's own grain goes on behind the person, and its most in grey levels."""
_DEEP_PX = (22, 32)
"""From here on, and no further, texture goes on behind the person: no motion uncovers more."""
_FOCUS_PX, _BLUR_PX = (6, 12), (3.0, 6.0)
"""So far in, pieces are blurred by so much: sharp, their seams would be what is seen of them."""
_RELAXATIONS = 12


def background(photo: U8, alpha: U8) -> U8:
    """u8[S,S,3]: the photo where nobody is, the wall gone on where somebody is.

    A plain wall is filled smoothly, and stray hair before it painted over; a rough one goes on
    with pieces of itself.
    """
    unit = photo.shape[0] / 512
    person = (alpha > _PERSON).astype(np.uint8)
    if person.all() or not person.any():
        return photo.copy()
    rough = _roughness(photo, person, unit)
    outside = cv2.distanceTransform(1 - person, cv2.DIST_L2, 5) / unit
    margin = _MARGIN_PX[0] + rough * (_MARGIN_PX[1] - _MARGIN_PX[0])
    hole = outside <= margin
    near = (outside < _HAIRS_PX) & (person == 0)
    clean = _without_hairs(photo, near, person, unit, 1 - rough)
    still = cv2.medianBlur(clean, 2 * round(_MEDIAN_PX * unit) + 1)
    smooth = membrane(still, hole)
    plain = smooth + _mirrored_grain(clean, still, hole, unit)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5) / unit
    pieces, found = continued(clean, hole & (depth < _DEEP_PX[1]), outside > _SOURCE_PX)
    deep = smoothstep((_DEEP_PX[1] - depth) / (_DEEP_PX[1] - _DEEP_PX[0]))
    share = (found * deep * rough)[..., None]
    sure = np.where(hole, found, 1).astype(np.float32)
    filled = plain + share * (_out_of_focus(pieces, sure, depth, unit) - plain)
    ramp = _RAMP_PX[0] + rough * (_RAMP_PX[1] - _RAMP_PX[0])
    filled = (clean + smoothstep(depth / ramp)[..., None] * (filled - clean)).astype(np.float32)
    slight = 1 - smoothstep((np.abs(filled - photo).max(2) - _SLIGHT[0]) / np.ptp(_SLIGHT))
    hair = np.maximum(_like_person(photo, filled, alpha), slight)
    hidden = np.maximum(hair, smoothstep((_CLOSE_PX - outside) / 1.5))
    out: U8 = np.rint(photo + hidden[..., None] * (filled - photo)).clip(0, 255).astype(np.uint8)
    return out


def _out_of_focus(pieces: U8, sure: F32, depth: F32, unit: float) -> F32:
    """f32[S,S,3]: the picture with what was put together blurred, the more the deeper it lies.

    sure f32[S,S]: 0 where nothing was put; depth f32[S,S] into the hole, of a 512 picture.
    """
    out: F32 = pieces.astype(np.float32)
    known, begin = out * sure[..., None], 0
    for end, radius in zip(_FOCUS_PX, _BLUR_PX, strict=True):
        weight = cv2.GaussianBlur(sure, (0, 0), radius * unit)[..., None] + np.float32(1e-4)
        soft = cv2.GaussianBlur(known, (0, 0), radius * unit) / weight
        out = out + smoothstep((depth - begin) / np.float32(end - begin))[..., None] * (soft - out)
        begin = end
    return out


def _like_person(photo: U8, wall: F32, alpha: U8) -> F32:
    """f32[S,S]: 1 where a pixel has gone from the wall's colour toward the person's, as hair has.

    What else differs from a smooth wall, the line of a door say, belongs to the wall.
    """
    unit = photo.shape[0] / 512
    colour: F32 = photo.astype(np.float32)
    inside = cv2.erode((alpha > 250).astype(np.uint8), disc(2 * unit)) > 0
    person, _ = colours_near(colour, inside, unit)
    way = person - wall
    length = (way * way).sum(2)
    along = ((colour - wall) * way).sum(2) / np.maximum(length, 1)
    aside = np.linalg.norm(colour - wall - along[..., None] * way, axis=2)
    share = smoothstep((along - _HAIR[0]) / (_HAIR[1] - _HAIR[0])) * np.exp(-((aside / 40) ** 2))
    share *= smoothstep((np.sqrt(length / 3) - 12) / 20)
    out: F32 = np.clip(1.5 * cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7 * unit), 0, 1)
    return out


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
    across, down = cv2.Sobel(usual, -1, 1, 0, scale=1 / 8), cv2.Sobel(usual, -1, 0, 1, scale=1 / 8)
    steep = np.sqrt((across * across + down * down).max(2)) * np.float32(unit)
    # The person's own outline is an edge too, and none of the wall's.
    free = 1 - cv2.dilate(person, disc(10 * unit)).astype(np.float32)
    total, weight = np.zeros_like(steep), np.full_like(steep, 1e-9)
    for k, wide in enumerate((1, 3, 9)):
        sigma = (0, 0), wide * _AROUND_PX * unit / 4
        quarter = (photo.shape[1] // 4, photo.shape[0] // 4)
        sums = [
            cv2.GaussianBlur(cv2.resize(part, quarter, interpolation=cv2.INTER_AREA), *sigma)
            for part in (steep * free, free)
        ]
        total += 0.02**k * cv2.resize(sums[0], steep.shape[::-1])
        weight += 0.02**k * cv2.resize(sums[1], steep.shape[::-1])
    return smoothstep((total / weight - _ROUGH[0]) / (_ROUGH[1] - _ROUGH[0]))


def _mirrored_grain(photo: U8, still: U8, hole: NDArray[np.bool_], unit: float) -> F32:
    """f32[S,S,3]: the wall's fine texture, mirrored at the rim into the hole, fading with depth."""
    reach = _GRAIN_PX * unit
    depth, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Labels count the pixels of the rim and the wall in reading order.
    places = np.zeros((int(nearest.max()) + 1, 2), np.float32)
    rows, columns = np.nonzero(~hole)
    places[nearest[rows, columns]] = np.stack([columns, rows], 1)
    rim = cv2.GaussianBlur(places[nearest], (0, 0), 3 * unit)
    ys, xs = np.mgrid[: hole.shape[0], : hole.shape[1]].astype(np.float32)
    at = 2 * rim - np.dstack([xs, ys])
    # Mirrored lines would be seen as lines: grain is what stays small.
    grain = np.clip(photo.astype(np.float32) - still, -_GRAIN, _GRAIN)
    grain[hole] = 0
    seen = cv2.remap(grain, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    fade = smoothstep(1 - depth / reach) * (depth > 0)
    out: F32 = (seen * fade[..., None]).astype(np.float32)
    return out


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
