"""Walls without people, with furniture in their colours."""

from __future__ import annotations

import numpy as np

from engines.render.cv import cv2
from engines.values import U8
from export.data.face_walls import behind, emptied, furnished, like, moved


def person() -> tuple[U8, U8]:
    """A red figure with black hair before a grey wall, and its alpha."""
    alpha = np.zeros((96, 96), np.uint8)
    cv2.ellipse(alpha, (48, 60), (20, 50), 0, 0, 360, 255, -1)
    picture = np.full((96, 96, 3), 128, np.uint8)
    picture[alpha > 0] = (20, 20, 220)
    picture[:40][alpha[:40] > 0] = (5, 5, 5)
    return picture, alpha


def test_nobody_is_left_in_the_wall() -> None:
    picture, alpha = person()
    wall = emptied(picture, alpha)
    assert np.abs(wall.astype(int) - 128).max() <= 2
    assert (emptied(picture, np.zeros_like(alpha)) == picture).all()


def test_the_other_side_is_seen_where_it_is_free() -> None:
    picture, alpha = person()
    alpha = np.roll(alpha, -20, 1)
    picture = np.full((96, 96, 3), 128, np.uint8)
    picture[20:30, 60:] = 250
    wall = emptied(picture, alpha)
    assert wall[25, 20].mean() > 240, "mirrored, not smoothed"


def test_a_colour_of_the_hair_rather() -> None:
    rng = np.random.default_rng(0)
    picture, alpha = person()
    drawn = np.array([like(picture, alpha, rng) for _ in range(60)])
    hair = (drawn.max(1) < 10).mean()
    assert 0.6 < hair < 1 and (drawn[:, 2] > 200).any()
    assert like(picture, np.zeros_like(alpha), rng).shape == (3,)


def test_furniture_has_the_colour_asked_for() -> None:
    wall = np.full((96, 96, 3), 200, np.uint8)
    texture = np.full((24, 24, 3), 10, np.uint8)
    out = furnished(wall, np.array([10, 10, 10], np.float32), texture, 6, np.random.default_rng(1))
    changed = np.abs(out.astype(int) - 200).max(2) > 20
    assert 0.02 < changed.mean() < 0.99
    assert (
        furnished(wall, np.zeros(3, np.float32), texture, 0, np.random.default_rng(1)) == wall
    ).all()


def test_walls_differ_and_the_same_seed_gives_the_same() -> None:
    picture, alpha = person()
    walls = np.stack([emptied(picture, alpha)] * 2)
    assert moved(walls[0], 64, np.random.default_rng(0)).shape == (64, 64, 3)
    first, again, other = (
        behind(walls, picture, alpha, picture[:30, :30], np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert first.shape == picture.shape and first.dtype == np.uint8
    assert (first == again).all() and (first != other).any()
