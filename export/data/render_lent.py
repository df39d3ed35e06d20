"""Renderer pairs of lent mouths: what is seen between one person's lips, put between another's.

Offline; one process; a tenth of a second a pair after a second for each person.
Never changes a pixel outside the lips: there the motion frame is the truth.

A quarter of the photos show teeth. Lent out, they stand behind the lips of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engines.avatars.fit import BadPortrait
from engines.avatars.neutral import lip_gap
from engines.avatars.retake import toothless
from engines.avatars.rigging import head_axes
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry, close_lips
from engines.render.raster import fill
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8
from export.data.render_pairs import Drawn, Pairs
from export.data.render_puppet import Puppet, fitted
from export.data.render_stills import Portraits

LEAST_GAP = 0.07
"""Mouth widths between the lips of a photo that lends: less shows nothing."""
_OF_SMILE = (0.5, 1.05)
"""Share of the lender's whole motion, from sealed lips to those of the photo, that is taken."""
_SEALED = (-0.15, 0.4)
"""And so much of the gap is closed again; negative: opened further."""
_LEAST_PALE = 0.62
_CHANGE = 0.08
_TURN = 0.05
_CHEEKS = (50, 280)
_LIGHT = (0.6, 1.35)
_CAP = np.array(lm.mouth_cap(), np.int64)
_FRAME = (lm.INNER_LEFT, lm.INNER_RIGHT, 13, 14)


@dataclass(frozen=True, slots=True)
class Lender:
    """A photo with an open mouth."""

    name: str
    photo: U8
    """u8[S,S,3]"""
    points: F32
    """f32[478,3] its landmarks."""
    moved: F32
    """f32[468,3] mouth widths, head axes: from sealed lips to those of the photo."""


def lender(name: str, photo: U8, points: F32) -> Lender | None:
    """Of a square photo; None for one whose mouth shows nothing, or teeth in coloured light."""
    if lip_gap(points) < LEAST_GAP or _paleness(photo, points) < _LEAST_PALE:
        return None
    try:
        avatar = fitted(photo, points)
    except BadPortrait:
        return None
    sealed = avatar.landmarks
    width = float(np.linalg.norm((sealed[lm.MOUTH_LEFT] - sealed[lm.MOUTH_RIGHT])[:2]))
    moved = (head_axes(points) - head_axes(sealed))[: lm.MESH_POINTS] / np.float32(width)
    return Lender(name, photo, points, moved.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Loan:
    """How a lender's mouth is worn."""

    share: float
    seal: float
    turn: F32
    """f32[58]: the head's motion."""


def _paleness(photo: U8, points: F32) -> float:
    """Blue over red of the lighter half of what lies between the lips: teeth."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(points[list(lm.INNER_LOOP), :2]).astype(np.int32)], 1)
    seen = photo[mask > 0].astype(np.float32)
    if not len(seen):
        return 0.0
    light = seen[seen.sum(1) >= np.median(seen.sum(1))].mean(0)
    return float(light[0] / max(float(light[2]), 1.0))


def random_loan(rng: np.random.Generator) -> Loan:
    """Some share of the smile, some of the gap, a slight turn."""
    turn = np.zeros(MOTION_SIZE, np.float32)
    for name in ("headPitch", "headYaw", "headRoll"):
        turn[MOTION_INDEX[name]] = rng.normal(0, _TURN)
    return Loan(float(rng.uniform(*_OF_SMILE)), float(rng.uniform(*_SEALED)), turn)


def landmarks(geometry: Geometry, own: F32, who: Lender, loan: Loan) -> F32:
    """f32[478,3]: the face at rest, landmarks `own` f32[478,3], with the lender's mouth."""
    face = geometry.face + np.float32(loan.share * geometry.mouth_width) * who.moved
    close_lips(face, loan.seal, np.zeros((len(lm.UPPER_INNER), 3), np.float32))
    pose = geometry.pose(loan.turn)
    placed = geometry.place(face.astype(np.float32), geometry.face_follow, pose)
    out = own.copy()
    out[: lm.MESH_POINTS] = placed * np.array([1, 1, -1], np.float32)
    for eye in lm.EYES:
        corners, iris = list(eye.corners), list(eye.iris)
        out[iris, :2] += (out[corners, :2] - own[corners, :2]).mean(0)
    return out


def lent(drawn: Drawn, who: Lender) -> Drawn:
    """The motion frame, and as its truth the same with the lender's mouth between the lips."""
    picture, placed = drawn.picture, drawn.mesh.placed
    chains = ((lm.INNER_LEFT, *row, lm.INNER_RIGHT) for row in (lm.UPPER_INNER, lm.LOWER_INNER))
    outline = lens(*(placed[list(chain), :2] for chain in chains))
    box = window(outline, 6, picture.shape[1], picture.shape[0])
    if box is None:
        return replace(drawn, truth=picture)
    x0, y0, x1, y1 = box
    shape = (y1 - y0, x1 - x0)
    source = _source(placed[:, :2] - np.array([x0, y0], np.float32), who.points[:, :2], shape)
    inside = cv2.remap(who.photo, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = _light(picture, placed) / max(_light(who.photo, who.points), 1.0)
    mask = polygon_mask(outline, (x0, y0), shape, 0.9).astype(np.float32)[..., None] / 255
    truth = picture.copy()
    part = truth[y0:y1, x0:x1]
    lit = inside * np.float32(np.clip(light, *_LIGHT))
    part[:] = np.rint((part + mask * (lit - part)).clip(0, 255)).astype(np.uint8)
    return replace(drawn, truth=truth)


def _source(to: F32, lips: F32, shape: tuple[int, int]) -> F32:
    """f32[h,w,2]: where in the lender's photo each pixel of a window comes from.

    to f32[468,2]: the mesh in the window; lips f32[478,2]: the lender's landmarks.
    """
    high, wide = shape
    here = np.concatenate([to[list(_FRAME)], np.ones((len(_FRAME), 1))], 1)
    flat = np.linalg.lstsq(here, lips[list(_FRAME)], rcond=None)[0]
    ys, xs = np.mgrid[:high, :wide]
    source = np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)], 1) @ flat
    spans = fill(to.astype(np.float32), lips[: lm.MESH_POINTS].astype(np.float32), _CAP, wide, high)
    source[spans.pixels] = spans.values
    out: F32 = source.reshape(high, wide, 2).astype(np.float32)
    return out


def _light(picture: U8, points: F32) -> float:
    """Grey level of the cheeks."""
    radius = max(round(0.04 * float(np.ptp(points[: lm.MESH_POINTS, 0]))), 1)
    levels = []
    for x, y in np.rint(points[list(_CHEEKS), :2]).astype(int):
        part = picture[max(y - radius, 0) : y + radius, max(x - radius, 0) : x + radius]
        levels.append(float(part.mean()) if part.size else 0.0)
    return float(np.mean(levels))


def lenders(people: Portraits) -> list[Lender]:
    """All whose photo shows what is in their mouth."""
    found = []
    for name, photo, points in people.squares():
        who = lender(name, photo, points)
        if who is not None:
            found.append(who)
    return found


def make(
    people: Portraits, stock: Sequence[Lender], variants: int, seed: int, step: Callable[[], None]
) -> Iterator[list[Pairs | None]]:
    """Each portrait with the mouths of `variants` others; the person's own teeth left out."""
    rng = np.random.default_rng(seed)
    for name, _, _, whole in people.avatars(step):
        others = [who for who in stock if who.name != name]
        if not others:
            continue
        avatar = toothless(whole)
        puppet, geometry = Puppet(avatar), Geometry(avatar, avatar.size)
        for k in rng.choice(len(others), variants, replace=len(others) < variants):
            now = random_loan(rng)
            near = replace(now, share=now.share + rng.normal(0, _CHANGE),
                           seal=now.seal + rng.normal(0, _CHANGE))  # fmt: skip
            drawn = []
            for loan in (near, now):
                seen = landmarks(geometry, avatar.landmarks, others[int(k)], loan)
                drawn.append(lent(puppet.drawn(seen, avatar.portrait), others[int(k)]))
            yield [puppet.pairs("lent", name, drawn[1], drawn[0])[0], None, None]
