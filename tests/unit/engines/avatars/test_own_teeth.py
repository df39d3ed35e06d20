import numpy as np
import pytest

from engines.avatars.own_teeth import (
    inside_mouth,
    own_teeth,
    presentable,
    shows_teeth,
    tooth_colour,
)
from engines.render import landmarks as lm
from engines.values import U8
from tests.support.laughing import laughing
from tests.support.sample_avatar import sample


def cut(photo: U8, points: np.ndarray) -> U8:
    return own_teeth(photo, inside_mouth(photo, points), points)


def test_upper_teeth_are_cut_out_where_they_stand() -> None:
    photo, points = laughing()
    teeth = cut(photo, points)
    assert teeth.shape == (*photo.shape[:2], 4)
    rows, columns = np.nonzero(teeth[..., 3] > 200)
    inner = points[list(lm.INNER_LOOP), :2]
    assert len(rows) > 150
    assert inner[:, 0].min() - 2 < columns.min() and columns.max() < inner[:, 0].max() + 2
    assert inner[:, 1].min() - 3 < rows.min() and rows.max() < inner[:, 1].max() + 3
    # Teeth, not lips: nearly without colour.
    seen = teeth[rows, columns, :3].astype(int)
    assert np.median(seen[:, 2] - seen[:, 0]) < 60 and np.median(seen) > 100


def test_closed_lips_and_a_dark_mouth_have_none() -> None:
    assert not cut(sample().portrait, sample().landmarks).any()
    photo, points = laughing()
    dark = photo.copy()
    inside = inside_mouth(photo, points)
    dark[inside > 0] = (18, 15, 40)
    # A few lighter pixels are not a row of teeth.
    y, x = np.rint(points[[13, 14], :2].mean(0)).astype(int)[::-1]
    dark[y - 2 : y + 2, x - 2 : x + 2] = 200
    assert not cut(dark, points).any()


def test_what_is_between_the_lips_is_found_without_the_lips() -> None:
    photo, points = laughing()
    inside = inside_mouth(photo, points)
    y, x = np.rint(points[[13, 14], :2].mean(0)).astype(int)[::-1]
    assert inside[y, x] == 255
    for point in (0, 17):
        x, y = np.rint(points[point, :2]).astype(int)
        assert inside[y, x] == 0


def test_a_row_is_found_whole_where_the_landmarks_leave_half_of_it_in_the_lip() -> None:
    photo, points = laughing()
    teeth, width = cut(photo, points), np.ptp(points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0])
    strayed = points.copy()
    strayed[list(lm.UPPER_INNER), 1] += 0.11 * width
    found = inside_mouth(photo, strayed)
    assert (found[teeth[..., 3] > 200] > 0).mean() > 0.99


def row(jag: float = 0, left: float = 0.36, right: float = 0.36, high: float = 0.1) -> U8:
    """An even row of teeth in the sample's mouth, in its widths; `jag` on every fourth column."""
    points = sample().landmarks
    x0, x1 = points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0]
    width, (x, y) = x1 - x0, points[[13, 14], :2].mean(0)
    out: U8 = np.zeros((*sample().portrait.shape[:2], 4), np.uint8)
    for column in range(int(x - left * width), int(x + right * width) + 1):
        end = high + (jag if column // 4 % 2 else 0)
        out[int(y) : round(float(y + end * width)), column] = 220
    return out


def test_an_even_row_may_be_shown() -> None:
    assert presentable(row(), sample().landmarks)


@pytest.mark.parametrize(
    "teeth",
    [row(jag=0.04), row(left=0.1, right=0.5), row(left=0.2, right=0.2), row(high=0.03), row() * 0],
)
def test_a_jagged_lopsided_narrow_or_low_row_may_not(teeth: U8) -> None:
    assert not presentable(teeth, sample().landmarks)


def test_a_row_with_lip_in_it_may_not() -> None:
    red = row()
    red[red[..., 3] > 0, :3] = (120, 130, 190)
    assert not presentable(red, sample().landmarks)


def test_teeth_are_seen_between_parted_lips_only() -> None:
    assert shows_teeth(*laughing())
    assert not shows_teeth(sample().portrait, sample().landmarks)


def test_the_colour_of_teeth_is_told_or_none() -> None:
    photo, points = laughing()
    colour = tooth_colour(cut(photo, points))
    assert colour is not None and colour.shape == (3,) and colour.min() > 90
    assert tooth_colour(row() * 0) is None
