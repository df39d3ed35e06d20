"""Lip geometry out of face landmarks: the quantities that sound is asked to predict.

Offline; pure functions of arrays.
Never sees a picture or a sound.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32

GEOMETRY_NAMES: tuple[str, ...] = (
    "aperture",
    "width",
    "jaw",
    "protrusion",
    "upper_inner",
    "upper_outer",
    "lower_outer",
)
"""Distances in face heights: inner lip gap 13-14; corners 61-291; nose bridge to chin 168-152;
lips before the corners in depth; nose bridge to inner and outer upper lip (168-13, 168-0) and to
the outer lower lip (168-17)."""
PAIRS: tuple[tuple[int, int], ...] = (
    (13, 14),
    (61, 291),
    (168, 152),
    (168, 13),
    (168, 0),
    (168, 17),
)
"""Landmarks whose distance is taken, in order; protrusion comes fourth among the columns."""
LIP_DEPTH: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 13, 14, 17), (61, 291))
CLOSED_GAP = 0.006
"""Lips count as closed below this aperture (tracker noise is about 0.002)."""


def face_height(landmarks: F32) -> float:
    """Median distance 10-152 of a clip in pixels: per frame the jaw would leak in."""
    return float(np.median(np.linalg.norm(landmarks[:, 10, :2] - landmarks[:, 152, :2], axis=1)))


def lip_geometry(landmarks: F32) -> F32:
    """f32[F,7] in GEOMETRY_NAMES order from landmarks f32[F,478,3]; aperture absolute."""
    gaps = [np.linalg.norm(landmarks[:, a, :2] - landmarks[:, b, :2], axis=1) for a, b in PAIRS]
    lips, corners = LIP_DEPTH
    depth = landmarks[:, lips, 2].mean(axis=1) - landmarks[:, corners, 2].mean(axis=1)
    # The tracker's z grows away from the camera.
    columns = (*gaps[:3], -depth, *gaps[3:])
    return (np.stack(columns, axis=1) / face_height(landmarks)).astype(np.float32)


def relative_to_rest(geometry: F32) -> F32:
    """The same with the clip's own rest (median of its shut frames) taken off, but aperture.

    Rest holds how the head was turned and how far it stood, which no sound can tell.
    """
    shut = geometry[:, 0] < CLOSED_GAP
    if shut.sum() < 3:
        shut = geometry[:, 0] <= np.quantile(geometry[:, 0], 0.1)
    rest = np.median(geometry[shut], axis=0)
    rest[0] = 0.0
    relative: F32 = (geometry - rest).astype(np.float32)
    return relative
