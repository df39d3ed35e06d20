"""Points follow every change of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.face.parts import PARTS
from engines.face.weights import load
from engines.render.cv import cv2
from export.data.face_augment import (
    WIDE,
    Sampler,
    bend_basis,
    jittered,
    relight,
    sample_field,
    unbend,
)
from export.data.face_drawn import drawn_cache
from export.data.faces import BASE_PX, Faces

CACHE = drawn_cache(12, 3)
FIELDS = bend_basis(CACHE.train.points)


def test_bends_are_smooth_and_of_the_faces_own_size() -> None:
    assert FIELDS.shape[1:] == (20, 20, 2)
    assert 0.2 < np.abs(FIELDS).max() < 60


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_bent_point_shows_what_the_point_showed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    amounts = rng.normal(0, 0.8, len(FIELDS)).astype(np.float32)
    field = np.tensordot(amounts, FIELDS, 1).astype(np.float32)
    points = CACHE.train.points[0]
    moved = unbend(points, field)
    back = moved[:, :2] + sample_field(field, moved[:, :2].copy())
    inside = (points[:, :2] > 20).all(1) & (points[:, :2] < BASE_PX - 20).all(1)
    assert np.abs(back - points[:, :2])[inside].max() < 0.6


@pytest.mark.parametrize("name", ["mesh", "lips", "eye"])
def test_a_mark_on_a_point_stays_on_it(name: str) -> None:
    """A white dot painted on one point is found there in every crop, flips and bends included."""
    mirror = load().mirror
    part = PARTS[name]
    target = part.points[3]
    images = np.zeros_like(CACHE.train.images)
    for image, points in zip(images, CACHE.train.points, strict=True):
        for point in (target, int(mirror[target])):
            cv2.circle(
                image, tuple(int(round(float(v))) for v in points[point, :2]), 6, (255,) * 3, -1
            )
    faces = Faces(images, CACHE.train.points, CACHE.train.kinds)
    sampler = Sampler(faces, part, mirror, FIELDS * 0.5, fine=True)
    crops, points = sampler.batch(24, np.random.default_rng(1))
    hits = 0
    for crop, point in zip(crops, points[:, 3, :2], strict=True):
        x, y = (int(round(float(v) * part.side_px + (part.side_px - 1) / 2)) for v in point)
        around = crop[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].astype(float).mean()
        hits += around > crop.astype(float).mean() + 3 * crop.astype(float).std() * 0.5
    assert hits >= 21


def test_chances_choose_the_faces() -> None:
    chances = np.zeros(len(CACHE.train.images), np.float32)
    chances[2] = 1
    sampler = Sampler(CACHE.train, PARTS["mesh"], load().mirror, FIELDS * 0, chances)
    _, points = sampler.batch(4, np.random.default_rng(0))
    assert np.isfinite(points).all()


def test_jitter_is_a_nudge_and_light_keeps_the_shape() -> None:
    from engines.face.frame import Frame

    rng = np.random.default_rng(0)
    frame = Frame((100.0, 100.0), 50.0, 0.0)
    moved = [jittered(frame, WIDE, rng) for _ in range(50)]
    assert all(abs(m.centre[0] - 100) < 0.25 * 175 for m in moved)
    assert len({m.angle for m in moved}) == 50
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert relight(image, rng).shape == image.shape
    assert relight(image, rng).dtype == np.uint8
