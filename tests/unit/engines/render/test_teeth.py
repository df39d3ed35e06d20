from dataclasses import replace

import numpy as np
import pytest

from engines.avatars.bundle import Avatar
from engines.render.geometry import Geometry
from engines.render.rig import load_rig
from engines.render.teeth import (
    Stand,
    long_crowns,
    own_light,
    own_row,
    rig_row,
    with_sides,
)
from engines.values import F32, U8
from tests.support.sample_avatar import sample, sample_geometry

LIGHT = np.ones(3, np.float32)


def toothy(box: tuple[int, int, int, int] = (300, 312, 230, 280)) -> Avatar:
    teeth: U8 = np.zeros((512, 512, 4), np.uint8)
    top, low, left, right = box
    teeth[top:low, left:right] = (150, 190, 210, 255)
    return replace(sample(), teeth=teeth)


def test_a_row_stands_with_its_tips_at_the_place_given() -> None:
    rig = load_rig()
    tip = np.array([100, -200, 30], np.float32)
    row = rig_row(
        rig.upper_teeth, rig.upper_origin, rig, Stand(10.0, np.eye(3, dtype=np.float32), tip), LIGHT
    )
    left, right = row.corners[0, 0], row.corners[1, 0]
    assert left < 100 < right and (right - left) == pytest.approx(
        10 * rig.upper_teeth.shape[1] / rig.teeth_px_per_cm, rel=1e-3
    )
    # The middle incisors end about there: solid above, clear below.
    x = row.image.shape[1] // 2 + 2
    edge = np.flatnonzero(row.image[:, x, 3] > 128)[-1]
    assert row.corners[0, 1] - edge == pytest.approx(-200, abs=3)
    assert (row.corners[:, 2] == 30).all()


def test_a_head_held_askew_has_its_teeth_askew() -> None:
    rig, tip = load_rig(), np.zeros(3, np.float32)
    c, s = np.cos(0.2), np.sin(0.2)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    row = rig_row(rig.upper_teeth, rig.upper_origin, rig, Stand(10.0, turn, tip), LIGHT)
    along = row.corners[1] - row.corners[0]
    assert np.arctan2(along[1], along[0]) == pytest.approx(0.2, abs=1e-4)


def test_light_colours_the_row() -> None:
    rig = load_rig()
    stand = Stand(10.0, np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    half = rig_row(rig.upper_teeth, rig.upper_origin, rig, stand, 0.5 * LIGHT)
    full = rig_row(rig.upper_teeth, rig.upper_origin, rig, stand, LIGHT)
    np.testing.assert_allclose(half.image[..., :3], 0.5 * full.image[..., :3], atol=1e-3)
    np.testing.assert_array_equal(half.image[..., 3], full.image[..., 3])


def test_own_teeth_stay_where_they_are_in_the_photo() -> None:
    assert own_row(sample(), sample_geometry()) is None
    assert own_light(sample(), load_rig()) is None
    row = own_row(toothy(), sample_geometry())
    assert row is not None
    # Pixel (250, 305) of the photo, in the sprite: corners are pixels' edges.
    x, y = round(250 - row.corners[0, 0] - 0.5), round(305 + row.corners[0, 1] - 0.5)
    np.testing.assert_allclose(row.image[y, x], [150, 190, 210, 255], atol=1)
    below = round(316 + row.corners[0, 1] - 0.5)
    assert below >= len(row.image) or row.image[below, x, 3] < 5


def test_above_short_crowns_there_is_tooth_and_then_gum() -> None:
    row = own_row(toothy((300, 306, 230, 280)), sample_geometry())
    assert row is not None
    x = row.image.shape[1] // 2
    column = row.image[:, x]
    top = round(300 + row.corners[0, 1] - 0.5)
    grown = column[top - 2]
    assert grown[3] > 200 and grown[2] - grown[0] < 70
    gum = column[np.flatnonzero(column[:, 3] > 150)[0] + 1]
    assert gum[2] > 1.2 * gum[1]


def test_own_teeth_come_in_the_renderer_s_size() -> None:
    small = own_row(toothy(), Geometry(toothy(), 256))
    whole = own_row(toothy(), sample_geometry())
    assert small is not None and whole is not None
    wide = [np.ptp(r.corners[:, 0]) for r in (small, whole)]
    assert 2 * wide[0] == pytest.approx(wide[1], abs=12)


def test_the_lower_row_takes_the_colour_of_the_photo_s_teeth() -> None:
    light = own_light(toothy(), load_rig())
    assert light is not None and light[0] < light[1] < light[2] * 1.05
    faint = replace(toothy(), teeth=(toothy().teeth // 2).astype(np.uint8))
    assert own_light(faint, load_rig()) is None


def test_the_rig_s_row_goes_on_past_the_photo_s_and_leaves_it_alone() -> None:
    rig, own = load_rig(), own_row(toothy((300, 312, 235, 275)), sample_geometry())
    assert own is not None
    tip = np.array([255, -311, own.corners[0, 2]], np.float32)
    stand = Stand(20.0, np.eye(3, dtype=np.float32), tip)
    crowns = long_crowns(rig.upper_teeth, rig.teeth_px_per_cm)
    both = with_sides(own, rig_row(crowns, rig.upper_origin, rig, stand, LIGHT))

    def at(x: int, y: int) -> F32:
        places = x - both.corners[0, 0], y + both.corners[0, 1]
        column, row = (round(float(v) - 0.5) for v in places)
        return np.asarray(both.image[row, column])

    np.testing.assert_allclose(at(255, 306), [150, 190, 210, 255], atol=1)
    for beside in (228, 282):
        seen = at(beside, 306)
        assert seen[3] > 200 and (np.abs(seen[:3] - [150, 190, 210]) < 85).all()
    assert own.corners[0, 2] == both.corners[0, 2]


def test_no_gum_reaches_down_between_long_crowns() -> None:
    rig = load_rig()
    made = long_crowns(rig.upper_teeth, rig.teeth_px_per_cm)
    assert made.shape == rig.upper_teeth.shape

    def gum(sprite: U8) -> int:
        """Red pixels in the upper half of the crowns of the six front teeth."""
        height, width = sprite.shape[:2]
        part = sprite[int(0.36 * height) : int(0.6 * height), int(0.3 * width) : int(0.7 * width)]
        return int((part[..., 2] > 1.3 * part[..., 1]).sum())

    assert gum(made) < 0.15 * gum(rig.upper_teeth)
    np.testing.assert_array_equal(made[60:], rig.upper_teeth[60:])
