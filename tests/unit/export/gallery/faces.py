"""A made-up mesh of 478 points with the named ones where a face has them."""

import numpy as np
from hypothesis import strategies as st

from export.gallery.arrays import F64
from export.gallery.regions import (
    CHEEKS,
    EYE_PHOTO_LEFT,
    EYE_PHOTO_RIGHT,
    FOREHEAD,
    LIPS,
    NOSE,
    OVAL,
)
from export.gallery.shape import LOWER_INNER_LIP, UPPER_INNER_LIP

seeds = st.integers(0, 2**16)


def _ring(count: int, x: float, y: float, rx: float, ry: float) -> F64:
    angle = -np.pi / 2 + np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def face(seed: int = 0, size: float = 100.0, gap: float = 1.0) -> F64:
    """Mesh (478, 3), face `size` wide, middle at (size, size); y down."""
    rng = np.random.default_rng(seed)
    points = np.empty((478, 3))
    angle, radius = rng.uniform(0, 2 * np.pi, 478), np.sqrt(rng.uniform(0, 1, 478))
    points[:, 0] = 0.45 * radius * np.cos(angle)
    points[:, 1] = 0.6 * radius * np.sin(angle)
    points[list(LIPS), :2] = _ring(len(LIPS), 0, 0.32, 0.2, 0.07)
    points[list(NOSE), :2] = _ring(len(NOSE), 0, 0.05, 0.1, 0.15)
    points[list(EYE_PHOTO_LEFT), :2] = _ring(len(EYE_PHOTO_LEFT), -0.24, -0.12, 0.12, 0.08)
    points[list(EYE_PHOTO_RIGHT), :2] = _ring(len(EYE_PHOTO_RIGHT), 0.24, -0.12, 0.12, 0.08)
    points[list(FOREHEAD), :2] = _ring(len(FOREHEAD), 0, -0.4, 0.2, 0.1)
    for cheek, x in zip(CHEEKS, (-0.3, 0.3), strict=True):
        points[list(cheek), :2] = _ring(len(cheek), x, 0.14, 0.08, 0.08)
    points[list(OVAL), :2] = _ring(len(OVAL), 0, 0, 0.5, 0.66)
    points[[234, 454], :2] = [[-0.5, 0], [0.5, 0]]
    points[[1, 159, 386], :2] = [[0, 0.12], [-0.24, -0.14], [0.24, -0.14]]
    across = np.linspace(-0.17, 0.17, len(UPPER_INNER_LIP))
    for row, side in ((UPPER_INNER_LIP, -1), (LOWER_INNER_LIP, 1)):
        points[list(row), 0] = across
        points[list(row), 1] = 0.32 + side * 0.5 * gap / size
    for centre, x in ((468, -0.24), (473, 0.24)):
        points[centre : centre + 5, :2] = [[x, -0.12]] + [
            [x + 0.04 * np.cos(a), -0.12 + 0.04 * np.sin(a)] for a in np.arange(4) * np.pi / 2
        ]
    points[:, 2] = 0.3 * ((points[:, 0] / 0.5) ** 2 + (points[:, 1] / 0.66) ** 2)
    scaled: F64 = points * size + np.array([size, size, 0.0])
    return scaled


def turned(points: F64, degrees: float) -> F64:
    """The mesh turned about the upright axis."""
    a = np.radians(degrees)
    rotation = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    middle = points.mean(0)
    moved: F64 = (points - middle) @ rotation.T + middle
    return moved
