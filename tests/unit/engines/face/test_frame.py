"""The upright square around a face."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engines.face.frame import (
    MESH_SIZE,
    Frame,
    cut,
    frame_from,
    frame_of,
    inverse,
    move_points,
    three_points,
)
from engines.values import F32

LEFT, RIGHT, MOUTH = (np.array(p, np.float32) for p in ((80, 100), (140, 100), (110, 160)))


def turned(point: F32, angle: float) -> F32:
    c, s = np.cos(angle), np.sin(angle)
    out: F32 = (np.array([[c, -s], [s, c]]) @ point).astype(np.float32)
    return out


def test_a_straight_face_gives_an_upright_square() -> None:
    frame = frame_from(LEFT, RIGHT, MOUTH)
    assert frame.angle == 0
    assert np.isclose(frame.unit, 60)
    assert np.allclose(frame.centre, (110, 130))


@given(st.floats(-1.4, 1.4))
def test_the_angle_follows_the_head(angle: float) -> None:
    frame = frame_from(*(turned(p, angle) for p in (LEFT, RIGHT, MOUTH)))
    assert np.isclose(frame.angle, angle, atol=1e-4)
    assert np.isclose(frame.unit, 60, rtol=1e-4)


@given(
    st.floats(10, 500), st.floats(10, 500), st.floats(5, 200), st.floats(-3, 3),
    st.integers(32, 256),
)  # fmt: skip
def test_the_matrix_puts_the_middle_in_the_middle_and_comes_back(
    x: float, y: float, unit: float, angle: float, side: int
) -> None:
    frame = Frame((x, y), unit, angle)
    matrix = frame.matrix(side)
    middle = move_points(np.array([[x, y, 1.0]], np.float32), matrix)[0]
    assert np.allclose(middle[:2], (side - 1) / 2, atol=0.05)
    assert np.isclose(middle[2], side / (MESH_SIZE * unit), rtol=1e-3)
    back = move_points(middle[None], inverse(matrix))[0]
    assert np.allclose(back[:2], (x, y), atol=0.2)


def test_a_mesh_has_the_frame_of_its_eyes_and_mouth() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 200, (478, 3)).astype(np.float32)
    assert frame_of(points) == frame_from(*three_points(points))


def test_a_crop_of_a_huge_picture_keeps_its_place() -> None:
    image = np.zeros((1200, 1200, 3), np.uint8)
    image[560:640, 360:440] = 255
    crop = cut(image, Frame((400, 600), 200, 0.0).matrix(96), 96)
    rows, columns = np.nonzero(crop[..., 0] > 127)
    assert abs(rows.mean() - 47.5) < 0.6
    assert abs(columns.mean() - 47.5) < 0.6
