"""Pairs for the renderer: a box of the motion frame and the same box of the truth, many in a file.

Offline; pure but for `save` and `load`.
Never pickled, never rescaled: pictures are the bytes the renderer will see.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.boxes import (
    EYE,
    FACE_SIDES,
    MASKS,
    MOUTH,
    PX_PER_FACE_WIDTH,
    Boxes,
    Kind,
    PlacedBox,
    face_box,
    fade,
)
from engines.render.conditions import CONDITION_SIZE, Cues, condition, mirrored
from engines.render.cv import cv2
from engines.render.warp import Mesh
from engines.values import F32, U8

MOST_SHIFT_PX = 2.0
"""A truth further off than this, in pixels of the box, is no truth of this picture."""
LEAST_LIKENESS = 0.75
"""Correlation of picture and truth where no hole is; below, the mesh lies elsewhere."""
MOST_TINT = 8.0
"""Grey levels of another light: a truth whose white balance could not be put right."""
_STEPS = 6
_NEAR_PX = 0.02
_ROBUST = 20.0
"""Grey levels from which on a difference is not one of place."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """N examples of one kind of box."""

    picture: U8
    """u8[N,h,w,3]: the motion frame."""
    masks: U8
    """u8[N,2,h,w]"""
    truth: U8
    """u8[N,h,w,3]"""
    rest: U8
    """u8[N,h,w,3]: the box at rest."""
    rest_masks: U8
    """u8[N,2,h,w]"""
    previous_picture: U8
    """u8[N,h,w,3]: of the frame before; 0 where there is none."""
    previous_truth: U8
    has_previous: NDArray[np.bool_]
    """bool[N]"""
    condition: F32
    """f32[N,212]; of a mirrored box with the mirrored motion."""
    open: F32
    """f32[N]: gap of the inner lips over the mouth's width, or height of the eye over its width."""
    kind: NDArray[np.str_]
    """"grid", "restore", "cycle", "spoken", "kept" or "personal"."""
    identity: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.picture)

    def take(self, rows: Any) -> Pairs:
        """Some rows: indices, a slice or bool[N]."""
        return Pairs(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def save(self, path: Path, **beside: NDArray[Any]) -> None:
        """Write aside and rename; `beside`: further columns."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part.npz")
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        np.savez(aside, **(columns | beside))
        os.replace(aside, path)


def load(path: Path) -> Pairs:
    """Read what `save` wrote. Raises OSError."""
    return load_beside(path)[0]


def load_beside(path: Path, *names: str) -> tuple[Pairs, list[NDArray[Any]]]:
    """The pairs that `save` wrote, and the further columns named. Raises OSError."""
    with np.load(path, allow_pickle=False) as data:
        pairs = Pairs(**{f.name: data[f.name] for f in fields(Pairs)})
        return pairs, [data[name] for name in names]


def join(parts: Sequence[Pairs]) -> Pairs:
    """One after the other; boxes of one kind. Raises ValueError for none."""
    return Pairs(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pairs)}
    )


def empty(kind: Kind) -> Pairs:
    """No example."""
    picture = np.zeros((0, *kind.shape, 3), np.uint8)
    masks = np.zeros((0, MASKS, *kind.shape), np.uint8)
    return Pairs(
        picture, masks, picture, picture, masks, picture, picture,
        np.zeros(0, bool), np.zeros((0, CONDITION_SIZE), np.float32), np.zeros(0, np.float32),
        np.zeros(0, "<U8"), np.zeros(0, "<U24"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """A motion frame and what it should have been, both u8[S,S,3]."""

    picture: U8
    truth: U8
    mesh: Mesh


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a frame besides its picture."""

    kind: str
    identity: str
    motion: F32
    """f32[58]"""
    sound: F32 | None = None
    """f32[80]"""


class Cutter:
    """Cuts the boxes of one avatar."""

    def __init__(self, avatar: Avatar, rest: Drawn, face: int = 0) -> None:
        """`rest`: the avatar drawn at rest. `face`: pixels a side; 0: mouth and eyes instead."""
        self._boxes = Boxes(avatar.landmarks, face_box(face) if face else None)
        placed = self._boxes.place(rest.mesh.placed)
        self._rest = [(box.cut(rest.picture), box.masks()) for box in placed]

    def cut(self, told: Told, now: Drawn, before: Drawn | None) -> list[Pairs | None]:
        """Mouth, first and second eye (or the face), one row each.

        None where picture and truth do not match.
        """
        placed = self._boxes.place(now.mesh.placed)
        earlier = None if before is None else self._boxes.place(before.mesh.placed)
        out: list[Pairs | None] = []
        for k, box in enumerate(placed):
            picture, masks = box.cut(now.picture), box.masks()
            truth = matched(box, picture, masks[0], now.truth)
            if truth is None:
                out.append(None)
                continue
            past = None
            if before is not None and earlier is not None:
                seen = earlier[k].cut(before.picture)
                goal = matched(earlier[k], seen, earlier[k].masks()[0], before.truth)
                past = None if goal is None else (seen, goal)
            motion = mirrored(told.motion) if k == 2 else told.motion
            cues = condition(motion, Cues(sound=told.sound))
            rest, rest_masks = self._rest[k]
            blank = np.zeros_like(picture)
            columns = (
                picture, masks, truth, rest, rest_masks, *(past or (blank, blank)),
                np.bool_(past is not None), cues, np.float32(opening(k, now.mesh.placed)),
                np.array(told.kind, "<U8"), np.array(told.identity, "<U24"),
            )  # fmt: skip
            out.append(Pairs(*(np.asarray(c)[None] for c in columns)))
        return out


def opening(k: int, placed: F32) -> float:
    """How open box k of `Boxes.place` is: mouth, first or second eye."""
    if k == 0:
        upper, lower = list(lm.UPPER_INNER[3:6]), list(lm.LOWER_INNER[3:6])
        corners = [lm.MOUTH_LEFT, lm.MOUTH_RIGHT]
    else:
        eye = lm.EYES[k - 1]
        upper, lower, corners = list(eye.upper), list(eye.lower), list(eye.corners)
    gap = (placed[lower, 1] - placed[upper, 1]).mean()
    return float(gap / np.linalg.norm(np.subtract(*placed[corners, :2])))


def matched(box: PlacedBox, picture: U8, hole: U8, truth: U8) -> U8 | None:
    """The truth u8[S,S,3] in the box, shifted onto the picture u8[h,w,3]; None if it is another.

    A tracker's jitter of a pixel is no lesson; it would be learnt as blur.
    """
    seen = box.cut(truth)
    shift = offset(picture, seen, hole)
    if float(np.hypot(*shift)) > MOST_SHIFT_PX * box.kind.scale / PX_PER_FACE_WIDTH:
        return None
    moved = box.to_picture.copy()
    moved[:, 2] += moved[:, :2] @ shift
    seen = replace(box, to_picture=moved).cut(truth)
    alike = (
        likeness(picture, seen, hole) >= LEAST_LIKENESS and tint(picture, seen, hole) < MOST_TINT
    )
    return seen if alike else None


def offset(picture: U8, truth: U8, hole: U8) -> F32:
    """f32[2]: where in the truth the picture's middle lies, x and y in pixels.

    Least squares on grey levels (Lucas, Kanade, 1981) without what a hole u8[h,w] shows.
    """
    grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (picture, truth)]
    fine, goal = (cv2.GaussianBlur(g, (0, 0), 1.0) - cv2.GaussianBlur(g, (0, 0), 8.0) for g in grey)
    share = _fading(picture.shape[:2]) * (cv2.dilate(hole, np.ones((5, 5), np.uint8)) < 64)
    shift = np.zeros(2, np.float32)
    for _ in range(_STEPS):
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (goal.shape[1], goal.shape[0])
        moved = cv2.warpAffine(goal, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        slope = np.stack([cv2.Sobel(moved, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0)])
        away = np.clip(fine - moved, -_ROBUST, _ROBUST) * share
        gram = np.einsum("iyx,jyx,yx->ij", slope, slope, share) + 1e-2 * share.sum() * np.eye(2)
        step = np.linalg.solve(gram, (slope * away).sum((1, 2))).astype(np.float32)
        shift += step
        if float(np.abs(step).max()) < _NEAR_PX:
            break
    return shift


def _fading(shape: tuple[int, ...]) -> F32:
    return fade(kind_of(shape))


def kind_of(shape: tuple[int, ...]) -> Kind:
    """The kind of box that has so many rows and columns. Raises ValueError."""
    for kind in (MOUTH, EYE, *map(face_box, FACE_SIDES)):
        if kind.shape == tuple(shape):
            return kind
    raise ValueError(f"no box has the shape {shape}")


def tint(picture: U8, truth: U8, hole: U8) -> float:
    """Grey levels between the mean colours outside a hole u8[h,w], of the channel furthest off."""
    use = (cv2.dilate(hole, np.ones((7, 7), np.uint8)) < 64).astype(np.uint8)
    a, b = (np.array(cv2.mean(p, use)[:3]) for p in (picture, truth))
    return float(np.abs(a - b).max())


def likeness(picture: U8, truth: U8, hole: U8) -> float:
    """Correlation of grey levels outside a hole u8[h,w] that the renderer has to fill."""
    use = cv2.dilate(hole, np.ones((7, 7), np.uint8)) < 64
    a, b = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY)[use].astype(np.float32) for p in (picture, truth))
    if a.size < 2 or a.std() < 1e-3 or b.std() < 1e-3:
        return 1.0 if a.size < 2 or np.allclose(a, b) else 0.0
    return float(np.corrcoef(a, b)[0, 1])


def sorted_by_box(rows: Sequence[Sequence[Pairs | None]]) -> dict[str, Pairs]:
    """What `Cutter.cut` gave for many frames, as one stack for each kind of box."""
    found: dict[Kind, list[Pairs]] = {MOUTH: [], EYE: []}
    for row in rows:
        for pair in row:
            if pair is not None:
                found.setdefault(kind_of(pair.picture.shape[1:3]), []).append(pair)
    return {kind.name: join(parts) if parts else empty(kind) for kind, parts in found.items()}
