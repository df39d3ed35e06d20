"""What a photo shows between parted lips: where it is, and the upper teeth cut out.

At onboarding; any thread.
Never invents a tooth: a photo that shows too few of them gives an empty picture.
"""

from __future__ import annotations

import numpy as np

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

_REACH = 0.05
"""Teeth are looked for this far past the inner lips' landmarks, in mouth widths."""
_JOINED_REACH = 0.09
"""The same for what hangs together with the opening: where landmarks stray, a row of teeth does."""
_DARK, _CLEAR = 0.24, 0.5
"""Shares of the brightest teeth: darker is the cavity, lighter is tooth, between them it fades."""
_USUAL_LIP = np.array([50, 25, 15], np.float32)
_PALER, _LEAST_LIGHT = 0.75, 100
"""Teeth have at most this share of the lips' red (a*), and are this light (of 255), or are left
out: a lip's gloss is red, teeth deep in the shade look like a dark band."""
_LEAST_BRIGHT = 60
"""Of 255: a mouth with nothing lighter in it shows its cavity only."""
_CORNER = 0.09
"""Mouth widths about the corners of the lips where a dark hollow is looked for."""
_HOLLOW_FROM = 0.063
"""Squared mouth widths of opening with which there are hollows: else it is the skin's shade."""
_LIP_LIGHT, _HOLLOW = (36.0, 50.0), (0.45, 0.66)
"""Of lips this light (L*) a hollow has at most such a share: skin about dark lips is no hollow."""
_TOOTH_SEEN = 0.002
"""Squared mouth widths of it that are no gloss on the lip."""
_LEAST_WIDE, _LEAST_HIGH = 0.45, 0.06
"""Mouth widths of teeth that are worth keeping."""
_RAGGED, _JAG = 0.0085, 0.026
"""Mouth widths that the tips may stray from their curve: on the whole, and anywhere."""
_LEAST_FULL, _LEAST_CROWN, _LEAST_EVEN = 0.55, 0.055, 0.55
"""Mouth widths that a row worth showing is wide, and its front teeth high; and the share of its
longer side that its shorter one has."""
_REDDEST = 12.0
"""Redness (a*) of a row that has lip or gum in it."""
_FRONT = 0.2
_COLUMNS = 60
"""Of a mouth's width, where a row is measured."""


def inside_mouth(photo: U8, points: F32) -> U8:
    """u8[S,S]: 255 between the lips: the landmarks' opening and what lies beside it and is no lip.

    photo u8[S,S,3], points f32[478,3] in its pixels.
    """
    width = _mouth_width(points)
    inner, outer = (_polygon(points, loop, photo.shape) for loop in (lm.INNER_LOOP, lm.OUTER_LOOP))
    near = cv2.bitwise_and(_grown(inner, _REACH * width), _shrunk(outer, 0.02 * width))
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    lip = _lip(lab, points)
    tooth = (lab[..., 1] < lip[1] - 6) & (lab[..., 0] > lip[0] + 4)
    hollow = lab[..., 0] < 0.55 * lip[0]
    found = cv2.bitwise_or(inner, near * (tooth | hollow).astype(np.uint8))
    far = cv2.bitwise_and(_grown(inner, _JOINED_REACH * width), _shrunk(outer, 0.03 * width))
    found = cv2.bitwise_or(found, _joined(far * tooth.astype(np.uint8), inner))
    dark = float(np.interp(lip[0], _LIP_LIGHT, _HOLLOW)) * lip[0]
    ends = np.zeros_like(inner)
    wide = (inner > 0).sum() > _HOLLOW_FROM * width**2
    for x, y in points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2] if wide else ():
        cv2.circle(ends, (round(float(x)), round(float(y))), round(_CORNER * width), 255, -1)
    found = cv2.bitwise_or(found, ends * (lab[..., 0] < dark).astype(np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return _grown(found, 0.012 * width)


def _joined(parts: U8, core: U8) -> U8:
    """Of the parts those that touch the core."""
    _, labels = cv2.connectedComponents(cv2.bitwise_or(parts, core), connectivity=4)
    kept = np.setdiff1d(np.unique(labels[core > 0]), [0])
    out: U8 = np.where(np.isin(labels, kept), parts, 0).astype(np.uint8)
    return out


def _lip(lab: F32, points: F32) -> F32:
    """f32[3]: usual colour of the lips, L*a*b*."""
    width = _mouth_width(points)
    inner, outer = (_polygon(points, loop, lab.shape) for loop in (lm.INNER_LOOP, lm.OUTER_LOOP))
    ring = cv2.subtract(_shrunk(outer, 0.03 * width), _grown(inner, 0.05 * width))
    return np.asarray(np.median(lab[ring > 0], axis=0) if ring.any() else _USUAL_LIP, np.float32)


def shows_teeth(photo: U8, points: F32) -> bool:
    """Whether there is tooth between lips that the landmarks have nearly closed."""
    width = _mouth_width(points)
    inner, outer = (_polygon(points, loop, photo.shape) for loop in (lm.INNER_LOOP, lm.OUTER_LOOP))
    near = cv2.bitwise_and(_grown(inner, 0.035 * width), _shrunk(outer, 0.03 * width)) > 0
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    lip = _lip(lab, points)
    pale = (lab[..., 1] < 0.62 * lip[1]) & (lab[..., 1] < lip[1] - 7)
    tooth = (near & pale & (lab[..., 0] > lip[0] - 6)).astype(np.uint8)
    tooth = cv2.morphologyEx(tooth, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return bool(tooth.sum() > _TOOTH_SEEN * width**2)


def own_teeth(photo: U8, inside: U8, points: F32) -> U8:
    """u8[S,S,4] BGRA straight: the upper teeth as they stand in the photo, else all 0.

    `inside` from `inside_mouth`. A column's teeth end at the first dark below the upper lip.
    """
    width = _mouth_width(points)
    empty = np.zeros((*photo.shape[:2], 4), np.uint8)
    opening = _polygon(points, lm.INNER_LOOP, photo.shape)
    region = _shrunk(cv2.bitwise_and(inside, _grown(opening, 0.03 * width)), 0.012 * width)
    light = photo.max(2).astype(np.float32)
    if not region.any():
        return empty
    bright = float(np.percentile(light[region > 0], 90))
    if bright < _LEAST_BRIGHT:
        return empty
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    usual = np.median(lab[(region > 0) & (light > 0.75 * bright)], axis=0)
    teeth = (region > 0) & (light > _DARK * bright) & (lab[..., 1] < usual[1] + 14)
    mask = cv2.morphologyEx(teeth.astype(np.uint8) * 255, cv2.MORPH_CLOSE, _disc(0.02 * width))
    mask = _upper_run(mask, max(round(0.01 * width), 1))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(0.025 * width))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return empty
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    wide = stats[best, cv2.CC_STAT_WIDTH]
    if wide < _LEAST_WIDE * width or stats[best, cv2.CC_STAT_AREA] < _LEAST_HIGH * width * wide:
        return empty
    mask = _even((labels == best).astype(np.uint8) * 255, 0.12 * width, 0.02 * width)
    red = float(np.median(lab[..., 1][mask > 0]))
    if red > _PALER * _lip(lab, points)[1] or float(np.median(light[mask > 0])) < _LEAST_LIGHT:
        return empty
    alpha = cv2.GaussianBlur(_shrunk(mask, 0.006 * width), (0, 0), 0.008 * width)
    soft = cv2.GaussianBlur(light, (0, 0), 0.02 * width) / bright
    alpha = alpha * np.clip((soft - _DARK) / (_CLEAR - _DARK), 0, 1)
    if (alpha > 128).any(0).sum() < _LEAST_WIDE * width:
        return empty
    shown = _clean(lab, usual)
    out: U8 = np.dstack([np.where(alpha[..., None] > 0, shown, 0), alpha]).astype(np.uint8)
    return out


def presentable(teeth: U8, points: F32) -> bool:
    """Whether a row from `own_teeth` may be shown: whole, even on both sides, no jagged edge.

    A smile that shows its teeth half hides more than it tells: then the rig's look better.
    """
    rows, columns = np.nonzero(teeth[..., 3] > 128)
    if not len(rows):
        return False
    width = _mouth_width(points)
    along = (points[lm.MOUTH_RIGHT, :2] - points[lm.MOUTH_LEFT, :2]) / width
    middle = (points[13, :2] + points[14, :2]) / 2
    x, y = (columns - middle[0]) / width, (rows - middle[1]) / width
    across, down = x * along[0] + y * along[1], y * along[0] - x * along[1]
    column = np.rint(across * _COLUMNS).astype(int)
    found = np.unique(column)
    at = found / _COLUMNS
    tips = np.array([down[column == k].max() for k in found])
    roots = np.array([down[column == k].min() for k in found])
    left, right = -float(at[0]), float(at[-1])
    front = np.abs(at) < _FRONT
    if _redness(teeth) > _REDDEST:
        return False
    if min(left, right) < _LEAST_EVEN * max(left, right) or left + right < _LEAST_FULL:
        return False
    if not front.any() or float(np.median((tips - roots)[front])) < _LEAST_CROWN:
        return False
    stray = tips - np.polyval(np.polyfit(at, tips, 2), at)
    return bool(np.sqrt((stray**2).mean()) < _RAGGED and np.abs(stray).max() < _JAG)


def _redness(teeth: U8) -> float:
    """Mean a* of a row where it is solid."""
    seen = teeth[teeth[..., 3] > 200][None, :, :3].astype(np.float32) / 255
    return float(cv2.cvtColor(seen, cv2.COLOR_BGR2Lab)[..., 1].mean()) if seen.size else 0.0


def tooth_colour(teeth: U8) -> F32 | None:
    """f32[3] BGR of a row from `own_teeth` where it is lit; None for an empty one."""
    seen = teeth[teeth[..., 3] > 200][:, :3]
    return np.percentile(seen, 60, 0).astype(np.float32) if len(seen) else None


def _clean(lab: F32, usual: F32) -> U8:
    """The photo without the red of gums and lips on the teeth, u8[S,S,3]."""
    calm = lab.copy()
    calm[..., 1] = np.minimum(calm[..., 1], usual[1] + 3)
    # A gap between teeth is a line, not a hole down to the throat.
    calm[..., 0] = np.maximum(calm[..., 0], 0.45 * usual[0])
    out: U8 = np.rint(cv2.cvtColor(calm, cv2.COLOR_Lab2BGR) * 255).clip(0, 255).astype(np.uint8)
    return out


def _upper_run(mask: U8, gap: int) -> U8:
    """The uppermost run of each column; breaks of up to `gap` rows are passed over."""
    out = np.zeros_like(mask)
    for x in np.flatnonzero(mask.any(0)):
        rows = np.flatnonzero(mask[:, x])
        breaks = np.flatnonzero(np.diff(rows) > gap)
        last = rows[breaks[0]] if len(breaks) else rows[-1]
        out[rows[0] : last + 1, x] = 255
    return out


def _even(mask: U8, reach: float, slack: float) -> U8:
    """Cut off what hangs below its neighbours: a lower tooth, a drop of light on the lip."""
    columns = np.flatnonzero(mask.any(0))
    ends = np.array([np.flatnonzero(mask[:, x])[-1] for x in columns])
    out = np.zeros_like(mask)
    for x, end in zip(columns, ends, strict=True):
        usual = np.median(ends[np.abs(columns - x) <= reach])
        last = int(min(end, usual + slack)) + 1
        out[:last, x] = mask[:last, x]
    return out


def _mouth_width(points: F32) -> float:
    return float(np.linalg.norm((points[lm.MOUTH_LEFT] - points[lm.MOUTH_RIGHT])[:2]))


def _polygon(points: F32, loop: tuple[int, ...], shape: tuple[int, ...]) -> U8:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(points[list(loop), :2]).astype(np.int32)], 255)
    return mask


def _disc(radius: float) -> U8:
    side = 2 * max(round(radius), 1) + 1
    disc: U8 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc


def _grown(mask: U8, radius: float) -> U8:
    out: U8 = cv2.dilate(mask, _disc(radius))
    return out


def _shrunk(mask: U8, radius: float) -> U8:
    out: U8 = cv2.erode(mask, _disc(radius))
    return out
