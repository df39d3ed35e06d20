from dataclasses import replace

import numpy as np

from engines.render.mouth import Mouth
from engines.render.rig import load_rig
from engines.values import F32, U8
from tests.support.sample_avatar import motion, sample, sample_geometry


def drawn(**values: float) -> tuple[U8, F32]:
    """A grey picture with the mouth's inside painted in, and the placed face."""
    geometry = sample_geometry()
    wanted = motion(**values)
    weights = geometry.weights(wanted)
    face = geometry.deform(weights, float(wanted[18]))
    pose = geometry.pose(wanted)
    placed = geometry.place(face, geometry.face_follow, pose)
    picture: U8 = np.full((512, 512, 3), 128, np.uint8)
    Mouth(sample(), geometry, load_rig(), sample().portrait).draw(picture, placed, weights, pose)
    return picture, placed


def changed(picture: U8) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    out: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (picture != 128).any(2)
    return out


def test_closed_lips_are_left_alone() -> None:
    for values in (
        {},
        {"mouthPucker": 0.9},
        {"mouthPress": 1.0},
        {"jawOpen": 0.5, "mouthClose": 1.0},
    ):
        assert changed(drawn(**values)[0]).sum() < 30, values


def test_the_opening_grows_with_the_jaw_and_stays_between_the_lips() -> None:
    areas = []
    for jaw in (0.1, 0.3, 0.6, 1.0):
        picture, placed = drawn(jawOpen=jaw)
        rows, columns = np.nonzero(changed(picture))
        # A soft edge is as wide about a slit as about a wide open mouth: it is no opening.
        areas.append(int((np.abs(picture.astype(int) - 128).max(2) > 40).sum()))
        assert rows.min() > placed[0, 1] and rows.max() < placed[17, 1]
        assert columns.min() > placed[61, 0] - 4 and columns.max() < placed[291, 0] + 4
    assert areas == sorted(areas) and areas[0] > 50 and areas[-1] > 4 * areas[0]


def test_the_dark_of_the_corners_goes_as_the_mouth_opens() -> None:
    def beside(**values: float) -> int:
        geometry, wanted = sample_geometry(), motion(**values)
        weights, pose = geometry.weights(wanted), geometry.pose(wanted)
        face = geometry.deform(weights, float(wanted[18]))
        placed = geometry.place(face, geometry.face_follow, pose)
        picture: U8 = np.full((512, 512, 3), 128, np.uint8)
        x, y = np.rint(placed[61, :2]).astype(int)
        picture[y - 1 : y + 2, x - 2 : x + 1] = 30
        mouth = Mouth(sample(), geometry, load_rig(), sample().portrait)
        mouth.draw(picture, placed, weights, pose)
        return int(picture[y, x - 2, 0])

    assert beside() == 30
    assert beside(jawOpen=0.15) < beside(jawOpen=0.5) and beside(jawOpen=0.5) > 90


def test_upper_teeth_show_bright_and_the_throat_dark() -> None:
    picture, placed = drawn(jawOpen=0.6, mouthSmile=0.4)
    x = round(float(placed[13, 0])) + 4
    column = picture[round(float(placed[13, 1])) : round(float(placed[14, 1])), x].max(1)
    assert column[: len(column) // 2].max() > 130
    assert column.min() < 70


def test_rounded_lips_hide_the_teeth() -> None:
    smiling, rounded = drawn(jawOpen=0.25, mouthSmile=0.5)[0], drawn(jawOpen=0.25, mouthFunnel=1)[0]
    bright = [(p[changed(p)].min(1) > 120).mean() for p in (smiling, rounded)]
    assert bright[0] > 2 * bright[1]


def test_a_tongue_put_out_lies_over_the_lower_lip() -> None:
    inside, placed = drawn(jawOpen=0.4)
    out, _ = drawn(jawOpen=0.4, tongueOut=1)
    below = round(float(placed[17, 1])) + 4
    column = round(float(placed[14, 0]))
    assert not changed(inside)[below, column] and changed(out)[below, column]
    pink = out[below, column].astype(int)
    assert pink[2] > pink[0] + 20
    rows = np.flatnonzero(changed(out).any(1))
    assert rows.max() < placed[152, 1] + 40


def test_sealed_lips_keep_the_tongue_in() -> None:
    assert changed(drawn(tongueOut=1, mouthClose=1)[0]).sum() < 30


def test_a_photo_s_own_teeth_are_used() -> None:
    own = np.zeros((512, 512, 4), np.uint8)
    x, y = np.rint(sample().landmarks[13, :2]).astype(int)
    own[y - 6 : y + 5, x - 25 : x + 25] = (40, 200, 200, 255)
    avatar = replace(sample(), teeth=own)
    geometry = sample_geometry()
    wanted = motion(jawOpen=0.3)
    weights = geometry.weights(wanted)
    face = geometry.deform(weights, 0)
    pose = geometry.pose(wanted)
    placed = geometry.place(face, geometry.face_follow, pose)
    picture: U8 = np.full((512, 512, 3), 128, np.uint8)
    Mouth(avatar, geometry, load_rig(), avatar.portrait).draw(picture, placed, weights, pose)
    seen = picture.astype(int)
    assert (seen[..., 1] - seen[..., 0] > 60).sum() > 60


def test_a_mouth_off_the_picture_is_no_error() -> None:
    geometry = sample_geometry()
    weights = geometry.weights(motion(jawOpen=1))
    face = geometry.deform(weights, 0) + np.array([4000, 0, 0], np.float32)
    picture = np.full((512, 512, 3), 128, np.uint8)
    mouth = Mouth(sample(), geometry, load_rig(), sample().portrait)
    placed = geometry.place(face, np.ones(468, np.float32), geometry.pose(motion()))
    mouth.draw(picture, placed, weights, geometry.pose(motion()))
    assert not changed(picture).any()
