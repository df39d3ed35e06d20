"""A portrait's head turned further than a puppet can: its mesh, as measured, seen from elsewhere.

Offline; pure but for the generator handed in.
Never asks the teacher: the points turn with the mesh, so yaw and pitch are known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.raster import fill
from engines.render.rig import load_rig
from engines.values import F32, U8

RINGS = ((1.18, 0.30), (1.42, 0.75), (1.75, 1.25), (2.2, 1.7))
"""Hair, ears and neck: the face's outline blown up about its middle, and pushed back; the push in
half face widths."""
PIVOT = 0.9
"""The neck's axis lies this many half face widths behind the outline's front."""
MAX_YAW_DEG, MAX_PITCH_DEG = 42.0, 22.0


@dataclass(frozen=True, slots=True)
class Turned:
    """A picture and its points f32[478,3], both in the photo's pixels."""

    image: U8
    points: F32


@cache
def head_triangles() -> NDArray[np.int64]:
    """i64[T,3] over 478 points and the rings: face, eyes, open mouth, and what is around."""
    rig = load_rig()
    loops = [[*lm.INNER_LOOP]]
    loops += [[eye.corners[0], *eye.upper, eye.corners[1], *eye.lower[::-1]] for eye in lm.EYES]
    fans = [(loop[0], loop[i], loop[i + 1]) for loop in loops for i in range(1, len(loop) - 1)]
    count = len(rig.oval)
    levels = [rig.oval.tolist()]
    levels += [[lm.ALL_POINTS + k * count + i for i in range(count)] for k in range(len(RINGS))]
    around = []
    for inner, outer in zip(levels, levels[1:], strict=False):
        for i in range(count):
            j = (i + 1) % count
            around += [(inner[i], outer[i], inner[j]), (inner[j], outer[i], outer[j])]
    out: NDArray[np.int64] = np.array([*around, *fans, *rig.triangles.tolist()], np.int64)
    return out


def with_rings(points: F32) -> F32:
    """f32[478 + rings,3]: the points and the head around them."""
    oval = points[load_rig().oval]
    middle = oval.mean(0)
    half = float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2])) / 2
    rings = []
    for size, back in RINGS:
        ring = middle + (oval - middle) * [size, size, 1.0]
        ring[:, 2] += back * half
        rings.append(ring)
    return np.concatenate([points, *rings]).astype(np.float32)


def turn(photo: U8, points: F32, yaw_deg: float, pitch_deg: float) -> Turned:
    """The head of u8[H,W,3] turned about its neck; points f32[478,3] from pixel middles.

    Positive yaw turns the face to the picture's left, positive pitch bends it down. Weak
    perspective (none), as the teacher's z is. What the photo does not show is its stretched rim.
    """
    full = with_rings(points)
    oval = points[load_rig().oval]
    half = float(np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2])) / 2
    pivot = oval.mean(0) + np.array([0, 0, PIVOT * half], np.float32)
    a, b = np.radians(yaw_deg), np.radians(pitch_deg)
    across = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    moved = ((full - pivot) @ (down @ across).T + pivot).astype(np.float32)
    height, width = photo.shape[:2]
    at = _inverse_map(full[:, :2], moved, width, height)
    drawn: U8 = cv2.remap(photo, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Turned(drawn, moved[: lm.ALL_POINTS])


def _inverse_map(source: F32, moved: F32, width: int, height: int) -> F32:
    """f32[H,W,2]: where each pixel of the turned picture comes from; the rest stays in place."""
    triangles = head_triangles()
    far_first = triangles[np.argsort(-moved[triangles, 2].mean(1), kind="stable")]
    spans = fill(moved[:, :2], source, far_first, width, height)
    line_x, line_y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    at = np.stack(np.meshgrid(line_x, line_y), -1)
    at.reshape(-1, 2)[spans.pixels] = spans.values
    return at


def random_turns(photo: U8, points: F32, count: int, rng: np.random.Generator) -> list[Turned]:
    """`count` turns, all yaws up to MAX_YAW_DEG alike."""
    yaws = rng.uniform(-MAX_YAW_DEG, MAX_YAW_DEG, count)
    pitches = rng.uniform(-MAX_PITCH_DEG, MAX_PITCH_DEG, count) * (rng.random(count) < 0.6)
    return [
        turn(photo, points, float(yaw), float(pitch))
        for yaw, pitch in zip(yaws, pitches, strict=True)
    ]
