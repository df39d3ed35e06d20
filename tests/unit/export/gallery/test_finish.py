import numpy as np
from hypothesis import given, settings

from export.gallery import finish
from export.gallery.arrays import f32
from tests.unit.export.gallery.faces import seeds


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_lab_and_back_is_the_same_colour(seed: int) -> None:
    bgr = f32(np.random.default_rng(seed).uniform(0, 1, (8, 8, 3)))
    assert np.abs(finish.to_bgr(finish.to_lab(bgr)) - bgr).max() < 0.01


def test_highlights_are_pressed_and_the_rest_untouched() -> None:
    lab = f32([[[96.0, 1, 2], [70.0, 1, 2]]])
    soft = finish.soften_highlights(lab)
    assert soft[0, 0, 0] == 86 + 0.45 * 10
    assert np.array_equal(soft[0, 1], lab[0, 1])


def test_sharpen_steepens_an_edge_and_leaves_flat_and_colour() -> None:
    lab = np.full((40, 40, 3), 50, np.float32)
    lab[:, 20:, 0] = 60
    sharp = finish.sharpen(lab)
    assert sharp[20, 20, 0] > 60.5 and sharp[20, 19, 0] < 49.5
    assert abs(sharp[20, 1, 0] - 50) < 0.1
    assert np.array_equal(sharp[..., 1:], lab[..., 1:])


def test_calm_colour_smooths_chroma_only() -> None:
    lab = f32(np.random.default_rng(0).normal(40, 5, (30, 30, 3)))
    calm = finish.calm_colour(lab)
    assert np.array_equal(calm[..., 0], lab[..., 0])
    assert calm[..., 1].std() < 0.5 * lab[..., 1].std()


def test_pores_show_on_skin_only_and_repeat() -> None:
    lab = np.full((60, 60, 3), 60, np.float32)
    likeness = np.zeros((60, 60), np.float32)
    likeness[:, 30:] = 1
    skin = finish.pores(lab, likeness, 3)
    assert np.array_equal(skin[:, :30], lab[:, :30])
    assert 0.3 < skin[:, 30:, 0].std() < 0.9
    assert np.array_equal(skin, finish.pores(lab, likeness, 3))


def test_key_light_comes_from_the_left() -> None:
    lit = finish.key_light(np.full((4, 10, 3), 50, np.float32), 0.1)[0, :, 0]
    assert abs(lit[0] - 55) < 1e-4 and abs(lit[-1] - 45) < 1e-4


def test_backdrop_is_brightest_near_the_shoulders() -> None:
    light = finish.to_lab(finish.backdrop(64, (70.0, -1.0, -3.0)))[..., 0]
    row, column = np.unravel_index(np.argmax(light), light.shape)
    assert 25 < row < 45 and 20 < column < 40
    assert light[0, 63] < light.max() - 5


def test_grain_is_gentle_and_repeats_for_a_seed() -> None:
    grey = np.full((80, 80, 3), 0.5, np.float32)
    first = finish.grain(grey, 1)
    assert np.array_equal(first, finish.grain(grey, 1))
    assert not np.array_equal(first, finish.grain(grey, 2))
    assert 0.5 < 255 * first.std() < 3
    assert finish.grain(np.ones((9, 9, 3), np.float32), 1).max() <= 1
