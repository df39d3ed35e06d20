"""Figures of the face nets against known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.face.finder import Face, Landmarks, NoFace
from engines.face.frame import three_points
from engines.face.parts import LIDS, LIPS
from engines.values import F32, U8
from export.data.face_drawn import drawn_cache
from export.data.face_scenes import halved
from export.evaluate import face as figures

CACHE = drawn_cache(6, 2)
PEOPLE = halved(CACHE.photos, CACHE.masks, CACHE.photo_points)


class Blind:
    """Finds nothing."""

    def find_faces(self, image: U8) -> list[Face]:
        return []

    def landmarks(self, image: U8) -> Landmarks:
        raise NoFace("nothing")

    def measure(self, image: U8, face: Face) -> Landmarks:
        raise AssertionError("there was no face to measure")


class Credulous:
    """Sees the same face everywhere."""

    def __init__(self, points: F32) -> None:
        self.points = points

    def find_faces(self, image: U8) -> list[Face]:
        return [Face(0.9, (0, 0, 1, 1), np.stack(three_points(self.points)))]

    def measure(self, image: U8, face: Face) -> Landmarks:
        return Landmarks(self.points, 0.0)


def test_known_shifts_give_known_figures() -> None:
    truth = CACHE.photo_points[0]
    eyes = figures.between_eyes(truth)
    seen = truth.copy()
    seen[[*LIPS], 0] += 0.1 * eyes
    found = figures.point_figures([seen, truth], [truth, truth])
    assert found.lips == pytest.approx(0.05, rel=1e-3)
    assert found.lids == pytest.approx(0, abs=1e-6)
    assert found.mean == pytest.approx(0.05 * len(LIPS) / 478, rel=1e-3)
    assert found.worst == pytest.approx(2 * found.mean, rel=1e-3)
    assert not {*LIPS} & {*LIDS}


def test_refusals_and_finds_elsewhere_are_told() -> None:
    blind: Any = Blind()
    seen, seconds, words = figures.measure_all(blind, CACHE.photos[:2], CACHE.photo_points[:2])
    assert seen == [None, None] and len(seconds) == 2
    assert words[0].startswith("NoFace")
    far: Any = Credulous(CACHE.photo_points[0] + 500)
    seen, _, words = figures.measure_all(far, CACHE.photos[:1], CACHE.photo_points[:1])
    assert seen == [None] and words == ["found elsewhere"]
    true: Any = Credulous(CACHE.photo_points[0])
    assert figures.measure_all(true, CACHE.photos[:1], CACHE.photo_points[:1])[0][0] is not None


def test_the_blind_find_nobody_and_nothing_false() -> None:
    blind: Any = Blind()
    assert figures.found_share(blind, PEOPLE, 4, 1) == (0.0, 0.0)
    pictures = [np.full((32, 32, 3), v, np.uint8) for v in (10, 200)]
    assert figures.false_finds(blind, pictures) == 0
    credulous: Any = Credulous(CACHE.photo_points[0])
    assert figures.false_finds(credulous, pictures) == 2


def test_negatives_hold_a_kind_never_trained_on() -> None:
    drawn = figures.negatives(PEOPLE, 1, 1)
    assert {"cells", "cartoon", "landscape", "faceless person", "static"} <= set(drawn)
    assert all(len(pictures) == 1 for pictures in drawn.values())


def test_the_teachers_own_mask_scores_full() -> None:
    queue = iter(CACHE.masks)
    rows = [*CACHE.photos], [*CACHE.photo_points], [*CACHE.masks]
    seen = figures.mask_figures(lambda photo, _: figures.teacher_mask(photo, next(queue)), *rows)
    assert (seen.overlaps == 1).all() and seen.error == 0 and seen.ms > 0
    assert seen.shown.min() > 0.97
    first = iter([figures.teacher_mask(CACHE.photos[0], CACHE.masks[0])])
    seen = figures.mask_figures(
        lambda photo, _: next(first, np.zeros(photo.shape[:2], np.float32)), *rows
    )
    assert seen.overlaps[0] == 1 and seen.overlaps[1:].max() == 0 == seen.shown[1:].max()
