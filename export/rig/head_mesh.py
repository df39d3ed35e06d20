"""The rig as a whole head for 3D programs: mask, back of the head, mouth bag, teeth, eyes.

Offline, main thread; pure.
Never a likeness: it is the mean face of ICT-FaceKit (MIT, USC ICT), coloured by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.geometry import close_lips
from engines.render.rig import Rig
from engines.values import ARKIT_NAMES, F32

Triangles = NDArray[np.int64]
SKIN, LIP, BROW, DARK = (
    (0.80, 0.58, 0.48),
    (0.66, 0.30, 0.29),
    (0.26, 0.17, 0.13),
    (0.16, 0.04, 0.04),
)
TOOTH, WHITE, IRIS, PUPIL = (0.92, 0.90, 0.85), (0.93, 0.92, 0.90), (0.20, 0.34, 0.40), (0.02,) * 3
_BROWS = (
    70,
    63,
    105,
    66,
    107,
    55,
    65,
    52,
    53,
    46,
    300,
    293,
    334,
    296,
    336,
    285,
    295,
    282,
    283,
    276,
)
_SHELL_RINGS, _BACK_CM = 7, 15.0
_BAG = ((0.85, 1.2), (0.7, 2.6))
"""Rings of the mouth bag: size against the inner lips, and cm behind them."""
EYE_RADIUS_CM = 1.62
_JAW, _CLOSE = ARKIT_NAMES.index("jawOpen"), ARKIT_NAMES.index("mouthClose")


@dataclass(frozen=True, slots=True)
class HeadMesh:
    """Centimetres, as the rig; y up, z toward the viewer, origin where the head turns."""

    points: F32
    """f32[N,3]"""
    deltas: F32
    """f32[52,N,3] in ARKIT_NAMES order."""
    colours: F32
    """f32[N,3] linear RGB."""
    triangles: Triangles
    """i64[M,3], counter-clockwise from outside."""
    eyes: dict[str, F32]
    """Centre f32[3] of each eyeball, by the person's own side."""


def shapes(rig: Rig) -> F32:
    """f32[52,468,3]: the rig's deltas, with a `mouthClose` that meets the lips over jawOpen 1."""
    deltas = rig.deltas.copy()
    opened = rig.neutral + deltas[_JAW]
    closed = opened.copy()
    lower, upper = list(lm.LOWER_INNER), list(lm.UPPER_INNER)
    close_lips(closed, 1.0, rig.neutral[lower] - rig.neutral[upper])
    deltas[_CLOSE] = closed - opened
    return deltas


def _base(rig: Rig) -> tuple[F32, F32, F32, Triangles]:
    """Mask, shell and bag: f32[N,468] shares of the rig's points, f32[N,3] offsets, colours."""
    shares: list[F32] = list(np.eye(lm.MESH_POINTS, dtype=np.float32))
    colours = [SKIN] * lm.MESH_POINTS
    for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS, (61, 291, 78, 308)):
        for point in row:
            colours[point] = LIP
    for point in _BROWS:
        colours[point] = BROW
    offsets = [np.zeros(3, np.float32)] * lm.MESH_POINTS
    triangles = [tuple(row) for row in rig.triangles.tolist()]

    def ring(
        loop: list[int], size: float, centre: float, back_cm: float, colour: tuple[float, ...]
    ) -> list[int]:
        middle = np.mean([shares[point] for point in loop], axis=0) * np.float32(centre)
        begin = len(shares)
        for point in loop:
            shares.append((size * shares[point] + (1 - size) * middle).astype(np.float32))
            offsets.append(np.array([0, 0, -back_cm], np.float32))
            colours.append(colour)
        return list(range(begin, len(shares)))

    def join(one: list[int], two: list[int]) -> None:
        for a, b, c, d in zip(one, one[1:] + one[:1], two, two[1:] + two[:1], strict=True):
            triangles.extend([(a, b, c), (b, d, c)])

    oval = rig.oval.tolist()
    before = oval
    for k in range(1, _SHELL_RINGS + 1):
        angle = 0.5 * np.pi * k / (_SHELL_RINGS + 0.6)
        swell = 1 + 0.1 * np.sin(2 * angle)
        after = ring(oval, float(swell * np.cos(angle)), 1.0, float(_BACK_CM * np.sin(angle)), SKIN)
        join(before, after)
        before = after
    join(before, ring(oval, 0.0, 1.0, _BACK_CM, SKIN))
    loop = before = list(lm.INNER_LOOP)
    for size, back_cm in _BAG:
        after = ring(loop, size, 1.0, back_cm, DARK)
        join(before, after)
        before = after
    join(before, ring(loop, 0.0, 1.0, _BAG[-1][1] + 0.3, DARK))
    arrays = np.stack(shares), np.stack(offsets), np.array(colours, np.float32)
    return *arrays, np.array(triangles, np.int64)


def subdivide(triangles: Triangles, count: int) -> tuple[F32, Triangles]:
    """One step of Loop subdivision (Loop 1987, with Warren's weights): f32[N',N] and triangles."""
    wings: dict[tuple[int, int], list[int]] = {}
    for a, b, c in triangles.tolist():
        for i, j, k in ((a, b, c), (b, c, a), (c, a, b)):
            wings.setdefault((min(i, j), max(i, j)), []).append(k)
    edges = {edge: count + n for n, edge in enumerate(wings)}
    weights = np.zeros((count + len(edges), count), np.float32)
    around: list[set[int]] = [set() for _ in range(count)]
    rims: list[set[int]] = [set() for _ in range(count)]
    for (i, j), across in wings.items():
        inside = len(across) == 2
        weights[edges[i, j], [i, j]] = 0.375 if inside else 0.5
        if inside:
            weights[edges[i, j], across] += 0.125
        else:
            rims[i].add(j)
            rims[j].add(i)
        around[i].add(j)
        around[j].add(i)
    for point in range(count):
        ring, share = (rims[point], 0.125) if rims[point] else (around[point], 0.0)
        if not rims[point]:
            share = 3 / 16 if len(ring) == 3 else 3 / (8 * max(1, len(ring)))
        weights[point, list(ring)] = share
        weights[point, point] = 1 - share * len(ring)
    out = []
    for a, b, c in triangles.tolist():
        ab, bc, ca = (edges[min(i, j), max(i, j)] for i, j in ((a, b), (b, c), (c, a)))
        out += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return weights, np.array(out, np.int64)


def oriented(triangles: Triangles) -> Triangles:
    """The same triangles, neighbours turned the same way round."""
    rows = [list(row) for row in triangles.tolist()]
    beside: dict[tuple[int, int], list[int]] = {}
    for n, row in enumerate(rows):
        for i, j in zip(row, row[1:] + row[:1], strict=True):
            beside.setdefault((min(i, j), max(i, j)), []).append(n)
    seen: set[int] = set()
    for first in range(len(rows)):
        waiting = [first] if first not in seen else []
        seen.add(first)
        while waiting:
            row = rows[waiting.pop()]
            for i, j in zip(row, row[1:] + row[:1], strict=True):
                for other in beside[min(i, j), max(i, j)]:
                    if other in seen:
                        continue
                    seen.add(other)
                    waiting.append(other)
                    turns = list(zip(rows[other], rows[other][1:] + rows[other][:1], strict=True))
                    if (i, j) in turns:
                        rows[other].reverse()
    return np.array(rows, np.int64)


def _teeth(rig: Rig) -> tuple[F32, F32, Triangles]:
    """Two arcs of 13 columns: points f32[52,3], how far each goes with the jaw f32[52,1]."""
    x = np.linspace(-2.3, 2.3, 13)
    lips = rig.neutral[list(lm.INNER_LOOP)]
    meet, front = float(lips[:, 1].mean()), float(lips[:, 2].max()) - 0.75
    z = front - 0.28 * x**2
    rows = [np.stack([x, np.full(13, meet + dy), z], 1) for dy in (0.95, 0.0, -0.12, -0.9)]
    quads = [(r + i, r + i + 13, r + i + 1, r + i + 14) for r in (0, 26) for i in range(12)]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (c, b, d))]
    lower = np.repeat([0.0, 0.0, 1.0, 1.0], 13)[:, None]
    return np.concatenate(rows).astype(np.float32), lower.astype(np.float32), np.array(triangles)


def head_mesh(rig: Rig) -> HeadMesh:
    """The whole head."""
    shares, offsets, colours, triangles = _base(rig)
    weights, triangles = subdivide(oriented(triangles), len(shares))
    points = weights @ (shares @ rig.neutral + offsets)
    deltas = np.einsum("nk,skd->snd", weights @ shares, shapes(rig))
    normals = vertex_normals(points, triangles)
    nose = int(points[: lm.MESH_POINTS, 2].argmax())
    if normals[nose, 2] < 0:
        triangles = triangles[:, ::-1]
    teeth, lower, more = _teeth(rig)
    moved = np.zeros((len(ARKIT_NAMES), len(teeth), 3), np.float32)
    moved[_JAW] = lower * rig.lower_travel
    tooth_colours = np.tile(np.array(TOOTH, np.float32), (len(teeth), 1))
    pivot = _pivot(rig)
    return HeadMesh(
        points=(np.concatenate([points, teeth]) - pivot).astype(np.float32),
        deltas=np.concatenate([deltas, moved], 1).astype(np.float32),
        colours=np.concatenate([weights @ colours, tooth_colours]).astype(np.float32),
        triangles=np.concatenate([triangles, more + len(points)]),
        eyes={eye.person_side: _eye_centre(rig, eye) - pivot for eye in lm.EYES},
    )


def _pivot(rig: Rig) -> F32:
    """Where a head turns: between the ears, half way down to the chin."""
    ears = (rig.neutral[lm.FACE_LEFT] + rig.neutral[lm.FACE_RIGHT]) / 2
    height = 0.45 * ears[1] + 0.55 * rig.neutral[lm.CHIN, 1]
    return np.array([0.0, height, ears[2] - 1.0], np.float32)


def _eye_centre(rig: Rig, eye: lm.Eye) -> F32:
    """So that the ball's front lies just behind the lids."""
    lids = rig.neutral[[*eye.upper, *eye.lower]]
    centre = lids.mean(0)
    reach = np.linalg.norm(lids[:, :2] - centre[:2], axis=1)
    behind = lids[:, 2] - np.sqrt(np.maximum(EYE_RADIUS_CM**2 - reach**2, 0))
    centre[2] = np.median(behind) - 0.04
    out: F32 = centre.astype(np.float32)
    return out


def eyeball() -> tuple[F32, F32, Triangles]:
    """A ball that looks along z: points f32[N,3] (cm), colours f32[N,3], triangles."""
    angles = [0.0, 0.15, 0.151, 0.36, 0.375, 0.6, 0.9, 1.2, 1.6, 2.2, np.pi]
    tints = [PUPIL, PUPIL, IRIS, IRIS, WHITE, *[WHITE] * 6]
    around = np.linspace(0, 2 * np.pi, 25)[:-1]
    circle = np.stack([np.cos(around), np.sin(around)], 1)
    points, colours, triangles = [], [], []
    for ring, (angle, tint) in enumerate(zip(angles, tints, strict=True)):
        flat = np.sin(angle) * circle
        points.append(np.column_stack([flat, np.full(24, np.cos(angle))]))
        colours.append(np.tile(tint, (24, 1)))
        for i in range(24 if ring else 0):
            a, b = 24 * (ring - 1) + i, 24 * (ring - 1) + (i + 1) % 24
            triangles += [(a, a + 24, b), (b, a + 24, b + 24)]
    ball = (EYE_RADIUS_CM * np.concatenate(points)).astype(np.float32)
    return ball, np.concatenate(colours).astype(np.float32), np.array(triangles, np.int64)


def vertex_normals(points: F32, triangles: Triangles) -> F32:
    """f32[N,3]: area-weighted mean of the faces around each point."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    out = np.zeros_like(points)
    for i in range(3):
        np.add.at(out, triangles[:, i], faces)
    lengths = np.linalg.norm(out, axis=1, keepdims=True)
    normals: F32 = np.where(lengths > 0, out / np.maximum(lengths, 1e-12), [0, 0, 1]).astype(
        np.float32
    )
    return normals
