"""Draws the rig's two rows of teeth, seen from the front, as sprites.

Offline program, main thread.
Never draws the throat or the tongue: those depend on the frame.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.render.raster import fill
from engines.values import F32, U8
from export.rig.ict import Head

PX_PER_CM = 40
_OVERSAMPLE = 3
X_MIN_CM, X_MAX_CM = -3.5, 3.5
UPPER_Y_CM = (-1.6, -3.8)
LOWER_Y_CM = (-2.9, -5.4)
_TOOTH = np.array([0.87, 0.93, 0.97], np.float32)
_GUM = np.array([0.40, 0.38, 0.64], np.float32)


def sprites(head: Head) -> tuple[U8, U8, F32]:
    """Upper and lower row, premultiplied u8[H,W,4] BGRA, and the lower row's travel f32[3] cm.

    The travel is the mean offset of the lower front teeth at jawOpen = 1.
    """
    jaw = np.linalg.norm(head.shapes["jawOpen"], axis=1)[head.triangles].mean(1)
    centre = head.neutral[head.triangles].mean(1)
    teeth = head.material == "M_Teeth"
    gums = (head.material == "M_GumsTongue") & (centre[:, 2] > 4.5)
    tongue = gums & (np.abs(centre[:, 0]) < 2.2) & (centre[:, 1] > -4.1) & (centre[:, 2] < 9.2)
    roots = teeth & ((jaw < 0.3) & (centre[:, 1] > -1.9) | (jaw >= 0.3) & (centre[:, 1] < -4.75))
    shown = (teeth | gums) & ~roots & ~(tongue & (jaw >= 0.3))
    upper = _draw(head, shown & (jaw < 0.3), UPPER_Y_CM)
    lower = _draw(head, shown & (jaw >= 0.3), LOWER_Y_CM)
    front = np.unique(head.triangles[teeth & (jaw >= 0.3) & (centre[:, 2] > 9)])
    return upper, lower, head.shapes["jawOpen"][front].mean(0)


def _draw(head: Head, shown: NDArray[np.bool_], y_cm: tuple[float, float]) -> U8:
    scale = PX_PER_CM * _OVERSAMPLE
    width = round((X_MAX_CM - X_MIN_CM) * scale)
    height = round((y_cm[0] - y_cm[1]) * scale)
    chosen = np.flatnonzero(shown)
    depth = head.neutral[head.triangles[chosen]].mean(1)[:, 2]
    order = chosen[np.argsort(depth)]
    points = head.neutral
    place = np.stack([(points[:, 0] - X_MIN_CM) * scale, (y_cm[0] - points[:, 1]) * scale], 1)
    values = np.concatenate([_vertex_normals(head), points], 1).astype(np.float32)
    spans = fill(place.astype(np.float32), values, head.triangles[order], width, height)
    surface = np.zeros((height * width, 6), np.float32)
    surface[spans.pixels] = spans.values
    kind = np.zeros(height * width, np.int8)
    is_tooth = head.material[order] == "M_Teeth"
    kind[spans.pixels] = np.where(is_tooth[spans.triangles], 1, 2)
    colour = _shade(surface, kind).reshape(height, width, 3)
    return _finish(colour, kind.reshape(height, width))


def _vertex_normals(head: Head) -> F32:
    corner = head.neutral[head.triangles]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    out = np.zeros_like(head.neutral)
    for k in range(3):
        np.add.at(out, head.triangles[:, k], face)
    normal: F32 = out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-9)
    return normal


def _shade(surface: F32, kind: NDArray[np.int8]) -> F32:
    """Soft frontal light, a wet glint, and darkness growing toward the back of the mouth."""
    normal = surface[:, :3] / (np.linalg.norm(surface[:, :3], axis=1, keepdims=True) + 1e-9)
    light = 0.66 + 0.34 * np.clip(normal @ np.array([0.0, 0.35, 0.93]), 0, 1)
    glint = 0.10 * np.clip(normal @ np.array([0.05, 0.25, 0.967]), 0, 1) ** 40
    depth = np.clip((surface[:, 5] - 5.5) / 4.8, 0.05, 1) ** 1.7
    base = np.where((kind == 1)[:, None], _TOOTH, _GUM)
    shaded: F32 = ((base * light[:, None] + glint[:, None]) * depth[:, None]).astype(np.float32)
    return shaded


def _finish(colour: F32, kind: NDArray[np.int8]) -> U8:
    """Fill the black gaps between neighbouring teeth with a darker tooth tone; shrink."""
    tooth = (kind == 1).astype(np.uint8)
    closed = cv2.morphologyEx(tooth, cv2.MORPH_CLOSE, np.ones((1, 15), np.uint8))
    gap = (closed == 1) & (kind == 0)
    spread = cv2.blur(colour * tooth[..., None], (21, 5))
    share = cv2.blur(tooth.astype(np.float32), (21, 5))[..., None]
    colour = np.where(gap[..., None], 0.82 * spread / np.maximum(share, 1e-3), colour)
    alpha = ((kind > 0) | gap).astype(np.float32)[..., None]
    picture = np.concatenate([colour.clip(0, 1) * alpha, alpha], 2)
    small = cv2.resize(picture, None, fx=1 / _OVERSAMPLE, fy=1 / _OVERSAMPLE,
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    sprite: U8 = np.rint(small * 255).clip(0, 255).astype(np.uint8)
    return sprite
