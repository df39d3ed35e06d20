"""Drawn heads."""

from __future__ import annotations

import numpy as np

from export.data.face_drawn import drawn_cache
from export.data.faces import BASE_PX


def test_drawn_people_have_points_on_their_heads() -> None:
    cache = drawn_cache(8, 1)
    assert len(cache.train.images) == 6 and len(cache.test.images) == 2
    assert cache.train_rows == [2, 3, 4, 5, 6, 7]
    for points, mask in zip(cache.photo_points, cache.masks, strict=True):
        rows = np.rint(points[[1, 33, 263, 13], :2]).astype(int)
        assert (mask[rows[:, 1], rows[:, 0]] == 255).all()
    middle = cache.train.points[..., :2].mean(1)
    assert np.abs(middle - BASE_PX / 2).max() < 40


def test_the_same_seed_draws_the_same_people() -> None:
    assert np.array_equal(drawn_cache(4, 5).photos, drawn_cache(4, 5).photos)
