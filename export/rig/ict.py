"""Reads the ICT-FaceKit head (MIT, USC ICT Vision and Graphics Lab) and draws it.

Offline program, main thread.
Never imported by `engines` or `server`; writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.render.raster import fill
from engines.values import F32, U8

CAMERA_CM = 60.0
HALF_HEIGHT_CM = 15.0
"""Half of what the picture shows, at depth z = 0."""
_NOT_DRAWN = ("M_LacrimalFluid", "M_EyeBlend", "M_EyeOcclusion", "M_EyeLashes")
_COLOURS = {
    "M_Face": (150, 175, 215),
    "M_BackHead": (150, 175, 215),
    "M_GumsTongue": (60, 50, 110),
    "M_Teeth": (220, 230, 235),
    "M_ScleraLeft": (235, 235, 240),
    "M_ScleraRight": (235, 235, 240),
    "M_IrisLeft": (30, 40, 60),
    "M_IrisRight": (30, 40, 60),
}
_CORNEA_CM = 0.62
"""The cornea belongs to the sclera's mesh and hides the iris: it is painted as one."""


@dataclass(frozen=True, slots=True)
class Head:
    """The rig: centimetres, x to the person's left, y up, z toward the camera."""

    neutral: F32
    """f32[V,3]"""
    shapes: dict[str, F32]
    """Expression name -> f32[V,3] offset."""
    identity: F32
    """f32[100,V,3]"""
    triangles: NDArray[np.int64]
    """i64[T,3]"""
    material: NDArray[np.str_]
    """str[T]"""


def read_head(path: Path) -> Head:
    """Load `ict_facekit.npz`. Raises OSError or KeyError when it is not that file."""
    with np.load(path, allow_pickle=False) as data:
        faces, material = data["faces"].astype(np.int64), data["face_material"]
        names = [str(name) for name in data["expression_names"]]
        shapes = dict(zip(names, data["expression"].astype(np.float32), strict=True))
        materials = data["materials"][material]
        quads = faces[:, 3] >= 0
        return Head(
            neutral=data["neutral"].astype(np.float32),
            shapes=shapes,
            identity=data["identity"].astype(np.float32),
            triangles=np.concatenate([faces[:, :3], faces[quads][:, [0, 2, 3]]]),
            material=np.concatenate([materials, materials[quads]]),
        )


def project(points: F32, size: int) -> F32:
    """Perspective picture coordinates f32[V,2] of f32[V,3] cm."""
    scale = size / 2 / HALF_HEIGHT_CM
    near = CAMERA_CM / (CAMERA_CM - points[:, 2])
    return np.stack(
        [size / 2 + points[:, 0] * near * scale, size / 2 - points[:, 1] * near * scale], 1
    ).astype(np.float32)


def draw(head: Head, points: F32, size: int) -> tuple[U8, NDArray[np.int64]]:
    """A plainly lit picture u8[size,size,3] BGR and the triangle seen, i64[size,size], -1 none."""
    shown = np.flatnonzero(~np.isin(head.material, _NOT_DRAWN))
    corners = points[head.triangles[shown]]
    order = shown[np.argsort(corners.mean(1)[:, 2])]
    spans = fill(project(points, size), points, head.triangles[order], size, size)
    seen = np.full(size * size, -1, np.int64)
    seen[spans.pixels] = order[spans.triangles]
    corners = points[head.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    light = 0.35 + 0.65 * np.clip(np.abs(normal) @ np.array([0.1, 0.3, 0.95]), 0, 1)
    colour = np.array([_COLOURS.get(str(m), (0, 0, 0)) for m in head.material], np.float32)
    colour[_cornea(head, points)] = _COLOURS["M_IrisLeft"]
    picture = np.full((size * size, 3), 140, np.float32)
    picture[seen >= 0] = (colour * light[:, None])[seen[seen >= 0]]
    image: U8 = picture.reshape(size, size, 3).clip(0, 255).astype(np.uint8)
    return image, seen.reshape(size, size)


def _cornea(head: Head, points: F32) -> NDArray[np.int64]:
    """Triangles of both eyeballs that sit in front of the iris."""
    out = []
    centres = points[head.triangles].mean(1)
    for side in ("M_ScleraLeft", "M_ScleraRight"):
        ball = np.flatnonzero(head.material == side)
        middle = (
            points[head.triangles[ball]].reshape(-1, 3).max(0)
            + points[head.triangles[ball]].reshape(-1, 3).min(0)
        ) / 2
        near = np.linalg.norm((centres[ball] - middle)[:, :2], axis=1) < _CORNEA_CM
        out.append(ball[near & (centres[ball, 2] > middle[2])])
    return np.concatenate(out)
