import numpy as np
import pytest

from engines.render.curves import (
    lay,
    lens,
    levels,
    polygon_mask,
    smooth_chain,
    soft,
    three,
    tinted,
    window,
)
from engines.render.cv import cv2

CHAIN = np.array([[0, 0], [10, 6], [20, 8], [30, 6], [40, 0]], np.float32)


def test_a_smooth_chain_passes_through_its_points() -> None:
    curve = smooth_chain(CHAIN)
    assert len(curve) == 5 * 4 + 1
    np.testing.assert_allclose(curve[::5], CHAIN, atol=1e-4)


def test_a_straight_chain_stays_straight() -> None:
    straight = np.stack([np.arange(5), 2 * np.arange(5)], 1).astype(np.float32)
    curve = smooth_chain(straight)
    np.testing.assert_allclose(curve[:, 1], 2 * curve[:, 0], atol=1e-4)


def test_a_lens_is_closed_and_masks_its_inside() -> None:
    outline = lens(CHAIN * np.array([1, -1], np.float32), CHAIN) + np.array([5, 20], np.float32)
    mask = polygon_mask(outline.astype(np.float32), (0, 0), (40, 50), 0)
    assert mask[20, 25] == 255 and mask[2, 25] == 0 and mask[20, 2] == 0
    softer = polygon_mask(outline.astype(np.float32), (0, 0), (40, 50), 1.5)
    assert 0 < softer[28, 25] < 255 or 0 < softer[29, 25] < 255


def test_a_window_stays_inside_the_picture_or_is_none() -> None:
    assert window(CHAIN, 3, 30, 100) == (0, 0, 30, 13)
    assert window(CHAIN + 500, 3, 100, 100) is None


def test_layers_are_laid_as_numpy_would() -> None:
    rng = np.random.default_rng(2)
    part = rng.integers(0, 256, (9, 7, 3), np.uint8)
    layer, share = rng.uniform(0, 255, (9, 7, 3)), rng.uniform(0, 1, (9, 7))
    mixed = part + share[..., None] * (layer - part)
    lay(part, layer.astype(np.float32), share.astype(np.float32))
    assert np.abs(part - mixed).max() < 0.51
    assert levels(np.array([[[0.4, 254.6, 300]]], np.float32)).tolist() == [[[0, 255, 255]]]


def test_a_colour_is_laid_over_grey() -> None:
    grey = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    colour, base = np.array([10, 20, 30], np.float32), np.array([1, 2, 3], np.float32)
    np.testing.assert_allclose(tinted(grey, colour, base), grey[..., None] * colour + base)
    np.testing.assert_array_equal(tinted(grey, np.ones(3, np.float32)), three(grey))


@pytest.mark.parametrize("blur", [0.3, 0.6, 0.8, 1.3, 1.5, 2.6])
def test_soft_gives_the_bytes_of_opencvs_own_blur(blur: float) -> None:
    rng = np.random.default_rng(3)
    mask = rng.integers(0, 256, (41, 57), np.uint8)
    np.testing.assert_array_equal(soft(mask, blur), cv2.GaussianBlur(mask, (0, 0), blur))
