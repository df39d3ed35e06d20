"""Figures of refusals, with a finder that always says the same."""

from __future__ import annotations

import numpy as np
import pytest

from engines.face.finder import (
    BadFace,
    Face,
    FaceFinder,
    FaceTurned,
    Landmarks,
    MouthCovered,
)
from engines.values import U8
from export.data.face_drawn import drawn_cache
from export.data.face_scenes import halved
from export.evaluate.face_refusals import lively, lying, occlusions, refusal, turns

CACHE = drawn_cache(4, 8)
PEOPLE = halved(CACHE.photos, CACHE.masks, CACHE.photo_points)


class Says(FaceFinder):
    """Always the same answer."""

    def __init__(self, error: BadFace | None) -> None:
        self.error = error

    def find_faces(self, image: U8) -> list[Face]:
        return [Face(0.9, (0, 0, 1, 1), np.zeros((3, 2), np.float32))]

    def measure(self, image: U8, face: Face) -> Landmarks:
        return Landmarks(CACHE.photo_points[0], 0.01)

    def landmarks(self, image: U8) -> Landmarks:
        if self.error is not None:
            raise self.error
        return self.measure(image, self.find_faces(image)[0])


def test_a_finder_that_takes_all_misses_every_cover() -> None:
    finder = Says(None)
    assert refusal(finder, CACHE.photos[0]) is None
    out = occlusions(finder, PEOPLE, 1)
    assert out["covered: refused %"] == 0 and out["covered by mask: refused %"] == 0
    assert out["things beside mouth and eyes: refused as cover %"] == 0
    assert lying(finder, CACHE.photos) == (12, 0)


def test_a_finder_that_refuses_all_refuses_too_much() -> None:
    finder = Says(MouthCovered("covered; uncover"))
    out = occlusions(finder, PEOPLE, 1)
    assert out["covered: refused %"] == 100
    assert 0 < out["covered: named %"] < 100
    assert out["things beside mouth and eyes: refused as cover %"] == 100
    plain, moved = lively(finder, CACHE.photos, CACHE.photo_points, CACHE.masks, 1, 1)
    assert plain == 1 and moved in (0, 1)
    assert lying(finder, CACHE.photos) == (0, 12)


def test_turned_heads_are_counted_by_yaw() -> None:
    rows = turns(Says(FaceTurned("turned; look")), CACHE.photos, CACHE.photo_points, (0.0, 30.0))
    assert [row[1:] for row in rows] == [(1, 0, 4), (1, 0, 4)]
    assert rows[1][0] == pytest.approx(30, abs=4)
