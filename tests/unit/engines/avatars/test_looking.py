"""Faces and meshes come out the same whatever the photo's size, and one of several is cut free."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.looking import (
    LOOK_PX,
    PART_PX,
    NoSuchFace,
    alone,
    find_faces,
    find_mesh,
    shrunk,
)
from engines.face.finder import Face, FaceFinder, NoFace, SeveralFaces
from engines.render.cv import cv2
from engines.values import U8
from tests.support.sample_avatar import sample
from tests.unit.engines.avatars.people import OneFace


def face(x: float, y: float, width: float) -> Face:
    return Face(0.9, (x, y, width, width), np.zeros((3, 2), np.float32))


def test_one_of_several_faces_is_cut_free_of_the_others() -> None:
    faces = [face(100, 100, 100), face(400, 120, 90), face(120, 500, 80), face(300, 50, 20)]
    shape = (800, 700, 3)
    x0, y0, x1, y1 = alone(faces, 0, shape)
    assert (x0, y0) == (0, 0) and 200 < x1 < 400 and 200 < y1 < 500
    x0, y0, x1, y1 = alone(faces, 1, shape)
    assert 200 < x0 < 400 and (y0, x1) == (0, 700)
    assert alone(faces[:1], 0, shape) == (0, 0, 700, 800)
    for index in (-1, 4):
        with pytest.raises(NoSuchFace, match="choose"):
            alone(faces, index, shape)


class Row(OneFace):
    """Three faces, best first, in a picture of any size."""

    def find_faces(self, image: U8) -> list[Face]:
        height, width = image.shape[:2]
        self.looked.append(image.shape)
        boxes = [(0.4, 0.30), (0.7, 0.25), (0.1, 0.27)]
        unit = np.array([[0, 0], [0.1, 0], [0.05, 0.1]], np.float32) * width
        return [
            Face(0.9, (x * width, 0.2 * height, w * width, 0.4 * height), unit) for x, w in boxes
        ]


def test_faces_are_counted_from_the_left_and_looked_for_in_a_small_copy() -> None:
    finder = Row()
    faces = find_faces(finder, np.zeros((2000, 4000, 3), np.uint8))
    assert [round(face.box[0] / 4000, 3) for face in faces] == [0.1, 0.4, 0.7]
    assert max(finder.looked[0][:2]) == LOOK_PX
    with pytest.raises(SeveralFaces):
        find_mesh(finder, np.zeros((2000, 4000, 3), np.uint8), faces, None)


def test_only_what_an_avatar_can_use_is_measured() -> None:
    finder = OneFace()
    large = cv2.resize(sample().portrait, (4000, 4000))
    points = find_mesh(finder, large, find_faces(finder, large), None)
    assert max(finder.looked[-1][:2]) == PART_PX
    wanted = (sample().landmarks[:, :2] + 0.5) * 4000 / 512 - 0.5
    # The fake says where the face is in the whole sample, which the part is.
    assert np.abs(points[:, :2] - wanted).max() < 8


def test_without_a_face_the_finder_says_why() -> None:
    with pytest.raises(NoFace, match="none"):
        find_mesh(OneFace(NoFace("none")), sample().portrait, [], None)


def test_shrunk_never_grows() -> None:
    small = np.zeros((30, 20, 3), np.uint8)
    assert shrunk(small, 40)[0] is small
    assert shrunk(small, 15)[0].shape == (15, 10, 3)


def test_the_nets_agree_on_small_and_large_photos() -> None:
    finder = FaceFinder.load()
    usual = sample().portrait
    large = cv2.resize(usual, (2400, 2400), interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, 300, 300, 1200, 200, cv2.BORDER_REPLICATE)
    near = find_mesh(finder, usual, find_faces(finder, usual), None)
    far = find_mesh(finder, wide, find_faces(finder, wide), None)
    moved = ((far[:, :2] - np.array([1200, 300], np.float32)) + 0.5) * 512 / 2400 - 0.5
    eyes = float(np.linalg.norm(near[468, :2] - near[473, :2]))
    assert np.linalg.norm(moved - near[:, :2], axis=1).mean() < 0.02 * eyes
