from dataclasses import replace

import numpy as np

from engines.avatars.fit import fit
from engines.avatars.neutral import AJAR, KEPT_SMILE, LAUGH_AT, PARTED, lip_gap, neutral
from engines.avatars.rigging import head_axes, resting_smile
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.render.rig import load_rig
from engines.values import F32, U8
from tests.support.laughing import laughing
from tests.support.sample_avatar import motion, sample, soft_mask


def lips(picture: U8, points: F32) -> U8:
    """The pixels along the line where the lips meet."""
    line = points[list(lm.UPPER_INNER), :2]
    rows, columns = np.rint(line[:, 1]).astype(int), np.rint(line[:, 0]).astype(int)
    out: U8 = np.stack([picture[rows + k, columns] for k in (-2, -1, 0, 1, 2)])
    return out


def test_a_photo_with_closed_lips_comes_back_as_it_is() -> None:
    calm = neutral(sample().portrait, sample().landmarks)
    assert calm.photo is sample().portrait and calm.points is sample().landmarks
    assert not calm.laugh.any() and not calm.teeth.any()


def test_parted_lips_are_sealed_and_show_no_teeth() -> None:
    photo, points = laughing()
    assert lip_gap(points) > 2 * PARTED
    calm = neutral(photo, points)
    assert lip_gap(calm.points) < 0.01
    assert lips(photo, points).min(2).max() > 75, "the photo should show teeth"
    # No tooth: blue never near red.
    seam = lips(calm.photo, calm.points).astype(int)
    assert (seam[..., 2] - seam[..., 0]).min() > 15
    assert calm.teeth.any()


def test_the_smile_goes_but_for_a_rest_and_the_outline_stays() -> None:
    photo, points = laughing()
    before = resting_smile(load_rig(), head_axes(points))
    calm = neutral(photo, points)
    assert before.min() > KEPT_SMILE + 0.1
    # Who laughs more keeps a little more.
    assert (calm.smile > KEPT_SMILE).all()
    assert (calm.smile - KEPT_SMILE < 0.4 * (before - KEPT_SMILE)).all()
    wide = [np.ptp(p[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0]) for p in (points, calm.points)]
    assert wide[1] < 0.95 * wide[0]
    oval = load_rig().oval
    np.testing.assert_array_equal(calm.points[oval], points[oval])
    np.testing.assert_array_equal(calm.points[lm.MESH_POINTS :], points[lm.MESH_POINTS :])


def test_eyes_and_neck_are_left_alone() -> None:
    photo, points = laughing()
    change = np.abs(neutral(photo, points).photo.astype(int) - photo).max(2)
    low = np.zeros_like(change)
    for eye in lm.EYES:
        left, right = np.sort(points[list(eye.corners), 0]).astype(int)
        low[: int(points[eye.lower[3], 1]) - 8, left:right] = 1
    low[int(points[lm.CHIN, 1]) + 45 :] = 1
    assert change[low > 0].max() <= 3 and change.max() > 60


def test_a_broad_smile_brings_the_laugh_back_and_a_slight_one_does_not() -> None:
    photo, points = laughing()
    avatar = fit(photo, points, soft_mask(), name="x", title="X", credit="none")
    geometry = Geometry(avatar, 512)

    def gap(smile: float) -> float:
        face = geometry.deform(geometry.weights(motion(mouthSmile=smile)), 0)
        return lip_gap(face)

    assert abs(gap(0.0)) < 0.01 and abs(gap(0.3)) < 0.01
    assert 0.8 * lip_gap(points) < gap(LAUGH_AT) < 1.2 * lip_gap(points)
    still = Geometry(replace(avatar, laugh=np.zeros_like(avatar.laugh)), 512)
    closed = still.deform(still.weights(motion(mouthSmile=LAUGH_AT)), 0)
    assert abs(lip_gap(closed)) < 0.02


def test_nearly_closed_lips_are_sealed_where_teeth_are_seen() -> None:
    photo, points = sample().portrait, sample().landmarks.copy()
    width = float(np.ptp(points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0]))
    for row, way in ((lm.UPPER_INNER, -1), (lm.LOWER_INNER, 1)):
        points[list(row), 1] += way * (AJAR + PARTED) / 4 * width
    points[list(lm.UPPER_INNER), 1] += lip_gap(sample().landmarks) * width
    assert AJAR < lip_gap(points) < PARTED
    assert neutral(photo, points).photo is photo
    toothy = photo.copy()
    line = np.rint(points[list(lm.UPPER_INNER[2:7]), :2]).astype(int)
    low, high = line.min(0), line.max(0)
    toothy[low[1] : high[1] + 3, low[0] : high[0]] = (205, 212, 215)
    calm = neutral(toothy, points)
    assert lip_gap(calm.points) < 0.01
    assert np.abs(calm.photo.astype(int) - toothy).max() > 50


def test_yellow_teeth_give_the_rig_s_their_colour() -> None:
    photo, points = laughing()

    def light(picture: U8) -> F32:
        return fit(picture, points, soft_mask(), name="x", title="X", credit="none").teeth_light

    teeth = neutral(photo, points).teeth[..., 3] > 0
    yellow = photo.copy()
    yellow[teeth] = np.rint(yellow[teeth] * np.array([0.7, 1, 1])).astype(np.uint8)
    bare, tinted = light(photo), light(yellow)
    assert tinted[0] / tinted[2] < 0.93 * bare[0] / bare[2]


def test_a_laugh_can_be_sealed() -> None:
    photo, points = laughing()
    avatar = fit(photo, points, soft_mask(), name="x", title="X", credit="none")
    geometry = Geometry(avatar, 512)
    face = geometry.deform(geometry.weights(motion(mouthSmile=1, jawOpen=0.3)), 1.0)
    assert abs(lip_gap(face)) < 0.01


def test_an_open_mouth_without_teeth_is_closed_too() -> None:
    photo, points = laughing(jawOpen=0.25, mouthFunnel=1.0)
    calm = neutral(photo, points)
    assert lip_gap(calm.points) < 0.01
    assert np.isfinite(calm.points).all() and np.isfinite(calm.laugh).all()


def test_the_dark_beside_the_corners_of_a_laugh_grows_faint() -> None:
    photo, points = laughing()
    photo = photo.copy()
    ends = points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2]
    width = float(np.linalg.norm(ends[1] - ends[0]))
    for x, y in np.rint(ends + 0.2 * (ends - ends.mean(0))).astype(int):
        cv2.circle(photo, (int(x), int(y)), round(0.05 * width), (70, 80, 120), -1)
    calm = neutral(photo, points)
    shares = []
    for end, side in zip(calm.points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2], (-1, 1), strict=True):
        x, y = np.rint(end + [8 * side, 0]).astype(int)
        row = calm.photo[y, x - 1 : x + 2].max(1)
        shares.append(float(row.mean()) / float(calm.photo[y - 8, x].max()))
    assert np.mean(shares) > 0.85


def test_where_lips_and_skin_meet_little_moves() -> None:
    photo, points = laughing(jawOpen=0.3)
    calm = neutral(photo, points)
    moved = np.linalg.norm((calm.points - points)[:, :2], axis=1)
    for rows in (lm.UPPER_ROWS, lm.LOWER_ROWS):
        inner, outer = moved[list(rows[0][2:7])].mean(), moved[list(rows[3][2:7])].mean()
        assert 0 < outer < 0.75 * inner
