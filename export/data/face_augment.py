"""Endless training crops: moved, bent, relit and blurred, their points moved with them.

Offline; pure but for the generator handed in.
Never asks the teacher: a bend of the picture moves the points by the same map, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.face.frame import Frame, move_points
from engines.face.parts import PARTS, Part, part_frame
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.faces import BASE_PX, BASE_SIDE, Faces

UNIT_PX = BASE_PX / BASE_SIDE
_GRID = 20
_MODES = 24
_REACH = 0.45
"""Width of the bend's kernel in frame units."""


@dataclass(frozen=True, slots=True)
class Jitter:
    """Spread of the crop about the true one: shift in crop sides, log scale, turn in radians."""

    shift: float
    scale: float
    turn: float


WIDE, NARROW = Jitter(0.035, 0.06, 0.08), Jitter(0.014, 0.025, 0.03)


def bend_basis(points: F32) -> F32:
    """f32[K,G,G,2]: one standard deviation of each of K shape modes as a field of pixel shifts.

    points f32[N,478,3] in base crops. The modes are carried from the mesh to the whole crop by
    Gaussian kernels, so hair and neck follow and the far background stays.
    """
    flat = points[..., :2]
    mean = flat.mean(0)
    away = (flat - mean).reshape(len(flat), -1)
    _, sizes, rows = np.linalg.svd(away, full_matrices=False)
    count = min(_MODES, len(rows))
    modes = (rows[:count] * sizes[:count, None] / np.sqrt(len(flat))).reshape(count, -1, 2)
    at = mean[::5]
    width = 2 * (_REACH * UNIT_PX) ** 2

    def kernel(a: F32, b: F32) -> F32:
        out: F32 = np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / width)
        return out

    line = np.linspace(0, BASE_PX - 1, _GRID)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2).astype(np.float32)
    solve = np.linalg.solve(kernel(at, at) + 0.02 * np.eye(len(at)), modes[:, ::5])
    fields = kernel(grid, at) @ solve
    return fields.reshape(count, _GRID, _GRID, 2).astype(np.float32)


class Sampler:
    """Draws crops of one part from stored faces."""

    def __init__(
        self, faces: Faces, part: Part, mirror: NDArray[np.int64], fields: F32,
        chances: F32 | None = None, *, fine: bool = False,
    ) -> None:  # fmt: skip
        """Chances f32[N] of each face, even when None; fine: crops nearly right."""
        self._fine = fine
        self._faces, self._part, self._mirror, self._fields = faces, part, mirror, fields
        self._chances = chances
        # The whole face is cut at about half the stored size: a half-size copy has no alias.
        self._shrink = 2 if part.side_px / part.side < 0.6 * UNIT_PX else 1
        if self._shrink == 2:
            half = (BASE_PX // 2, BASE_PX // 2)
            self._images = np.stack(
                [cv2.resize(i, half, interpolation=cv2.INTER_AREA) for i in faces.images]
            )
        else:
            self._images = faces.images

    def batch(self, count: int, rng: np.random.Generator) -> tuple[U8, F32]:
        """u8[count,S,S,3] BGR and f32[count,P,3] in crop sides, 0 in the middle."""
        rows = rng.choice(len(self._images), count, p=self._chances)
        drawn = [self._draw(int(row), rng) for row in rows]
        return np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn])

    def _draw(self, row: int, rng: np.random.Generator) -> tuple[U8, F32]:
        points = self._faces.points[row]
        part, flip = self._part, rng.random() < 0.5
        if part.name == "eye" and flip:
            # The net knows the eye on the picture's left: the right one comes mirrored.
            part = PARTS["eye_right"]
        field = self._bend(rng) if rng.random() < 0.75 else None
        if field is not None:
            points = unbend(points, field)
        jitter = self._jitter(rng)
        frame = jittered(part_frame(part, points), jitter, rng)
        side = part.side_px
        matrix = frame.matrix(side)
        image = self._cut(row, matrix, side, field)
        moved = (move_points(points, matrix) - [(side - 1) / 2, (side - 1) / 2, 0]) / side
        if flip:
            image = image[:, ::-1]
            moved = moved[self._mirror] * [-1, 1, 1]
        return relight(image, rng), moved[[*self._part.points]].astype(np.float32)

    def _jitter(self, rng: np.random.Generator) -> Jitter:
        if self._part.name != "mesh":
            return Jitter(0.022, 0.035, 0.04) if self._fine else Jitter(0.04, 0.06, 0.06)
        return NARROW if self._fine or rng.random() < 0.7 else WIDE

    def _bend(self, rng: np.random.Generator) -> F32:
        amounts = rng.normal(0, 0.8, len(self._fields)).astype(np.float32)
        field: F32 = np.tensordot(amounts, self._fields, 1)
        return field

    def _cut(self, row: int, matrix: F32, side: int, field: F32 | None) -> U8:
        image, shrink = self._images[row], self._shrink
        back = cv2.invertAffineTransform(matrix)
        line = np.arange(side, dtype=np.float32)
        at = np.stack(np.meshgrid(line, line), -1) @ back[:, :2].T + back[:, 2]
        at = at.astype(np.float32)
        if field is not None:
            at += sample_field(field, at)
        at = (at + 0.5) / shrink - 0.5
        out: U8 = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return out


def sample_field(field: F32, at: F32) -> F32:
    """The bend's shift at pixels f32[...,2] of the base crop."""
    scaled = (at * np.float32((_GRID - 1) / (BASE_PX - 1))).astype(np.float32)
    shaped = scaled.reshape(-1, 1, 2) if at.ndim == 2 else scaled
    out: F32 = cv2.remap(field, shaped, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape(at.shape)


def unbend(points: F32, field: F32) -> F32:
    """Where points f32[P,3] land in a picture drawn as out(q) = in(q + field(q))."""
    at = points[:, :2].copy()
    for _ in range(6):
        at = points[:, :2] - sample_field(field, at)
    return np.concatenate([at, points[:, 2:]], 1).astype(np.float32)


def jittered(frame: Frame, jitter: Jitter, rng: np.random.Generator) -> Frame:
    """A frame somewhat off, as a rough first guess would be."""
    side = frame.unit * 3.5
    shift = np.clip(rng.normal(0, jitter.shift, 2), -3 * jitter.shift, 3 * jitter.shift) * side
    x, y = np.asarray(frame.centre) + shift
    return Frame(
        (float(x), float(y)),
        frame.unit * float(np.exp(np.clip(rng.normal(0, jitter.scale), -0.35, 0.35))),
        frame.angle + float(rng.normal(0, jitter.turn)),
    )


def relight(image: U8, rng: np.random.Generator, *, block: bool = True) -> U8:
    """Other light, other camera, now and then (unless not `block`) something in front."""
    side = image.shape[0]
    x = image.astype(np.float32)
    if rng.random() < 0.4:
        x = (255 * (x / 255) ** float(np.exp(rng.normal(0, 0.3)))).astype(np.float32)
    gain = np.exp(rng.normal(0, 0.12, 3)) * np.exp(rng.normal(0, 0.3))
    x = x * gain.astype(np.float32) + np.float32(rng.normal(0, 12))
    if rng.random() < 0.4:
        across = np.linspace(-1, 1, side, dtype=np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        slope = across[None] * np.float32(np.cos(angle)) + across[:, None] * np.float32(
            np.sin(angle)
        )
        x = x * (1 + np.float32(rng.uniform(0, 0.5)) * slope)[..., None]
    if rng.random() < 0.15:
        x = np.repeat(x.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.3, 1.4)))
    if block and rng.random() < 0.12:
        h, w = rng.integers(side // 10, side // 3, 2)
        top, left = rng.integers(0, side - h), rng.integers(0, side - w)
        x[top : top + h, left : left + w] = rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        x += rng.standard_normal(x.shape, np.float32) * np.float32(rng.uniform(1, 9))
    out: U8 = np.clip(x, 0, 255).astype(np.uint8)
    return out
