import numpy as np
import pytest

from engines.render.surround import crown, surrounded
from engines.values import U8

ROWS, COLUMNS = np.mgrid[:200, :200]


def head(top: float, radius: float = 60) -> U8:
    """A round head whose crown is `top` pixels above the upper edge."""
    inside = np.hypot(COLUMNS - 100, ROWS - (radius - top)) < radius
    return np.where(inside, 255, 0).astype(np.uint8)


def test_past_the_edges_is_the_walls_mirror_image_and_no_second_person() -> None:
    wall = np.zeros((200, 200, 3), np.uint8)
    wall[..., 0] = COLUMNS
    matte = head(-10)
    photo = np.where(matte[..., None] > 0, (0, 0, 255), wall).astype(np.uint8)
    out = surrounded(photo, wall, matte, 20)
    np.testing.assert_array_equal(out[20:-20, 20:-20], photo)
    np.testing.assert_array_equal(out[100:, :20], out[100:, 21:41][:, ::-1])
    assert not out[:20, ..., 2].any()


@pytest.mark.parametrize("top", [3, 8, 25])
def test_a_cut_crown_is_rounded_off(top: int) -> None:
    margin = 20
    share = crown(head(top), margin)
    rows, columns = np.mgrid[-margin:0, -margin : 200 + margin]
    true = np.hypot(columns - 100, rows - (60 - top)) < 60
    assert share.shape == true.shape
    assert ((share > 0.5) != true).sum() < 0.1 * true.sum() + 12


def test_a_crown_is_hair_and_beside_it_is_wall() -> None:
    matte = head(12)
    photo = np.where(matte[..., None] > 0, (0, 0, 255), (200, 0, 0)).astype(np.uint8)
    out = surrounded(photo, np.full_like(photo, (200, 0, 0)), matte, 20)
    assert (out[12:20, 120] == (0, 0, 255)).all()
    assert (out[:4, 120] == (200, 0, 0)).all() and (out[:20, 60] == (200, 0, 0)).all()


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    share = crown(np.full((200, 200), value, np.uint8), 20)
    assert np.isfinite(share).all() and bool(share.any()) == bool(value)


def test_above_a_head_the_walls_texture_goes_on() -> None:
    matte = head(-6)
    leaves = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    photo = np.where(matte[..., None] > 0, (0, 0, 255), leaves).astype(np.uint8)
    smooth = np.where(matte[..., None] > 0, (128, 128, 128), leaves).astype(np.uint8)
    above = surrounded(photo, smooth, matte, 20)[:12, 100:140]
    assert above.std() > 0.5 * leaves.std()
    plain = np.where(matte[..., None] > 0, (0, 0, 255), (90, 90, 90)).astype(np.uint8)
    assert (surrounded(plain, np.full_like(plain, 90), matte, 20)[:20] == 90).all()
