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
_LEAST_WIDE, _LEAST_HIGH = 0.45, 0.06
"""Mouth widths of teeth that are worth keeping."""


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
    ends = np.zeros_like(inner)
    for x, y in points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2]:
        cv2.circle(ends, (round(float(x)), round(float(y))), round(_CORNER * width), 255, -1)
    found = cv2.bitwise_or(found, ends * (lab[..., 0] < 0.66 * lip[0]).astype(np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return _grown(found, 0.012 * width)


def _lip(lab: F32, points: F32) -> F32:
    """f32[3]: usual colour of the lips, L*a*b*."""
    width = _mouth_width(points)
    inner, outer = (_polygon(points, loop, lab.shape) for loop in (lm.INNER_LOOP, lm.OUTER_LOOP))
    ring = cv2.subtract(_shrunk(outer, 0.03 * width), _grown(inner, 0.05 * width))
    return np.asarray(np.median(lab[ring > 0], axis=0) if ring.any() else _USUAL_LIP, np.float32)


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
