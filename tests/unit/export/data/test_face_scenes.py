"""Scenes: where faces are said to be, they are."""

from __future__ import annotations

import numpy as np
import pytest

from engines.face.frame import three_points
from export.data.face_drawn import drawn_cache
from export.data.face_scenes import (
    SCENE_PX,
    detector_target,
    faceless,
    halved,
    scene,
)

CACHE = drawn_cache(6, 2)
PEOPLE = halved(CACHE.photos, CACHE.masks, CACHE.photo_points)


def test_half_size_keeps_points_on_their_pixels() -> None:
    assert PEOPLE.photos.shape[1] == CACHE.photos.shape[1] // 2
    assert np.allclose(PEOPLE.points[..., :2], CACHE.photo_points[..., :2] / 2 - 0.25, atol=1e-3)


def test_faces_lie_inside_and_on_a_person() -> None:
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(30):
        drawn = scene(PEOPLE, rng, empty=0.0)
        assert drawn.image.shape == (SCENE_PX, SCENE_PX, 3)
        for face in drawn.faces:
            x, y = ((face[0] + face[1]) / 2 + face[2]) / 2
            assert 0 <= x < SCENE_PX and 0 <= y < SCENE_PX
            assert face[0, 0] < face[1, 0] or abs(face[0, 1] - face[1, 1]) > 1
            assert drawn.person[int(y), int(x)] > 127
            seen += 1
    assert seen >= 30


def test_an_empty_scene_has_no_face() -> None:
    rng = np.random.default_rng(1)
    assert all(len(scene(PEOPLE, rng, empty=1.0).faces) == 0 for _ in range(10))


def test_a_faceless_person_has_no_eyes_left() -> None:
    rng = np.random.default_rng(2)
    image, person = faceless(PEOPLE, rng)
    assert image.shape == (SCENE_PX, SCENE_PX, 3)
    assert person.shape == (SCENE_PX, SCENE_PX)


def test_the_target_peaks_at_the_face_and_points_lead_back() -> None:
    face = np.stack(three_points(CACHE.photo_points[0])) * 0.8
    heat, points, weight = detector_target(face[None].astype(np.float32), 8)
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert heat.max() == 1
    at = np.array([(column + 0.5) * 8 - 0.5, (row + 0.5) * 8 - 0.5])
    back = points[:, row, column].reshape(3, 2) * 32 + at
    assert np.allclose(back, face, atol=0.01)
    assert weight[row, column] == pytest.approx(32 / np.linalg.norm(face[1] - face[0]))
    assert detector_target(np.zeros((0, 3, 2), np.float32), 8)[0].max() == 0
