"""One contract, two finders; MediaPipe's is skipped where it is not installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.face.finder import FaceFinder, FaceTurned, NoFace, SeveralFaces
from engines.face.mediapipe_finder import MediapipeFinder
from engines.face.weights import load
from engines.values import U8

NAMES = default_store().names()
AWAY = {"shipped": 0.06, "mediapipe": 0.03}
"""Mean distance to the stored points, of the eyes' distance."""


@pytest.fixture(params=["shipped", "mediapipe"], scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    if chosen == "mediapipe" and importlib.util.find_spec("mediapipe") is None:
        pytest.skip("the extra `landmarks` is not installed")
    return chosen


@pytest.fixture(scope="module")
def finder(kind: str) -> FaceFinder:
    return MediapipeFinder(load()) if kind == "mediapipe" else FaceFinder.load()


def portrait(name: str) -> U8:
    return default_store().load(name).portrait


@pytest.mark.parametrize("name", NAMES)
def test_points_are_where_the_avatar_has_them(finder: FaceFinder, kind: str, name: str) -> None:
    avatar = default_store().load(name)
    found = finder.landmarks(avatar.portrait).points
    assert found.shape == (478, 3) and found.dtype == np.float32
    eyes = float(np.linalg.norm((avatar.landmarks[468] - avatar.landmarks[473])[:2]))
    away = np.linalg.norm((found - avatar.landmarks)[:, :2], axis=1) / eyes
    assert away.mean() < AWAY[kind]


def test_one_face_with_a_box_about_its_eyes(finder: FaceFinder) -> None:
    faces = finder.find_faces(portrait(NAMES[0]))
    assert len(faces) == 1
    x, y, width, height = faces[0].box
    for at_x, at_y in faces[0].points:
        assert x < at_x < x + width and y < at_y < y + height


def test_two_people_are_too_many(finder: FaceFinder) -> None:
    both = np.hstack([portrait(NAMES[0]), portrait(NAMES[1])])
    with pytest.raises(SeveralFaces, match="2 faces"):
        finder.landmarks(both)


def test_noise_has_no_face(finder: FaceFinder) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    with pytest.raises(NoFace):
        finder.landmarks(noise)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_is_to_be_turned_back(finder: FaceFinder, quarters: int) -> None:
    lying = np.ascontiguousarray(np.rot90(portrait(NAMES[0]), quarters))
    with pytest.raises(FaceTurned, match="turn it upright"):
        finder.landmarks(lying)


def test_the_mask_has_the_person_in_it(finder: FaceFinder) -> None:
    avatar = default_store().load(NAMES[0])
    mask = finder.matte(avatar.portrait, avatar.landmarks)
    assert mask.shape == avatar.portrait.shape[:2]
    assert 0 <= mask.min() and mask.max() <= 1
    x, y = avatar.landmarks[4, :2].astype(int)
    assert mask[y, x] > 0.8
