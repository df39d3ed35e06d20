"""The 478 points of a face whose place is roughly known.

Any thread; no state. The net looks several times, each look from a better crop, and at mirror
images; lips and eyes have nets of their own (the idea of attention mesh: Grishchenko et al. 2020).
Never searches: a wrong first frame gives a wrong mesh, and a large `spread` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.face.frame import MESH_SIZE, Frame, cut, frame_of, inverse, move_points
from engines.face.parts import LEFT_EYE, PARTS, Part, part_frame
from engines.face.weights import FaceNets
from engines.render import landmarks as lm
from engines.values import F32, U8

LOOKS = ((0.0, 0.0, 1.0, 0.0), (0.012, 0.008, 1.03, 0.03), (-0.012, 0.008, 0.97, -0.03),
         (0.0, -0.012, 1.0, 0.015))  # fmt: skip
"""Shift (crop sides), scale and turn of the crops whose answers are averaged."""


HALF_PIXEL = 0.5
"""The nets count from the middle of the first pixel; answers, like the teacher's, from its edge."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """f32[478,3]: x right, y down, z away, pixels; `spread`: disagreement of the looks, units."""

    points: F32
    spread: float


def outline(image: U8, frame: Frame, nets: FaceNets) -> Mesh:
    """The mesh net alone on the face in `frame` of u8[H,W,3] BGR; points from pixel middles."""
    points = _mean(_views(image, PARTS["mesh"], frame, nets, LOOKS[:1], "points"))
    points = _mean(_views(image, PARTS["mesh"], frame_of(points), nets, LOOKS[:1]))
    views = _views(image, PARTS["mesh"], frame_of(points), nets, LOOKS)
    spread = float(np.linalg.norm((views - views.mean(0))[..., :2], axis=-1).mean())
    points = _mean(views)
    return Mesh(points, spread / frame_of(points).unit)


def measure(image: U8, frame: Frame, nets: FaceNets) -> Mesh:
    """Points of the face in `frame` of u8[H,W,3] BGR, lips and eyes by their own nets."""
    rough = outline(image, frame, nets)
    points = rough.points
    for name in ("lips", "eye", "eye_right"):
        part = PARTS[name]
        group = [*part.points]
        for _ in range(2):
            fine = _mean(_views(image, part, part_frame(part, points), nets, LOOKS))
            points = points.copy()
            points[group] = fine[group]
    return Mesh(points + np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32), rough.spread)


def _mean(views: F32) -> F32:
    out: F32 = views.mean(0)
    return out


def moved(frame: Frame, look: tuple[float, float, float, float]) -> Frame:
    """One of LOOKS at a frame."""
    dx, dy, scale, turn = look
    side = frame.unit * MESH_SIZE
    x, y = frame.centre
    return Frame((x + dx * side, y + dy * side), frame.unit * scale, frame.angle + turn)


def _views(
    image: U8, part: Part, frame: Frame, nets: FaceNets,
    looks: tuple[tuple[float, float, float, float], ...], output: str = "fine",
) -> F32:  # fmt: skip
    """f32[2 * looks,478,3] in picture pixels; rows of points the part lacks are zero."""
    side = part.side_px
    matrices = [moved(frame, look).matrix(side) for look in looks]
    crops = np.stack([cut(image, matrix, side) for matrix in matrices])
    flipped = crops[:, :, ::-1]
    if part.name in ("mesh", "lips"):
        out = nets.run(part.name, np.concatenate([crops, flipped]), output)
        plain, back = out[: len(looks)], out[len(looks) :]
        both = [(plain, False), (back, True)]
    else:
        # One net for both eyes: it knows the one on the picture's left.
        mirrored = part.name == "eye_right"
        both = [(nets.run("eye", flipped if mirrored else crops, output), mirrored)]
    rows = [*(LEFT_EYE if part.name.startswith("eye") else part.points)]
    views = []
    for answers, mirrored in both:
        for answer, matrix in zip(answers, matrices, strict=True):
            full = np.zeros((lm.ALL_POINTS, 3), np.float32)
            full[rows] = answer
            if mirrored:
                full = full[nets.mirror] * np.array([-1, 1, 1], np.float32)
            full = full * side + np.array([(side - 1) / 2, (side - 1) / 2, 0], np.float32)
            views.append(move_points(full, inverse(matrix)))
    return np.stack(views)
