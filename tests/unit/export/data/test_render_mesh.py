"""A mesh that was placed is read back, with its motion."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_INDEX
from export.data.render_mesh import MeshReader
from tests.support.sample_avatar import motion, sample


@cache
def reader() -> MeshReader:
    return MeshReader(sample())


@cache
def drawing() -> WarpRenderer:
    return WarpRenderer(sample())


def landmarks(wanted: F32) -> F32:
    """Of the face moved; irises go with the corners of the eyes."""
    points = sample().landmarks.copy()
    placed = drawing().mesh(wanted).placed
    for eye in lm.EYES:
        corners = list(eye.corners)
        points[list(eye.iris), :2] += placed[corners, :2].mean(0) - points[corners, :2].mean(0)
    points[: lm.MESH_POINTS] = placed * np.array([1, 1, -1], np.float32)
    return points


def test_rest_is_read_as_rest() -> None:
    mesh = reader().read(sample().landmarks)
    np.testing.assert_allclose(mesh.placed[:, :2], sample().landmarks[:468, :2], atol=0.02)
    assert np.abs(reader().motion(mesh)).max() < 0.02


def test_the_mesh_lies_where_the_landmarks_are() -> None:
    points = landmarks(motion(jawOpen=0.5, mouthFunnel=0.3, headYaw=0.12, headX=0.03))
    mesh = reader().read(points)
    np.testing.assert_allclose(mesh.placed[:, :2], points[:468, :2], atol=0.05)


def test_pose_and_jaw_are_found_again() -> None:
    wanted = motion(jawOpen=0.5, headYaw=0.12, headRoll=-0.06, headX=0.02, headY=-0.03)
    found = reader().motion(reader().read(landmarks(wanted)))
    for name, slack in (
        ("jawOpen", 0.12), ("headYaw", 0.03), ("headRoll", 0.02), ("headX", 0.01), ("headY", 0.01),
    ):  # fmt: skip
        i = MOTION_INDEX[name]
        assert found[i] == pytest.approx(wanted[i], abs=slack), name


def test_an_eye_nearly_shut_is_a_blink_and_its_lids_meet() -> None:
    points = sample().landmarks.copy()
    eye = lm.EYES[0]
    low, high = points[list(eye.lower), :2], points[list(eye.upper), :2]
    points[list(eye.upper), :2] = low + 0.3 * (high - low)
    mesh = reader().read(points)
    assert mesh.weights[MOTION_INDEX["eyeBlinkRight"]] == pytest.approx(1)
    assert mesh.weights[MOTION_INDEX["eyeBlinkLeft"]] == pytest.approx(0)
    gap = mesh.placed[list(eye.lower), 1] - mesh.placed[list(eye.upper), 1]
    assert np.abs(gap).max() < 0.2


def test_the_iris_tells_the_gaze() -> None:
    points = sample().landmarks.copy()
    for eye in lm.EYES:
        width = float(np.linalg.norm(np.subtract(*points[list(eye.corners), :2])))
        points[list(eye.iris), 0] += 0.1 * width
    weights = reader().read(points).weights
    # To the picture's right: to the person's left.
    assert weights[MOTION_INDEX["eyeLookOutLeft"]] > 0.2
    assert weights[MOTION_INDEX["eyeLookInRight"]] > 0.2
    assert weights[MOTION_INDEX["eyeLookInLeft"]] == 0
