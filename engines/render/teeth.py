"""Rows of teeth as flat pictures that stand in the head: the rig's, or those of the photo.

Made once per avatar and size; any thread; then only read.
Never moves anything: the mouth pastes them where jaw and head put them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.render.rig import Rig
from engines.values import F32, U8

INCISOR_TIP_CM = -3.5
"""Height of the upper incisors' tips in the rig."""
TEETH_BEHIND_CM = 0.9
"""Depth of the teeth behind the closed lips."""
_GUM_SHARE = 0.09
"""Mouth widths of gum painted above the photo's teeth: a lip may rise further than it did there."""
_CROWN_OVER_GUM = 1.7
"""Least height of a front tooth, in those."""
_GUM_SHADE = np.array([0.80, 0.72, 0.92], np.float32)
_END = 0.14
"""Of the photo's row: its ends, where the rig's goes on in their height and colour."""
_SIDE_LIGHT, _SIDE_FADE = (0.35, 1.1), 0.35
"""Colours of the rig's part over its own, and what of it is lost toward the corners."""
_CROWN_ROWS = (0.6, 0.75, 1.25, 1.37)
_CROWN_ROWS_MADE = (0.0, 0.15, 0.6, 1.37)
"""Heights in the rig's sprite, cm from its upper edge: gum, where it begins to reach down between
the crowns, where it ends, and where crowns are left as they are; and where they come to lie."""
_SOFT = 0.55
"""Blur of the rig's teeth, or their edges sparkle when the head moves."""


_Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sprite:
    """A flat picture standing in the head."""

    image: F32
    """f32[H,W,4] premultiplied BGRA, 0 to 255."""
    corners: F32
    """f32[3,3] head axes of its pixels (0,0), (W,0), (0,H)."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How the rig's teeth stand in a head."""

    scale: float
    """Pixels a centimetre."""
    rotation: F32
    """f32[3,3] from the rig to head axes: a head held askew has its teeth askew."""
    tip: F32
    """f32[3] head axes: where the incisors' tips are."""


def rig_row(sprite: U8, origin: F32, rig: Rig, stand: Stand, light: F32) -> Sprite:
    """A tooth row of the rig. `origin` as in `Rig`; light f32[3]: factors on BGR."""
    scale = stand.scale
    shrink = scale / rig.teeth_px_per_cm
    size = (max(round(sprite.shape[1] * shrink), 1), max(round(sprite.shape[0] * shrink), 1))
    small = cv2.resize(sprite, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), _SOFT).astype(np.float32)
    small[..., :3] *= light
    left, top = origin[0] * scale, (origin[1] - INCISOR_TIP_CM) * scale
    wide = sprite.shape[1] / rig.teeth_px_per_cm * scale
    high = sprite.shape[0] / rig.teeth_px_per_cm * scale
    flat = np.array([[left, top, 0], [left + wide, top, 0], [left, top - high, 0]])
    return Sprite(small, (stand.tip + flat @ stand.rotation.T).astype(np.float32))


def long_crowns(sprite: U8, px_per_cm: float) -> U8:
    """The rig's upper row with its gums further up: lips rise above them in a laugh, and gum
    between the teeth looks like gaps. Each column of a crown is drawn out upward.
    """
    rows = np.arange(len(sprite), dtype=np.float32)
    made, was = (np.array(r) * px_per_cm for r in (_CROWN_ROWS_MADE, _CROWN_ROWS))
    end = float(len(sprite))
    at = np.interp(rows, [*made, end], [*was, end]).astype(np.float32)
    ys = np.repeat(at[:, None], sprite.shape[1], 1)
    xs = np.repeat(np.arange(sprite.shape[1], dtype=np.float32)[None], len(sprite), 0)
    out: U8 = cv2.remap(sprite, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out


def own_row(avatar: Avatar, geometry: Geometry) -> Sprite | None:
    """The photo's own upper teeth with gums above them; None when it shows none."""
    if not avatar.teeth.any():
        return None
    teeth = avatar.teeth
    if geometry.size != avatar.size:
        how = cv2.INTER_AREA if geometry.size < avatar.size else cv2.INTER_CUBIC
        teeth = cv2.resize(teeth, (geometry.size, geometry.size), interpolation=how)
    gum = max(round(_GUM_SHARE * geometry.mouth_width), 2)
    rows, columns = np.nonzero(teeth[..., 3])
    y0, y1 = max(int(rows.min()) - 2 * gum - 2, 0), int(rows.max()) + 2
    x0, x1 = max(int(columns.min()) - 2, 0), int(columns.max()) + 3
    image = _with_gums(teeth[y0:y1, x0:x1], gum, avatar.lip_colour * _GUM_SHADE)
    # Behind the lips, or a turn carries the row past the corner of the mouth.
    depth = float(geometry.face[13, 2]) - TEETH_BEHIND_CM * geometry.rig_scale
    # A pixel's number is its centre's place.
    left, top, right, low = x0 - 0.5, y0 - 0.5, x0 + image.shape[1] - 0.5, y0 + len(image) - 0.5
    corners = [[left, -top, depth], [right, -top, depth], [left, -low, depth]]
    return Sprite(image, np.array(corners, np.float32))


def with_sides(own: Sprite, rig: Sprite) -> Sprite:
    """The photo's row with the rig's going on past its ends, at their height and in their colour.

    A turned or wide open mouth shows more of a row than a smile does.
    """
    places = np.concatenate([own.corners, rig.corners])[:, :2]
    left, top = np.floor(places[:, 0].min()), np.ceil(places[:, 1].max())
    x, y = round(float(own.corners[0, 0] - left)), round(float(top - own.corners[0, 1]))
    high, wide = own.image.shape[:2]
    width = max(int(np.ceil(places[:, 0].max() - left)), x + wide) + 1
    image = np.zeros(
        (max(int(np.ceil(top - places[:, 1].min())), y + high) + 1, width, 4), np.float32
    )
    image[y : y + high, x : x + wide] = own.image
    sides = _going_on(image, _on_canvas(rig, float(left), float(top), image.shape[:2]))
    image += sides * (1 - image[..., 3:] / 255)
    # The photo's row stays exactly where it was.
    corner = own.corners[0] + np.array([-x, y, 0], np.float32)
    edges = [[0, 0, 0], [width, 0, 0], [0, -len(image), 0]]
    return Sprite(image, (corner + np.array(edges)).astype(np.float32))


def _on_canvas(rig: Sprite, left: float, top: float, shape: tuple[int, ...]) -> F32:
    """The rig's row upright, a pixel a pixel, its canvas' corner at `left`, `top` of head axes."""
    high, wide = rig.image.shape[:2]
    source = np.array([[0, 0], [wide, 0], [0, high]], np.float32) - 0.5
    target = np.stack([rig.corners[:, 0] - left, top - rig.corners[:, 1]], 1) - 0.5
    matrix = cv2.getAffineTransform(source, target.astype(np.float32))
    out: F32 = cv2.warpAffine(rig.image, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return out


def _going_on(own: F32, rig: F32) -> F32:
    """f32[H,W,4] of two rows on one canvas: the rig's outside the columns of the other."""
    mine, other = (row[..., 3] > 128 for row in (own, rig))
    columns = np.flatnonzero(mine.any(0))
    both = np.flatnonzero(mine.any(0) & other.any(0))
    if not len(both):
        return np.zeros_like(own)
    end = max(round(_END * len(columns)), 2)
    tips, theirs = (len(own) - 1 - row[::-1].argmax(0) for row in (mine, other))
    first, last = columns[0], columns[-1]
    at = np.arange(own.shape[1])
    ends = [part[np.isin(part, both)] for part in (columns[:end], columns[-end:])]
    usable = [part if len(part) else both for part in ends]
    offs = [float(np.median(tips[part] - theirs[part])) for part in usable]
    tints = [_tint(own, rig, part, tips, theirs) for part in usable]
    shift = np.interp(at, [first, last], offs)
    light = np.stack([np.interp(at, [first, last], [t[k] for t in tints]) for k in range(3)], 1)
    beyond = np.maximum(first - at, at - last) / max(len(columns), 1)
    light *= (1 - _SIDE_FADE * np.clip(beyond / 0.25, 0, 1))[:, None]
    ys, xs = np.mgrid[: own.shape[0], : own.shape[1]].astype(np.float32)
    moved = cv2.remap(rig, xs, (ys - shift).astype(np.float32), cv2.INTER_LINEAR)
    moved[..., :3] *= light
    out: F32 = (moved * np.clip((beyond * len(columns) + end / 2) / end, 0, 1)[:, None]).astype(
        np.float32
    )
    return out


def _tint(own: F32, rig: F32, columns: _Rows, tips: _Rows, theirs: _Rows) -> F32:
    """f32[3]: colour of some columns of a row over that of the rig's there."""
    seen = own[np.maximum(tips[columns] - 3, 0), columns]
    usual = rig[np.maximum(theirs[columns] - 3, 0), columns]
    ratio = seen[:, :3].mean(0) / np.maximum(usual[:, :3].mean(0), 1)
    out: F32 = np.clip(ratio, *_SIDE_LIGHT).astype(np.float32)
    return out


def own_light(avatar: Avatar, rig: Rig) -> F32 | None:
    """f32[3]: factors that give the rig's teeth the colour of the photo's; None without those."""
    if not avatar.teeth.any():
        return None
    seen = avatar.teeth[avatar.teeth[..., 3] > 200][:, :3].astype(np.float32)
    ours = rig.upper_teeth[rig.upper_teeth[..., 3] > 200][:, :3].astype(np.float32)
    if not len(seen):
        return None
    light = np.percentile(seen, 60, 0) / np.percentile(ours, 75, 0)
    return np.clip(light, 0.25, 1.1).astype(np.float32)


def _with_gums(teeth: U8, gum: int, colour: F32) -> F32:
    """f32[H,W,4] premultiplied: crowns that a lip cut short made whole, and gum above them."""
    alpha = teeth[..., 3].astype(np.float32) / 255
    solid = alpha > 0.5
    there: NDArray[np.bool_] = np.asarray(solid.any(0))
    first = np.where(there, solid.argmax(0), 0)
    crown = np.where(there, solid.sum(0), 0)
    grow = np.clip(_CROWN_OVER_GUM * gum - crown, 0, gum).astype(np.float32)
    # Each column is drawn out upward from a band inside its tooth: gaps between teeth go on.
    ys, xs = np.mgrid[: len(teeth), : teeth.shape[1]].astype(np.float32)
    low, high = first + 0.5 * crown, first + 0.15 * crown
    up = np.clip((low - ys) / np.maximum(low - (first - grow), 1), 0, 1)
    source = np.where((ys < low) & there & (ys >= first - grow), low - up * (low - high), ys)
    drawn = cv2.remap(teeth[..., :3], xs, source.astype(np.float32), cv2.INTER_LINEAR)
    taken = np.clip(np.maximum(alpha, _above(ys, first - grow, first + 1, there)), 0, 1)
    cover = cv2.GaussianBlur(_above(ys, first - grow - gum, first - grow + 1, there), (0, 0), 1.0)
    out = np.dstack([drawn * taken[..., None], 255 * taken]).astype(np.float32)
    painted = np.append(colour, 255).astype(np.float32) * cover[..., None]
    done: F32 = (out + painted * (1 - taken[..., None])).astype(np.float32)
    return done


def _above(ys: F32, top: F32, end: F32, there: NDArray[np.bool_]) -> F32:
    """f32[H,W]: 1 from `top` to `end` of each column, soft at its upper end."""
    out: F32 = (np.clip(ys - top + 0.5, 0, 1) * (ys < end) * there).astype(np.float32)
    return out
