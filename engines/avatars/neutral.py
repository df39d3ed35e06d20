"""Takes the photo's own expression out: parted lips are sealed, a broad smile becomes a slight one.

At onboarding; any thread, some tenths of a second, nothing when the lips are closed already.
Never runs per frame, never moves the outline of the face, never touches a photo with closed lips.

The lips are sealed by two thin-plate splines (Bookstein, PAMI 1989), one for all that lies above
the line where the lips meet and one for all below: the only tear is the mouth itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.avatars.own_teeth import (
    inside_mouth,
    own_teeth,
    presentable,
    shows_teeth,
    tooth_colour,
)
from engines.avatars.rigging import carry, head_axes, resting_smile
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import Rig, load_rig
from engines.values import F32, MOTION_INDEX, U8

PARTED = 0.047
"""Inner lips further apart than this, in mouth widths, are open. Of 110 closed mouths none was
measured wider; of 40 open ones the own net measures two narrower."""
AJAR = 0.027
"""Between this and PARTED lips are open when teeth are seen between them."""
KEPT_SMILE = 0.33
"""A face at rest may smile this much: eyes of a laugh over a stern mouth look false."""
_TAKEN = 0.6
"""Of what is above that: who laughs broadly is known by it, and keeps a little more."""
MOST_REMOVED = 0.7
_UPPER_SHARE = 0.42
"""Of the gap the upper lip covers."""
_UPPER_ROWS = (1.0, 0.8, 0.52, 0.32)
_LOWER_ROWS = (1.0, 0.8, 0.52, 0.32)
"""How far the rows of the lips follow, inner to outer: lips drawn thin by a grin grow full again,
and where skin and lips meet, by which people are known, little moves."""
_SHOWN = 0.055
"""Mouth widths the upper teeth reach below the line where the lips meet."""
_MOST_LIFT = 0.1
_SEAM_DARK = 0.24
_SEAM_WIDTH = 0.011
_RIM = 0.16
"""Face widths from the outline over which the motion sets in: the outline itself stays."""
_CELLS = 128
"""The splines are worked out at so many places across the picture."""
LAUGH_AT = 0.85
"""At this smile the lips are those of a photo that shows a laugh."""
_LAUGH_WITHOUT = 0.55
"""Share of it without the photo's own teeth: the rig's would show their gums."""
_END_OUT, _END_REACH, _END_LIGHTER = 0.07, 0.11, 0.3
"""Half mouth widths past a corner where the dark that a laugh digs there is looked for, mouth
widths about that place, and the share of it that goes."""
_FOLDS_LESS = 0.66
"""Of the light and dark beside the mouth, what goes with the smile that made it: without all of it,
a cheek is another person's."""
_CORNERS = [61, 76, 62, 78, 291, 306, 292, 308]
_CORNER_LIFT = 0.7
_LIPS = [*(i for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS) for i in row), *_CORNERS]
_F64 = NDArray[np.float64]
_SMILES = [MOTION_INDEX["mouthSmileLeft"], MOTION_INDEX["mouthSmileRight"]]
_FOLDS = (
    (129, 203, 206, 216, 212, 214, 207, 205, 36, 142),
    (358, 423, 426, 436, 432, 434, 427, 425, 266, 371),
)
"""Outlines of the folds from the wings of the nose to beside the mouth."""


@dataclass(frozen=True, slots=True)
class Neutral:
    """A portrait at rest and what was taken out of it."""

    photo: U8
    """u8[S,S,3]"""
    points: F32
    """f32[478,3] pixels, as the landmarks of the photo."""
    smile: F32
    """f32[2] the smile that stays (person's left, right)."""
    laugh: F32
    """f32[468,3] head axes: from the sealed lips to those of the photo; 0 where nothing was."""
    teeth: U8
    """u8[S,S,4] BGRA: the photo's upper teeth where they are in the photo; alpha 0 elsewhere."""
    tooth: F32 | None = None
    """f32[3] BGR of the upper teeth, also of such as are not shown; None where none are seen."""


def lip_gap(points: F32) -> float:
    """Distance of the inner lips in their middle over the mouth's width."""
    upper, lower = points[list(lm.UPPER_INNER[3:6])], points[list(lm.LOWER_INNER[3:6])]
    corners = points[lm.MOUTH_LEFT, :2] - points[lm.MOUTH_RIGHT, :2]
    return float(np.linalg.norm((lower - upper)[:, :2], axis=1).mean() / np.linalg.norm(corners))


def neutral(photo: U8, points: F32) -> Neutral:
    """The portrait with sealed lips.

    photo u8[S,S,3]; points f32[478,3] in its pixels. A photo whose lips are closed comes back
    as it is.
    """
    rig = load_rig()
    smile = resting_smile(rig, head_axes(points))
    mesh = np.zeros((lm.MESH_POINTS, 3), np.float32)
    gap = lip_gap(points)
    if gap < PARTED and not (gap > AJAR and shows_teeth(photo, points)):
        return Neutral(photo, points, smile, mesh, np.zeros((*photo.shape[:2], 4), np.uint8))
    removed = np.clip(_TAKEN * (smile - KEPT_SMILE), 0, MOST_REMOVED).astype(np.float32)
    # What one photo says of the two sides apart is noise for the greater part.
    removed = (0.7 * removed.mean() + 0.3 * removed).astype(np.float32)
    calm = _less_smile(rig, points, removed)
    inside = inside_mouth(photo, points)
    teeth = own_teeth(photo, inside, points)
    sealed = _sealed(calm, _lift(calm, teeth))
    tooth = tooth_colour(teeth)
    shown = presentable(teeth, points)
    if not shown:
        teeth = np.zeros_like(teeth)
    kept = (smile - removed).astype(np.float32)
    part = (1 - kept) * LAUGH_AT if shown else removed
    laugh = _laugh(rig, points, sealed, part) * np.float32(1 if shown else _LAUGH_WITHOUT)
    closed = _texture(photo, inside, points, sealed)
    closed = _softer_folds(closed, sealed, float(removed.mean()))
    return Neutral(
        photo=closed,
        points=sealed,
        smile=kept,
        laugh=laugh,
        teeth=teeth,
        tooth=tooth,
    )


def _less_smile(rig: Rig, points: F32, removed: F32) -> F32:
    """Landmarks with f32[2] of the rig's smile shapes taken off; the outline stays."""
    _, deltas = carry(rig, head_axes(points))
    moved = np.tensordot(removed, deltas[_SMILES], 1)
    face = points[: lm.MESH_POINTS, :2]
    rim = np.linalg.norm(face[:, None] - face[rig.oval][None], axis=2).min(1)
    moved *= smoothstep(rim / (_RIM * _face_width(points)) - 0.15)[:, None]
    out = points.copy()
    out[: lm.MESH_POINTS] -= head_axes(moved.astype(np.float32))
    return out


def _laugh(rig: Rig, points: F32, sealed: F32, part: F32) -> F32:
    """f32[468,3] head axes: with f32[2] of the smile shapes, brings the lips where they were."""
    axes = head_axes(sealed)
    _, deltas = carry(rig, axes)
    back = (head_axes(points) - axes)[: lm.MESH_POINTS] - np.tensordot(part, deltas[_SMILES], 1)
    out = np.zeros((lm.MESH_POINTS, 3), np.float32)
    out[_LIPS] = back[_LIPS]
    return out


def _lift(points: F32, teeth: U8) -> F32:
    """f32[3]: what to add to the line of the lips so that it lies a little above the teeth's tips.

    Bone does not smile: where lips meet at rest is known from the teeth.
    """
    across = points[lm.MOUTH_RIGHT, :2] - points[lm.MOUTH_LEFT, :2]
    width = float(np.linalg.norm(across))
    down = np.array([-across[1], across[0]], np.float32) / width
    middle = _meet(points)[4]
    rows, columns = np.nonzero(teeth[..., 3] > 128)
    along = ((columns - middle[0]) * down[1] - (rows - middle[1]) * down[0]) / width
    near = np.abs(along) < 0.12
    if not near.any():
        return np.zeros(3, np.float32)
    depth = (columns - middle[0]) * down[0] + (rows - middle[1]) * down[1]
    wanted = float(np.percentile(depth[near], 95)) - _SHOWN * width
    lift = float(np.clip(wanted, -_MOST_LIFT * width, 0.03 * width))
    return np.append(lift * down, 0).astype(np.float32)


def _meet(points: F32) -> F32:
    """f32[9,3] between the inner lips."""
    upper, lower = points[list(lm.UPPER_INNER)], points[list(lm.LOWER_INNER)]
    return np.asarray(upper + _UPPER_SHARE * (lower - upper), np.float32)


def _sealed(points: F32, lift: F32) -> F32:
    """Landmarks with both inner lips on one line, moved by `lift`, the rows outward after them."""
    out = points.copy()
    upper, lower = points[list(lm.UPPER_INNER)], points[list(lm.LOWER_INNER)]
    # The corners go with it for the greater part, or a lifted middle would be a frown.
    out[_CORNERS] += _CORNER_LIFT * lift
    bow = np.sin(np.linspace(0, np.pi, len(upper) + 2)[1:-1]) ** 0.7
    bow = _CORNER_LIFT + (1 - _CORNER_LIFT) * bow
    line = _meet(points) + bow[:, None].astype(np.float32) * lift
    for k in range(len(lm.UPPER_ROWS)):
        out[list(lm.UPPER_ROWS[k])] += _UPPER_ROWS[k] * (line - upper)
        out[list(lm.LOWER_ROWS[k])] += _LOWER_ROWS[k] * (line - lower)
    return out


def _texture(photo: U8, inside: U8, was: F32, now: F32) -> U8:
    """The photo moved from landmarks `was` to `now`, its teeth gone, a seam between the lips."""
    width = float(np.linalg.norm((now[lm.MOUTH_LEFT] - now[lm.MOUTH_RIGHT])[:2]))
    # Lips painted into the mouth: what the landmarks miss of the teeth must not show as a sliver.
    lips = cv2.inpaint(photo, inside, 3, cv2.INPAINT_TELEA)
    box = _window(now, width, photo.shape[0])
    x0, y0, x1, y1 = box
    cell = photo.shape[0] // _CELLS
    above, below = (_spline(now, was, lip, box, cell) for lip in (lm.LOWER_ROWS, lm.UPPER_ROWS))
    line = _line(now)
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    level = ys - np.interp(xs[0], line[:, 0], line[:, 1]).astype(np.float32)
    # Beside the mouth there is no tear: one spline passes into the other, the wider the further.
    beside = np.maximum(np.maximum(line[0, 0] - xs, xs - line[-1, 0]), 0)
    share = np.clip(0.5 + level / (1.5 + 2 * beside), 0, 1)[..., None]
    seen = [
        cv2.remap(lips, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for at in (above, below)
    ]
    mixed = seen[0] + share * (seen[1].astype(np.float32) - seen[0])
    # A closed mouth has a dark line that thins out toward its corners.
    along = np.clip(np.minimum(xs - line[0, 0], line[-1, 0] - xs) / (0.3 * width), 0, 1)
    seam = _SEAM_DARK * np.sqrt(along) * np.exp(-((level / (_SEAM_WIDTH * width + 0.4)) ** 2))
    mixed *= 1 - seam[..., None] * np.array([0.95, 1.0, 0.85], np.float32)
    # Where next to nothing moves the photo stays as it is: sampled again it would go soft.
    moved = np.maximum(*(np.hypot(at[..., 0] - xs, at[..., 1] - ys) for at in (above, below)))
    new = np.maximum(smoothstep((moved - 0.15) / 0.5), inside[y0:y1, x0:x1] > 0)
    new = (new * _face_mask(now, photo.shape[0])[y0:y1, x0:x1])[..., None]
    out = photo.copy()
    mixed = photo[y0:y1, x0:x1] + new * (mixed - photo[y0:y1, x0:x1])
    out[y0:y1, x0:x1] = np.rint(mixed.clip(0, 255))
    return out


def _face_mask(points: F32, size: int) -> F32:
    """f32[S,S]: 1 inside the outline of the face, soft at it."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points[load_rig().oval, :2]).astype(np.int32)], 255)
    out: F32 = cv2.GaussianBlur(mask, (0, 0), 0.01 * _face_width(points)).astype(np.float32) / 255
    return out


def _window(points: F32, width: float, size: int) -> tuple[int, int, int, int]:
    """The part of the picture that changes, a whole number of cells wide and high."""
    middle = (points[lm.MOUTH_LEFT, :2] + points[lm.MOUTH_RIGHT, :2]) / 2
    reach = 1.5 * width
    cell = size // _CELLS
    x0, y0 = np.maximum(np.floor(middle - reach).astype(int), 0) // cell * cell
    x1, y1 = np.minimum(np.ceil(middle + reach).astype(int), size) // cell * cell
    return int(x0), int(y0), int(x1), int(y1)


def _line(points: F32) -> F32:
    """f32[N,2] the line where the lips meet, left to right."""
    chain = points[[lm.INNER_LEFT, *lm.UPPER_INNER, lm.INNER_RIGHT], :2]
    return np.asarray(chain[np.argsort(chain[:, 0])], np.float32)


def _spline(
    now: F32,
    was: F32,
    without: tuple[tuple[int, ...], ...],
    box: tuple[int, int, int, int],
    cell: int,
) -> F32:
    """f32[h,w,2]: where in the photo the pixels of a window come from, one lip left out.

    The rim of the window stays where it is.
    """
    x0, y0, x1, y1 = box
    used = np.setdiff1d(np.arange(lm.MESH_POINTS), [i for row in without for i in row])
    near = (now[used, :2] >= [x0, y0]).all(1) & (now[used, :2] < [x1, y1]).all(1)
    used = used[near]
    outline = now[load_rig().oval, :2]
    beyond = outline + 0.12 * (outline - outline.mean(0))
    rim = np.concatenate([_rim(box), beyond])
    places = np.concatenate([now[used, :2], rim]).astype(np.float64)
    moves = np.concatenate([(was - now)[used, :2], np.zeros_like(rim)]).astype(np.float64)
    count = len(places)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(places, places) + np.eye(count) * 1.0
    flat = np.concatenate([np.ones((count, 1)), places], 1)
    system[:count, count:], system[count:, :count] = flat, flat.T
    found = np.linalg.solve(system, np.concatenate([moves, np.zeros((3, 2))]))
    cell_x = np.arange(x0, x1, cell) + (cell - 1) / 2
    cell_y = np.arange(y0, y1, cell) + (cell - 1) / 2
    at = np.stack(np.meshgrid(cell_x, cell_y), -1).reshape(-1, 2)
    coarse = _kernel(at, places) @ found[:count] + found[count] + at @ found[count + 1 :]
    coarse = coarse.reshape(len(cell_y), len(cell_x), 2).astype(np.float32)
    fine = cv2.resize(coarse, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC)
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    edge = np.minimum(np.minimum(xs - x0, x1 - 1 - xs), np.minimum(ys - y0, y1 - 1 - ys))
    fine *= smoothstep(edge / (4 * cell))[..., None]
    out: F32 = (fine + np.dstack([xs, ys])).astype(np.float32)
    return out


def _rim(box: tuple[int, int, int, int], count: int = 9) -> F32:
    """Points along the border of a window."""
    x0, y0, x1, y1 = box
    xs, ys = np.linspace(x0, x1 - 1, count), np.linspace(y0, y1 - 1, count)
    sides = [(x, y) for x in xs for y in (y0, y1 - 1)] + [(x, y) for x in (x0, x1 - 1) for y in ys]
    return np.unique(np.array(sides, np.float32), axis=0)


def _kernel(a: _F64, b: _F64) -> _F64:
    """r^2 log r between f64[N,2] and f64[M,2]."""
    square = ((a[:, None] - b[None]) ** 2).sum(2)
    out: _F64 = 0.5 * square * np.log(square + 1e-9)
    return out


def _softer_folds(photo: U8, points: F32, removed: float) -> U8:
    """Light and dark of the folds beside the mouth goes with the smile that made them."""
    unit = _face_width(points)
    places = points[list(dict.fromkeys([*lm.OUTER_LOOP, *_FOLDS[0], *_FOLDS[1]])), :2]
    x0, y0 = np.maximum(np.floor(places.min(0) - 0.2 * unit).astype(int), 0)
    x1, y1 = np.ceil(places.max(0) + 0.2 * unit).astype(int)
    part, corner = photo[y0:y1, x0:x1], np.array([x0, y0])
    mask = np.zeros(part.shape[:2], np.uint8)
    for fold in _FOLDS:
        cv2.fillPoly(mask, [np.rint(points[list(fold), :2] - corner).astype(np.int32)], 255)
    ends = _mouth_ends(points, corner, part.shape)
    lips = np.zeros_like(mask)
    outline = points[list(lm.OUTER_LOOP), :2] - corner
    cv2.fillPoly(lips, [np.rint(outline).astype(np.int32)], 255)
    lips = cv2.dilate(lips, np.ones((5, 5), np.uint8))
    soft, beside = (
        cv2.GaussianBlur(m, (0, 0), blur * unit).astype(np.float32) / 255
        for m, blur in (
            (cv2.subtract(mask, lips), 0.03),
            (cv2.subtract(ends, cv2.erode(lips, np.ones((9, 9), np.uint8))), 0.01),
        )
    )
    fine = cv2.GaussianBlur(part, (0, 0), 0.012 * unit).astype(np.float32)
    wide = cv2.GaussianBlur(part, (0, 0), 0.07 * unit).astype(np.float32)
    relief = np.clip(fine - wide, -40, 25)
    out = photo.copy()
    smooth = part - (min(_FOLDS_LESS * removed, 0.45) * soft * (1 - beside))[..., None] * relief
    # A laugh digs its corners into the cheeks: a dark hook, which a mouth at rest does not have.
    smooth += (_END_LIGHTER * beside)[..., None] * np.clip(wide - fine, 0, 70)
    out[y0:y1, x0:x1] = np.rint(smooth).clip(0, 255)
    return out


def _mouth_ends(points: F32, corner: NDArray[np.int64], shape: tuple[int, ...]) -> U8:
    """u8[h,w]: 255 beside the corners of the lips, in a part of the picture at `corner`."""
    out = np.zeros(shape[:2], np.uint8)
    ends = points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2]
    width = float(np.linalg.norm(ends[1] - ends[0]))
    for end in ends + _END_OUT * (ends - ends.mean(0)) - corner:
        x, y = np.rint(end).astype(int)
        cv2.circle(out, (int(x), int(y)), round(_END_REACH * width), 255, -1)
    return out


def _face_width(points: F32) -> float:
    return float(np.linalg.norm((points[lm.FACE_LEFT] - points[lm.FACE_RIGHT])[:2]))
