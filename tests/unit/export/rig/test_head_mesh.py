"""The 3D head: lips and lids that meet, no hole but the eyes, everything moves with its shape."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES, F32
from export.rig.head_mesh import (
    EYE_RADIUS_CM,
    HeadMesh,
    eyeball,
    head_mesh,
    oriented,
    subdivide,
    vertex_normals,
)


@pytest.fixture(scope="module")
def head() -> HeadMesh:
    return head_mesh(load_rig())


def shown(head: HeadMesh, **weights: float) -> F32:
    row = np.array([weights.get(name, 0.0) for name in ARKIT_NAMES], np.float32)
    out: F32 = head.points + np.einsum("s,snd->nd", row, head.deltas)
    return out


def gap_cm(points: F32) -> float:
    return float(np.abs(points[list(lm.UPPER_INNER)] - points[list(lm.LOWER_INNER)]).max())


def test_lips_meet_at_rest_and_over_an_open_jaw(head: HeadMesh) -> None:
    assert gap_cm(shown(head)) < 0.01
    assert gap_cm(shown(head, jawOpen=0.5)) > 0.7
    assert gap_cm(shown(head, jawOpen=0.5, mouthClose=0.5)) < 0.05
    assert gap_cm(shown(head, jawOpen=1.0, mouthClose=1.0)) < 0.05


def test_lids_meet_in_a_blink_and_only_those(head: HeadMesh) -> None:
    right, left = lm.EYES
    for eye, name, other in ((left, "eyeBlinkLeft", right), (right, "eyeBlinkRight", left)):
        shut = shown(head, **{name: 1.0})
        rest = shown(head)
        middle = len(eye.upper) // 2
        assert abs(shut[eye.upper[middle], 1] - shut[eye.lower[middle], 1]) < 0.15
        np.testing.assert_array_equal(shut[list(other.upper)], rest[list(other.upper)])


def test_it_is_a_whole_head_of_a_head_s_size(head: HeadMesh) -> None:
    width, height, depth = np.ptp(head.points, axis=0)
    assert 14 < width < 17 and 18 < height < 25 and 18 < depth < 28
    assert head.triangles.min() >= 0 and head.triangles.max() < len(head.points) < 65536
    assert 0 <= head.colours.min() and head.colours.max() <= 1
    assert (np.abs(head.deltas).max((1, 2)) > 0.1).all(), "a shape that moves nothing"


def test_its_surface_looks_outward(head: HeadMesh) -> None:
    normals = vertex_normals(head.points, head.triangles)
    for point in (4, lm.FACE_TOP, 50, 280):  # Nose, forehead, cheeks.
        assert normals[point, 2] > 0.5


def test_each_eye_lies_behind_its_lids(head: HeadMesh) -> None:
    assert head.eyes["Left"][0] > 2 and head.eyes["Right"][0] < -2
    for eye in lm.EYES:
        ball = head.eyes[eye.person_side]
        front = ball[2] + EYE_RADIUS_CM
        assert front < head.points[list(eye.upper), 2].max()
        assert front > head.points[list(eye.corners), 2].min() - 0.5
    points, colours, triangles = eyeball()
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), EYE_RADIUS_CM, rtol=1e-5)
    assert len(colours) == len(points) and triangles.max() < len(points)
    assert (vertex_normals(points, triangles)[30] @ points[30]) > 0


def test_subdivision_keeps_a_flat_sheet_flat() -> None:
    square = np.array([[0, 1, 2], [0, 3, 2]], np.int64)  # The second one lies the other way round.
    turned = oriented(square)
    weights, triangles = subdivide(turned, 4)
    assert weights.shape == (9, 4) and len(triangles) == 8
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    flat = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    normals = vertex_normals(weights @ flat, triangles)
    np.testing.assert_allclose(np.abs(normals[:, 2]), 1, atol=1e-5)
    assert len(set(np.sign(normals[:, 2]).tolist())) == 1
