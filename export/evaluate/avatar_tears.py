"""Counts of what breaks in a motion frame: holes, tears, streaks, folds, doubled outlines.

Pure functions on source maps and meshes; units are pixels of a 512 picture.
Never judges taste: a picture free of all of these can still look wrong.

| count | a pixel counts when |
|---|---|
| hole | background shows inside the face, or in a gap inside the person, far from the wall |
| tear | inside the face, sources of neighbours two pixels apart lie more than 8 pixels apart |
| streak | inside the face, one source pixel is drawn out over more than 5 |
| fold | inside the face, the portrait is seen mirrored |
| double | the same place of the portrait is seen twice, more than `APART` pixels apart |
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8
from export.evaluate.avatar_maps import SourceMap

TEAR_PX = 8.0
STREAK = 0.2
FOLD = -0.1
APART = 16.0
_CELL = 6
_SEEN = 0.25
_RIM = 6
"""Pixels of the face's rim left out: there skin ends and hair begins."""
_REACH = 24
"""Pixels that a turn or nod may carry an outline."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Flaws:
    """Pixels of each kind in one picture."""

    hole: int
    tear: int
    streak: int
    fold: int
    double: int

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


def find(seen: SourceMap, mesh: F32, at_rest: SourceMap) -> Flaws:
    """Flaws of one picture; mesh f32[>=468,2 or 3]: the face as it was commanded, in pixels."""
    size = seen.behind.shape[0]
    # Counted at 512 whatever the picture's size, or a larger picture would look worse.
    unit = (512 / size) ** 2
    skin = inside_face(mesh, size) & ~openings(mesh, size)
    gaps = holes(seen.behind, at_rest.behind, skin)
    jumps, shrink, turn = distortion(seen.source)
    skin &= (seen.painted < _SEEN) & np.isfinite(jumps)
    counts = (
        gaps.sum(),
        (skin & (jumps > TEAR_PX)).sum(),
        (skin & (shrink < STREAK)).sum(),
        (skin & (turn < FOLD)).sum(),
        doubled(seen, mesh).sum(),
    )
    return Flaws(*(round(float(count) * unit) for count in counts))


def inside_face(mesh: F32, size: int) -> Mask:
    """bool[S,S]: inside the outline, its rim left out."""
    outline = np.rint(mesh[load_rig().oval, :2]).astype(np.int32)
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [outline], 1)
    out: Mask = cv2.erode(mask, _disc(_RIM * size // 512), borderValue=0) > 0
    return out


def openings(mesh: F32, size: int) -> Mask:
    """bool[S,S]: mouth, eyes and lids, where one thing slides over another by right."""
    mask = np.zeros((size, size), np.uint8)
    loops = [list(lm.INNER_LOOP)]
    for eye in lm.EYES:
        a, b = eye.corners
        # From the crease on: a closing lid's skin is not in the portrait, it is made.
        loops.append([a, *eye.crease, b, *eye.lower[::-1]])
    for loop in loops:
        points = np.rint(mesh[loop, :2]).astype(np.int32)
        cv2.fillPoly(mask, [points], 1)
        cv2.polylines(mask, [points], True, 1, max(1, 9 * size // 512))
    out: Mask = mask > 0
    return out


def holes(behind: F32, at_rest: F32, skin: Mask) -> Mask:
    """bool[S,S]: background where the person should be.

    A gap beside background at rest is the same background, seen between hair and shoulder.
    """
    gaps = enclosed(behind) & ~_grown(at_rest > 0.5)
    out: Mask = gaps | (skin & (behind > _SEEN))
    return out


def enclosed(behind: F32) -> Mask:
    """bool[S,S]: background that the person goes all the way around."""
    clear = (behind > 0.5).astype(np.uint8)
    count, labels = cv2.connectedComponents(clear, connectivity=4)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inner = np.setdiff1d(np.arange(1, count), border)
    out: Mask = np.isin(labels, inner)
    return out


def distortion(source: F32) -> tuple[F32, F32, F32]:
    """Of a map f32[S,S,2]: jump between neighbours two pixels apart, least stretch of source per
    pixel of picture, and its determinant (negative: mirrored); each f32[S,S].
    """
    across, down = np.zeros_like(source), np.zeros_like(source)
    across[:, 1:-1] = source[:, 2:] - source[:, :-2]
    down[1:-1] = source[2:] - source[:-2]
    jumps: F32 = np.maximum(np.linalg.norm(across, axis=2), np.linalg.norm(down, axis=2))
    # Steps of the ramp's eight bits are over a pixel: smooth before asking for stretch.
    across, down = (cv2.GaussianBlur(d / 2, (0, 0), 2.0) for d in (across, down))
    turn: F32 = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    square = (across**2).sum(2) + (down**2).sum(2)
    # Smallest singular value of a 2x2 matrix from its norm and determinant.
    root = np.sqrt(np.maximum(square**2 - 4 * turn**2, 0))
    shrink: F32 = np.sqrt(np.maximum(square - root, 0) / 2)
    return jumps, shrink, turn


def doubled(seen: SourceMap, mesh: F32) -> Mask:
    """bool[S,S]: pixels whose place in the portrait is also seen elsewhere."""
    size = seen.behind.shape[0]
    step = size / 512
    good = np.isfinite(seen.source).all(2) & (seen.behind < _SEEN) & (seen.painted < _SEEN)
    good &= ~openings(mesh, size)
    # Shoulders and neck are pressed together by a nod by right.
    good[round(float(mesh[lm.CHIN, 1])) :] = False
    rows, columns = np.nonzero(good)
    cells = np.floor(seen.source[rows, columns] / (_CELL * step)).astype(np.int64)
    key = cells[:, 1] * 4096 + cells[:, 0]
    _, owner = np.unique(key, return_inverse=True)
    count = int(owner.max(initial=-1)) + 1
    apart = np.zeros(count, np.float32)
    for values in (rows, columns):
        low, high = np.full(count, size), np.zeros(count, np.int64)
        np.minimum.at(low, owner, values)
        np.maximum.at(high, owner, values)
        apart = np.maximum(apart, high - low)
    out = np.zeros((size, size), bool)
    out[rows, columns] = apart[owner] > APART * step
    return out


def crossed(mesh: F32, rest: F32) -> int:
    """Pairs of lip points whose upper one lies below the lower by over 1 % of the mouth's width
    more than it does at rest: landmarks of sealed lips overlap a little.
    """
    width = float(np.linalg.norm((rest[lm.MOUTH_LEFT] - rest[lm.MOUTH_RIGHT])[:2]))
    now, was = (m[[*lm.UPPER_INNER], 1] - m[[*lm.LOWER_INNER], 1] for m in (mesh, rest))
    return int((now - np.maximum(was, 0) > 0.01 * width).sum())


def _grown(mask: Mask) -> Mask:
    out: Mask = cv2.dilate(mask.astype(np.uint8), _disc(_REACH * mask.shape[0] // 512)) > 0
    return out


def _disc(radius: int) -> U8:
    out: U8 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return out
