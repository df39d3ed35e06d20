import numpy as np

from engines.render.curves import lens, polygon_mask, smooth_chain, window

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
    assert window(CHAIN, 3, 30, 100) == (0, 0, 30, 12)
    assert window(CHAIN + 500, 3, 100, 100) is None
