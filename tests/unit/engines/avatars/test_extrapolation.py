import numpy as np
import pytest

from engines.avatars.extrapolation import extrapolated, mirrored
from engines.values import F32, U8

SIDE = 256
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
STRIPES = np.where((COLUMNS // 10 % 2)[..., None] > 0, 210, 40).astype(np.uint8).repeat(3, 2)
HOLE = (np.abs(ROWS - 128) < 14) & (np.abs(COLUMNS - 128) < 30)


def broken(picture: U8) -> U8:
    """With another colour where the hole is."""
    return np.where(HOLE[..., None], (0, 0, 255), picture).astype(np.uint8)


def off(out: F32, picture: U8) -> F32:
    """f32[N]: how far each pixel of the hole is off."""
    error: F32 = np.abs(out - picture).max(2)[HOLE]
    return error


def test_straight_edges_run_on() -> None:
    out = extrapolated(broken(STRIPES), HOLE)
    np.testing.assert_array_equal(out[~HOLE], STRIPES[~HOLE])
    assert (off(out, STRIPES) > 60).mean() < 0.1
    assert np.median(off(out, STRIPES)) < 15


def test_an_edge_that_slants_goes_on_slanting() -> None:
    wall = np.where((COLUMNS + ROWS // 2 < 192)[..., None], 60, 190).astype(np.uint8).repeat(3, 2)
    assert (off(extrapolated(broken(wall), HOLE), wall) > 60).mean() < 0.08


def test_texture_is_as_rough_behind_as_beside() -> None:
    noise = np.random.default_rng(2).integers(90, 170, (SIDE // 2, SIDE // 2, 1)).astype(np.uint8)
    wall = noise.repeat(2, 0).repeat(2, 1).repeat(3, 2)
    out = extrapolated(broken(wall), HOLE)
    rim = HOLE & ~(np.abs(ROWS - 128) < 8)
    assert out[rim].std() > 0.5 * wall[rim].std()
    assert abs(out[HOLE].mean() - 130) < 8


def test_at_the_larger_size_the_same_is_drawn() -> None:
    large = broken(STRIPES).repeat(2, 0).repeat(2, 1)
    hole = HOLE.repeat(2, 0).repeat(2, 1)
    out = extrapolated(large, hole)
    truth = STRIPES.repeat(2, 0).repeat(2, 1)
    assert (np.abs(out - truth).max(2)[hole] > 60).mean() < 0.2


@pytest.mark.parametrize("everything", [False, True])
def test_nothing_to_fill_and_nothing_to_fill_from(everything: bool) -> None:
    out = extrapolated(STRIPES, np.full_like(HOLE, everything))
    np.testing.assert_array_equal(out, STRIPES)


def test_a_pixel_that_is_left_is_enough() -> None:
    hole = np.ones_like(HOLE)
    hole[0, 0] = False
    out = extrapolated(STRIPES, hole)
    assert np.isfinite(out).all() and out.shape == STRIPES.shape


def test_what_lies_outside_the_rim_is_mirrored_and_fades() -> None:
    line = np.where((np.abs(ROWS - 104) < 2)[..., None], 50, 0).astype(np.float32).repeat(3, 2)
    image, near = mirrored(line, HOLE, 0.5)
    assert not near[~HOLE].any() and near[117, 128] > 0.8 > near[128, 128]
    # The rim is row 114: a line 10 rows out is seen 10 in.
    middle = image[115:128, 120:136].max(2).mean(1)
    assert 7 <= int(middle.argmax()) <= 10 and middle.max() > 25
    _, soon = mirrored(line, HOLE, 0.1)
    assert soon[128, 128] < 0.1


def test_the_hole_itself_is_not_mirrored() -> None:
    bay = np.hypot(ROWS - 128, COLUMNS - 128) < 60
    bay |= np.hypot(ROWS - 128, COLUMNS - 200) < 50
    inside = np.where(bay[..., None], 255, 0).astype(np.float32).repeat(3, 2)
    image, near = mirrored(inside, bay, 1.0)
    assert (near > 0.5).sum() > 2000
    assert image[near > 0.01].max() < 4


def test_a_hole_has_no_colour_that_is_nowhere_around_it() -> None:
    # Red over green: channels carried on one by one may add up to yellow or to black.
    wall = np.where((ROWS < 120)[..., None], (40, 40, 190), (40, 160, 40)).astype(np.uint8)
    out = extrapolated(broken(wall), HOLE)[HOLE]
    apart = np.minimum(*(np.abs(out - c).max(1) for c in ((40, 40, 190), (40, 160, 40))))
    assert (apart < 40).mean() > 0.85
