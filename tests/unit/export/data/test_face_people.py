"""Three rows a person: as they are, turned, covered."""

from __future__ import annotations

import numpy as np

from export.data.face_drawn import drawn_cache
from export.data.face_people import varied
from export.data.face_scenes import halved

CACHE = drawn_cache(4, 6)
PEOPLE = halved(CACHE.photos, CACHE.masks, CACHE.photo_points)


def test_rows_come_three_times_in_order() -> None:
    more = varied(PEOPLE, np.random.default_rng(0))
    count = len(PEOPLE.photos)
    assert more.photos.shape[0] == more.masks.shape[0] == more.points.shape[0] == 3 * count
    assert (more.photos[:count] == PEOPLE.photos).all()
    turned, covered = slice(count, 2 * count), slice(2 * count, None)
    assert (np.abs(more.points[turned] - PEOPLE.points).max((1, 2)) > 1).all()
    assert (more.points[covered] == PEOPLE.points).all()
    changed = (more.photos[covered] != PEOPLE.photos).any(-1).mean((1, 2))
    assert (changed > 0.001).all()
    assert (more.masks[covered] >= PEOPLE.masks).all()
