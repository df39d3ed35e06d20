"""How well the face nets do on portraits they never saw, and on pictures without a face.

Offline; pure figures.
Never trains and never chooses: thresholds come with the weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.avatars.fit import square
from engines.avatars.matte import person_alpha
from engines.face.finder import BadFace, FaceFinder, one_face
from engines.face.frame import three_points
from engines.face.matte import to_edges
from engines.face.parts import LIDS, LIPS
from engines.render import landmarks as lm
from engines.values import F32, U8
from export.data.face_backdrops import BACKDROPS, cartoon, cells
from export.data.face_scenes import SCENE_PX, People, faceless, scene

NEGATIVES = 40
"""Pictures of each kind."""
IRIS = tuple(p for eye in lm.EYES for p in eye.iris)


@dataclass(frozen=True, slots=True)
class PointFigures:
    """Mean distance to the teacher as a share of the distance between the eyes' middles."""

    mean: float
    lips: float
    lids: float
    iris: float
    worst: float
    """The worst portrait's mean."""
    depth: float
    """Mean |z| difference after removing the mean, same unit."""
    each: F32
    """f32[N] mean of each portrait."""


def between_eyes(points: F32) -> float:
    """Pixels between the middles of the eyes."""
    left, right, _ = three_points(points)
    return float(np.linalg.norm(right - left))


def point_figures(seen: Sequence[F32], truth: Sequence[F32]) -> PointFigures:
    """Compare meshes f32[478,3] in pixels."""
    flat, deep = [], []
    for a, b in zip(seen, truth, strict=True):
        eyes = between_eyes(b)
        flat.append(np.linalg.norm((a - b)[:, :2], axis=1) / eyes)
        z = (a[:, 2] - a[:, 2].mean()) - (b[:, 2] - b[:, 2].mean())
        deep.append(np.abs(z).mean() / eyes)
    away = np.stack(flat)
    return PointFigures(
        mean=float(away.mean()),
        lips=float(away[:, [*LIPS]].mean()),
        lids=float(away[:, [*LIDS]].mean()),
        iris=float(away[:, [*IRIS]].mean()),
        worst=float(away.mean(1).max()),
        depth=float(np.mean(deep)),
        each=away.mean(1).astype(np.float32),
    )


def measure_all(
    finder: FaceFinder, photos: U8, truth: F32
) -> tuple[list[F32 | None], list[float], list[str]]:
    """Meshes (None where refused), seconds of each, and the refusals' words."""
    out: list[F32 | None] = []
    seconds, words = [], []
    for photo, points in zip(photos, truth, strict=True):
        began = time.perf_counter()
        try:
            found = finder.measure(photo, one_face(finder.find_faces(photo))).points
            near = np.linalg.norm((found - points)[:, :2].mean(0)) < 0.5 * between_eyes(points)
            out.append(found if near else None)
            words.extend([] if near else ["found elsewhere"])
        except BadFace as error:
            out.append(None)
            words.append(f"{type(error).__name__}: {error}")
        seconds.append(time.perf_counter() - began)
    return out, seconds, words


def found_share(finder: FaceFinder, people: People, count: int, seed: int) -> tuple[float, float]:
    """Share of the faces of `count` composed scenes that are found, and false finds a scene."""
    rng = np.random.default_rng((seed, 21))
    faces = hits = wrong = 0
    for _ in range(count):
        drawn = scene(people, rng, empty=0.0, units=(11.0, 75.0))
        seen = [np.asarray(f.frame.centre) for f in finder.find_faces(drawn.image)]
        middles = [((f[0] + f[1]) / 2 + f[2]) / 2 for f in drawn.faces]
        units = [float(np.linalg.norm(f[1] - f[0])) for f in drawn.faces]
        faces += len(middles)
        for middle, unit in zip(middles, units, strict=True):
            hits += any(np.linalg.norm(s - middle) < 0.6 * unit for s in seen)
        for one in seen:
            near = (np.linalg.norm(one - m) < u for m, u in zip(middles, units, strict=True))
            wrong += not any(near)
    return hits / max(1, faces), wrong / count


def negatives(people: People, each: int, seed: int) -> dict[str, list[U8]]:
    """Pictures without a face by kind; `cells` is a kind that training never draws."""
    rng = np.random.default_rng((seed, 22))
    size = 2 * SCENE_PX
    draws = (*BACKDROPS, cells, cartoon)
    out = {draw.__name__: [draw(size, rng) for _ in range(each)] for draw in draws}
    out["static"] = [rng.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(each)]
    out["faceless person"] = [faceless(people, rng)[0] for _ in range(each)]
    return out


def false_finds(finder: FaceFinder, pictures: Sequence[U8]) -> int:
    """How many pictures without a face are said to have one."""
    return sum(bool(finder.find_faces(picture)) for picture in pictures)


def teacher_mask(photo: U8, mask: U8) -> F32:
    """The teacher's mask u8[H,W] with its edge drawn to the photo's, as the net's is."""
    return to_edges(photo, (mask / 255).astype(np.float32))


@dataclass(frozen=True, slots=True)
class MaskFigures:
    """Masks against the teacher's."""

    overlaps: F32
    """f32[N]: IoU at one half."""
    shown: F32
    """f32[N]: that of mattes made of both, within what an avatar shows."""
    error: float
    """Mean absolute error."""
    ms: float
    """CPU time of a mask, median."""


def mask_figures(
    matte: Callable[[U8, F32], F32],
    photos: Sequence[U8],
    points: Sequence[F32],
    masks: Sequence[U8],
) -> MaskFigures:
    """Masks of photos against the teacher's u8[H,W]; points: each photo's mesh f32[478,3] px."""
    overlaps, shown, errors, times = [], [], [], []
    for photo, mesh, mask in zip(photos, points, masks, strict=True):
        began = time.process_time()
        seen = matte(photo, mesh)
        times.append(1000 * (time.process_time() - began))
        truth = teacher_mask(photo, mask)
        overlaps.append(overlap(seen, truth))
        errors.append(np.abs(seen - truth).mean())
        x, y, side = square(mesh, truth)
        part = np.s_[y : y + side, x : x + side]
        picture = np.ascontiguousarray(photo[part])
        mattes = [person_alpha(picture, m[part]) for m in (seen, (mask / 255).astype(np.float32))]
        shown.append(overlap(mattes[0], mattes[1], 127))
    return MaskFigures(
        np.array(overlaps, np.float32), np.array(shown, np.float32),
        float(np.mean(errors)), float(np.median(times)),
    )  # fmt: skip


def overlap(one: F32 | U8, other: F32 | U8, half: float = 0.5) -> float:
    """IoU of what is above `half`."""
    a, b = one > half, other > half
    return float((a & b).sum() / max(1, (a | b).sum()))
