"""Turned heads: the points turn as told, the picture with them."""

from __future__ import annotations

import numpy as np
import pytest

from engines.face.finder import pose
from engines.render import landmarks as lm
from export.data.face_drawn import drawn_cache
from export.data.face_turned import MAX_YAW_DEG, head_triangles, random_turns, turn, with_rings

CACHE = drawn_cache(4, 5)
PHOTO, POINTS = CACHE.photos[0], CACHE.photo_points[0]


@pytest.mark.parametrize("yaw", [-35.0, -10.0, 0.0, 20.0, 40.0])
def test_the_pose_changes_by_the_yaw_given(yaw: float) -> None:
    before, after = pose(POINTS), pose(turn(PHOTO, POINTS, yaw, 0).points)
    assert after[0] - before[0] == pytest.approx(-yaw, abs=2.5)


def test_pitch_bends_down() -> None:
    before, after = pose(POINTS), pose(turn(PHOTO, POINTS, 0, 15).points)
    assert after[1] - before[1] == pytest.approx(15, abs=2.5)


def test_no_turn_leaves_the_picture() -> None:
    same = turn(PHOTO, POINTS, 0, 0)
    assert np.abs(same.image.astype(int) - PHOTO).mean() < 1
    assert np.allclose(same.points, POINTS, atol=1e-3)


def test_pixels_go_where_their_points_go() -> None:
    marked = PHOTO.copy()
    x, y = POINTS[lm.MOUTH_LEFT, :2].round().astype(int)
    marked[y - 2 : y + 3, x - 2 : x + 3] = (0, 255, 0)
    turned = turn(marked, POINTS, -25, 0)
    at = turned.points[lm.MOUTH_LEFT, :2]
    changed = (turned.image != turn(PHOTO, POINTS, -25, 0).image).any(-1)
    rows, columns = np.nonzero(changed)
    assert abs(columns.mean() - at[0]) < 2 and abs(rows.mean() - at[1]) < 2


def test_triangles_cover_face_and_surroundings() -> None:
    full = with_rings(POINTS)
    assert head_triangles().max() == len(full) - 1
    assert (full[478:, 2] > POINTS[:468, 2].min()).all()


def test_random_turns_stay_in_range() -> None:
    base = pose(POINTS)[0]
    for turned in random_turns(PHOTO, POINTS, 8, np.random.default_rng(1)):
        assert abs(pose(turned.points)[0] - base) <= MAX_YAW_DEG + 4
        assert turned.image.shape == PHOTO.shape
