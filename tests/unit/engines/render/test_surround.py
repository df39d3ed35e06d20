import numpy as np
import pytest

from engines.render.surround import crown, surrounded
from engines.values import U8

ROWS, COLUMNS = np.mgrid[:200, :200]


def head(top: float, radius: float = 60) -> U8:
    """A round head whose crown is `top` pixels above the upper edge."""
    inside = np.hypot(COLUMNS - 100, ROWS - (radius - top)) < radius
    return np.where(inside, 255, 0).astype(np.uint8)


def person(matte: U8) -> U8:
    red = np.where(matte[..., None] > 0, (0, 0, 255), (0, 0, 0)).astype(np.uint8)
    return np.dstack([red, matte])


def test_past_an_edge_the_person_goes_on_where_it_cuts_them_and_nowhere_else() -> None:
    matte = np.zeros((200, 200), np.uint8)
    matte[5:, 60:140] = 255
    matte[150:, :60] = 255
    out = surrounded(person(matte), 20)
    np.testing.assert_array_equal(out[20:-20, 20:-20], person(matte))
    assert (out[-20:, 80:160, 3] == 255).all() and (out[175:195, :20, 3] == 255).all()
    # Four pixels below the upper edge, and no second head above it.
    assert not out[:20, ..., 3].any() and not out[:150, :20, 3].any()


@pytest.mark.parametrize("top", [3, 8, 25])
def test_a_cut_crown_is_rounded_off(top: int) -> None:
    margin = 20
    share = crown(head(top), margin)
    rows, columns = np.mgrid[-margin:0, -margin : 200 + margin]
    true = np.hypot(columns - 100, rows - (60 - top)) < 60
    assert share.shape == true.shape
    assert ((share > 0.5) != true).sum() < 0.1 * true.sum() + 12


def test_a_crown_is_hair_and_beside_it_is_nobody() -> None:
    out = surrounded(person(head(12)), 20)
    assert (out[12:20, 120] == (0, 0, 255, 255)).all()
    assert not out[:4, 120].any() and not out[:20, 60].any()


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    share = crown(np.full((200, 200), value, np.uint8), 20)
    assert np.isfinite(share).all() and bool(share.any()) == bool(value)
