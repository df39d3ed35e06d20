"""Tests of export.data.lip_geometry."""

from __future__ import annotations

import numpy as np

from engines.values import F32
from export.data.lip_geometry import (
    GEOMETRY_NAMES,
    PAIRS,
    face_height,
    lip_geometry,
    relative_to_rest,
)


def _face(frames: int, gap: F32) -> F32:
    """A face 200 px high whose lips part by `gap` px."""
    points = np.zeros((frames, 478, 3), np.float32)
    points[:, 152, 1] = 200.0
    points[:, 168, 1] = 60.0
    points[:, 13, 1] = 140.0
    points[:, 14, 1] = 140.0 + gap
    points[:, 61, 0], points[:, 291, 0] = -30.0, 30.0
    points[:, [61, 291], 2] = 4.0
    return points


def test_distances_are_in_face_heights() -> None:
    points = _face(10, np.full(10, 10.0, np.float32))
    assert face_height(points) == 200.0
    columns = dict(zip(GEOMETRY_NAMES, lip_geometry(points)[0], strict=True))
    assert np.isclose(columns["aperture"], 0.05)
    assert np.isclose(columns["width"], 0.3)
    assert np.isclose(columns["jaw"], 0.7)
    assert np.isclose(columns["protrusion"], 0.02), "lips nearer than the corners stick out"


def test_size_of_the_face_does_not_matter() -> None:
    points = _face(5, np.full(5, 8.0, np.float32))
    np.testing.assert_allclose(lip_geometry(points), lip_geometry(points * 2.5), rtol=1e-5)


def test_rest_is_what_the_shut_mouth_shows() -> None:
    gap = np.array([0, 0, 0, 0, 12, 14], np.float32)
    relative = relative_to_rest(lip_geometry(_face(6, gap)))
    np.testing.assert_allclose(relative[:4, 1:], 0.0, atol=1e-6)
    np.testing.assert_allclose(relative[:, 0], gap / 200.0, atol=1e-6)


def test_a_mouth_that_never_shuts_has_a_rest_too() -> None:
    relative = relative_to_rest(lip_geometry(_face(50, np.linspace(5, 20, 50).astype(np.float32))))
    assert np.isfinite(relative).all()


def test_names_and_pairs_agree() -> None:
    assert len(GEOMETRY_NAMES) == len(PAIRS) + 1
