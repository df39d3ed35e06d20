import numpy as np
import pytest

from export.gallery import matte
from export.gallery.arrays import F32, f32


def disc(size: int = 80, radius: float = 25.0) -> F32:
    ys, xs = np.mgrid[0:size, 0:size]
    return f32(np.hypot(xs - size / 2, ys - size / 2) < radius)


def test_trimap_is_sure_inside_and_outside_and_open_between() -> None:
    tri = matte.trimap(disc(), 60.0)
    assert tri[40, 40] == 1 and tri[2, 2] == 0 and tri[40, 65] == 0.5
    assert set(np.unique(tri)) == {0.0, 0.5, 1.0}


def test_smooth_backdrop_is_found_under_the_person_and_past_specks() -> None:
    ys, xs = np.mgrid[0:80, 0:80] / 80
    wall = f32(np.stack([0.6 + 0.1 * xs, 0.6 - 0.1 * ys, 0.5 + 0.1 * xs * ys], axis=-1))
    picture = wall.copy()
    picture[disc() > 0] = 0
    sure = disc(radius=30) < 0.5
    picture[3:6, 3:9] = 1  # a speck that is not wall
    assert np.abs(matte.smooth_backdrop(picture, sure) - wall).max() < 0.01


def test_refine_gives_the_plain_part_of_the_unknown_to_the_backdrop() -> None:
    wall = np.full((80, 80, 3), 0.7, np.float32)
    picture = wall.copy()
    picture[disc() > 0] = 0.1
    before = matte.trimap(disc(radius=28), 60.0)
    tri = matte.refine_trimap(before, picture, wall)
    assert tri[40, 78] == 0 and tri[40, 74] == 0
    assert (tri == 0.5).any() and (tri == 0.5).sum() < (before == 0.5).sum()
    assert tri[40, 68] == 0.5  # beside what differs it stays open


def test_islands_are_removed() -> None:
    alpha = disc()
    alpha[2:5, 2:5] = 1
    cleaned = matte.biggest_piece(alpha)
    assert cleaned[3, 3] == 0 and cleaned[40, 40] == 1
    assert np.array_equal(matte.biggest_piece(disc()), disc())


def test_cloth_edge_is_smooth_and_free_of_the_old_backdrop() -> None:
    alpha = disc(radius=28)
    colour = np.full((80, 80, 3), 0.4, np.float32)
    ring = (disc(radius=29) - disc(radius=25)) > 0
    colour[ring] = (0.1, 0.9, 0.1)  # a green fringe
    line, clean = matte.cloth_edge(alpha, colour)
    assert line[40, 40] == 1 and line[40, 75] == 0
    assert line.sum() < alpha.sum()
    assert np.abs(clean[ring] - 0.4).max() < np.abs(colour[ring] - 0.4).max() * 0.6
    empty, same = matte.cloth_edge(np.zeros((80, 80), np.float32), colour)
    assert empty.max() == 0 and same is colour


def test_cut_splits_person_from_wall_and_keeps_a_lone_hair() -> None:
    pytest.importorskip("pymatting")
    wall = np.full((80, 80, 3), 0.75, np.float32)
    picture = wall.copy()
    picture[disc() > 0] = 0.2
    picture[40, 66:70] = 0.5
    whole = matte.cut(picture, disc(), 60.0, plain=True)
    assert whole.alpha[40, 40] > 0.95 and whole.alpha[2, 2] < 0.05
    a = whole.alpha[..., None]
    again = a * whole.foreground + (1 - a) * wall + whole.residual
    assert np.abs(again - picture).max() < 0.03
