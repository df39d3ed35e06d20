"""The rig as a whole head for 3D programs: mask, back of the head, mouth bag, teeth, eyes.

Offline, main thread; pure.
Never a likeness: it is the mean face of ICT-FaceKit (MIT, USC ICT), coloured by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.geometry import close_lids, close_lips
from engines.render.rig import Rig
from engines.values import ARKIT_NAMES, F32

Triangles = NDArray[np.int64]
SKIN, LIP, BROW, DARK = (
    (0.70, 0.43, 0.32),
    (0.52, 0.20, 0.19),
    (0.26, 0.17, 0.13),
    (0.16, 0.04, 0.04),
)
TOOTH, WHITE, IRIS, PUPIL = (0.92, 0.90, 0.85), (0.93, 0.92, 0.90), (0.20, 0.34, 0.40), (0.02,) * 3
_BROWS = (70, 63, 105, 66, 107, 300, 293, 334, 296, 336)
_SHELL_RINGS, _BACK_CM, _NAPE_CM, _CROWN_CM = 8, 14.0, 2.5, 4.5
_BAG = ((0.9, 0.9), (0.75, 2.4), (0.0, 2.8))
"""Rings of the mouth bag: size against the inner lips, and cm behind them."""
EYE_RADIUS_CM = 1.62
_FLIP = np.array([1, -1, 1], np.float32)
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


def at_rest(rig: Rig) -> F32:
    """f32[468,3]: the rig's neutral face with its lips, which are parted a little, closed."""
    face = rig.neutral.copy()
    close_lips(face, 1.0, np.zeros((len(lm.LOWER_INNER), 3), np.float32))
    return face


def shapes(rig: Rig) -> F32:
    """f32[52,468,3]: the rig's deltas, with a `mouthClose` that meets the lips over jawOpen 1."""
    deltas = rig.deltas.copy()
    rest = at_rest(rig)
    opened = rest + deltas[_JAW]
    closed = opened.copy()
    close_lips(closed, 1.0, np.zeros((len(lm.LOWER_INNER), 3), np.float32))
    deltas[_CLOSE] = closed - opened
    for eye in lm.EYES:
        # By rule, as in our own pictures: the rig's blink leaves a slit. There y points down.
        shut = rest * _FLIP
        close_lids(shut, eye, 1.0, float(np.ptp(rig.neutral[:, 0])))
        deltas[ARKIT_NAMES.index(f"eyeBlink{eye.person_side}")] = shut * _FLIP - rest
    return deltas


class _Sheet:
    """A mesh as it grows: each point is a mix of the rig's points, moved by an offset."""

    def __init__(self, rig: Rig) -> None:
        count = len(rig.neutral)
        self.shares: list[F32] = list(np.eye(count, dtype=np.float32))
        self.offsets: list[F32] = [np.zeros(3, np.float32)] * count
        self.colours: list[tuple[float, ...]] = [SKIN] * count
        self.triangles: list[tuple[int, ...]] = [tuple(row) for row in rig.triangles.tolist()]

    def ring(
        self, loop: list[int], size: float, offsets: F32, colour: tuple[float, ...]
    ) -> list[int]:
        """A loop's copy, `size` as large about its middle, moved by f32[L,3]."""
        middle = np.mean([self.shares[point] for point in loop], axis=0)
        begin = len(self.shares)
        for point, offset in zip(loop, offsets, strict=True):
            mixed = size * self.shares[point] + (1 - size) * middle
            self.shares.append(mixed.astype(np.float32))
            self.offsets.append(offset.astype(np.float32))
            self.colours.append(colour)
        return list(range(begin, len(self.shares)))

    def join(self, one: list[int], two: list[int]) -> None:
        """Triangles between two loops."""
        for a, b, c, d in zip(one, one[1:] + one[:1], two, two[1:] + two[:1], strict=True):
            self.triangles += [(a, b, c), (b, d, c)]


def _base(rig: Rig) -> _Sheet:
    """Mask, back of the head and mouth bag."""
    sheet = _Sheet(rig)
    for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS, (61, 291, 78, 308)):
        for point in row:
            sheet.colours[point] = LIP
    for point in _BROWS:
        sheet.colours[point] = BROW
    before = oval = rig.oval.tolist()
    height = rig.neutral[oval, 1]
    # The skull rises above the forehead; below the ears nothing does.
    crown = np.clip((height - 1.0) / (height.max() - 1.0), 0, 1) ** 1.5
    for k in range(1, _SHELL_RINGS + 1):
        angle = 0.5 * np.pi * k / _SHELL_RINGS
        size = float(np.cos(angle) ** 0.75 * (1 + 0.05 * np.sin(2 * angle)))
        rise = _NAPE_CM * np.sin(angle) + _CROWN_CM * np.sin(2 * angle) ** 0.7 * crown
        back = np.full_like(height, -_BACK_CM * np.sin(angle))
        after = sheet.ring(oval, size, np.column_stack([0 * rise, rise, back]), SKIN)
        sheet.join(before, after)
        before = after
    loop = before = list(lm.INNER_LOOP)
    for size, back_cm in _BAG:
        behind = np.tile(np.array([0, 0, -back_cm], np.float32), (len(loop), 1))
        after = sheet.ring(loop, size, behind, DARK)
        sheet.join(before, after)
        before = after
    return sheet


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
    meet, front = float(lips[:, 1].mean()), float(lips[:, 2].max()) - 0.95
    z = front - 0.28 * x**2
    rows = [np.stack([x, np.full(13, meet + dy), z], 1) for dy in (0.7, -0.28, -0.34, -1.15)]
    quads = [(r + i, r + i + 13, r + i + 1, r + i + 14) for r in (0, 26) for i in range(12)]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (c, b, d))]
    lower = np.repeat([0.0, 0.0, 1.0, 1.0], 13)[:, None]
    return np.concatenate(rows).astype(np.float32), lower.astype(np.float32), np.array(triangles)


def head_mesh(rig: Rig) -> HeadMesh:
    """The whole head."""
    sheet = _base(rig)
    shares, offsets = np.stack(sheet.shares), np.stack(sheet.offsets)
    turned = oriented(np.array(sheet.triangles, np.int64))
    weights, triangles = subdivide(turned, len(shares))
    tints = np.clip(weights @ np.array(sheet.colours, np.float32), 0, 1)
    # Through the rig's own points: smoothed lips and lids would not meet.
    weights = weights @ np.linalg.inv(weights[: len(shares)])
    points = weights @ (shares @ at_rest(rig) + offsets)
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
        colours=np.concatenate([tints, tooth_colours]).astype(np.float32),
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
    centre[2] = np.median(behind) - 0.24
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
