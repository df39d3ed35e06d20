from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.geometry import (
    LAID_OFF,
    PITCH_LIMIT,
    ROLL_LIMIT,
    YAW_LIMIT,
    Geometry,
    soft_limit,
)
from engines.values import F32, MOTION_INDEX
from tests.support.sample_avatar import motion, sample, sample_geometry

NOSE, UPPER, LOWER = 1, 13, 14


def placed(values: F32, seal: float = 0.0) -> F32:
    geometry = sample_geometry()
    face = geometry.deform(geometry.weights(values), seal)
    return geometry.place(face, geometry.face_follow, geometry.pose(values))


def rest() -> F32:
    return placed(motion())


def test_at_rest_every_point_is_where_the_photo_has_it() -> None:
    np.testing.assert_allclose(rest()[:, :2], sample().landmarks[:468, :2], atol=1e-3)


@settings(deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 1))
def test_a_soft_limit_is_odd_monotonic_and_never_passed(value: float, limit: float) -> None:
    out = soft_limit(value, limit)
    assert abs(out) <= limit * 1.0001
    assert soft_limit(-value, limit) == -out
    assert soft_limit(value + 0.01, limit) >= out - 1e-6
    if abs(value) < 0.65 * limit:
        assert out == pytest.approx(value, abs=1e-5)


def test_who_frowns_lays_off_the_smile_of_the_photo() -> None:
    def corner(smiling: float, **values: float) -> float:
        avatar = replace(sample(), smile=np.full(2, smiling, np.float32))
        geometry = Geometry(avatar, avatar.size)
        face = geometry.deform(geometry.weights(motion(**values)), 0.0)
        return float(face[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 1].mean())

    frown = {"mouthFrownLeft": LAID_OFF, "mouthFrownRight": LAID_OFF}
    smile = corner(0.0, mouthSmileLeft=1.0, mouthSmileRight=1.0) - corner(0.0)
    assert corner(0.4) == corner(0.0)
    assert corner(0.0, **frown) - corner(0.4, **frown) == pytest.approx(0.4 * smile, rel=0.02)


def test_signs_of_the_pose() -> None:
    still = rest()
    turn = placed(motion(headYaw=0.15)) - still
    assert turn[NOSE, 0] - turn[lm.FACE_LEFT, 0] > 5  # to the person's left: picture right
    nod = placed(motion(headPitch=0.12)) - still
    assert nod[NOSE, 1] > 3  # down the picture
    tilt = placed(motion(headRoll=0.1)) - still
    assert tilt[lm.FACE_TOP, 0] > 3 and tilt[lm.FACE_TOP, 0] > tilt[lm.CHIN, 0]
    width = sample_geometry().face_width
    moved = placed(motion(headX=0.05, headY=0.02)) - still
    assert moved[NOSE, 0] == pytest.approx(0.05 * width, rel=0.15)
    assert moved[NOSE, 1] == pytest.approx(0.02 * width, rel=0.15)
    near = placed(motion(headZ=0.08))
    assert np.ptp(near[:, 0]) > np.ptp(still[:, 0])


def test_wild_poses_are_held_at_the_limits() -> None:
    rotation = sample_geometry().pose(motion(headYaw=9, headPitch=-9, headRoll=9)).rotation
    angle = np.arccos((np.trace(rotation) - 1) / 2)
    assert angle < YAW_LIMIT + PITCH_LIMIT + ROLL_LIMIT
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)


def test_blendshapes_are_clipped() -> None:
    weights = sample_geometry().weights(motion(jawOpen=7, browDown=-3))
    assert weights.min() >= 0 and weights.max() <= 1


def test_the_jaw_opens_the_lips_and_the_seal_shuts_them() -> None:
    def gap(values: F32, seal: float) -> float:
        face = placed(values, seal)
        return float(face[LOWER, 1] - face[UPPER, 1])

    closed = gap(motion(), 0)
    assert gap(motion(jawOpen=0.4), 0) > closed + 8
    # Sealed is sealed, even where the photo's own lips are a hair apart.
    assert gap(motion(jawOpen=0.4), 1) == pytest.approx(min(closed, 0), abs=0.3)
    assert gap(motion(), 1) == pytest.approx(min(closed, 0), abs=0.3)
    assert closed < gap(motion(jawOpen=0.4), 0.5) < gap(motion(jawOpen=0.4), 0)


def test_a_rolled_lower_lip_comes_up_to_the_upper_teeth() -> None:
    width = sample_geometry().mouth_width
    rest = placed(motion())

    def gap(**values: float) -> float:
        face = placed(motion(**values))
        return float(face[LOWER, 1] - face[UPPER, 1] - rest[LOWER, 1] + rest[UPPER, 1]) / width

    lifted = {"jawOpen": 0.12, "mouthUpperUp": 0.35}
    assert gap(**lifted) > 0.1
    assert 0.04 < gap(**lifted, mouthRollLower=0.45) < 0.09
    # It comes on without a jump, and never parts closed lips.
    steps = [gap(**lifted, mouthRollLower=k / 40) for k in range(21)]
    assert np.abs(np.diff(steps)).max() < 0.03
    assert abs(gap(mouthRollLower=1)) < 0.02


def test_the_upper_lip_stays_at_its_teeth_when_the_jaw_drops() -> None:
    rest, wide = placed(motion()), placed(motion(jawOpen=1))
    width = sample_geometry().mouth_width
    assert abs(wide[UPPER, 1] - rest[UPPER, 1]) < 0.04 * width
    assert wide[LOWER, 1] - rest[LOWER, 1] > 0.35 * width


def test_brows_rise_less_than_the_rig_s() -> None:
    raised = sample_geometry().weights(motion(browInnerUp=1, browOuterUp=1))
    assert 0.5 < raised.max() < 0.9 and np.count_nonzero(raised) == 3


def test_a_frown_is_eased_toward_its_end() -> None:
    geometry, index = sample_geometry(), MOTION_INDEX["mouthFrownLeft"]
    levels = np.linspace(0, 1, 21)
    seen = [geometry.weights(motion(mouthFrownLeft=float(v)))[index] for v in levels]
    np.testing.assert_allclose(seen[:11], levels[:11], atol=1e-6)
    assert seen[-1] == pytest.approx(0.8) and (np.diff(seen) > 0).all()


def test_the_more_a_smiler_frowns_the_lower_the_corners_of_the_mouth() -> None:
    geometry = Geometry(replace(sample(), smile=np.full(2, 0.6, np.float32)), 512)
    corners = [
        geometry.deform(
            geometry.weights(motion(mouthFrownLeft=float(v), mouthFrownRight=float(v))), 0
        )[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 1].mean()
        for v in np.linspace(0, 1, 21)
    ]
    assert (np.diff(corners) <= 0.02 * (corners[0] - corners[-1])).all()


def test_a_lip_thrust_out_does_not_fold_the_skin_below_it() -> None:
    geometry = sample_geometry()
    wanted = motion(jawOpen=0.3, mouthFunnel=1, mouthPucker=1)
    face = geometry.deform(geometry.weights(wanted), 0)
    lip, under = [181, 84, 17, 314, 405], [182, 83, 18, 313, 406]
    rest = geometry.face[lip, 1] - geometry.face[under, 1]
    assert (face[lip, 1] - face[under, 1] > 0.25 * rest).all()


@given(st.lists(st.floats(0, 1), min_size=52, max_size=52))
def test_lips_never_pass_through_each_other_far(values: list[float]) -> None:
    weights = np.array(values, np.float32)
    face = sample_geometry().deform(weights, 0.0)
    gaps = face[list(lm.UPPER_INNER), 1] - face[list(lm.LOWER_INNER), 1]
    assert gaps.min() > -0.12 * sample_geometry().mouth_width


def test_a_blink_brings_the_lids_together() -> None:
    for eye in lm.EYES:

        def opening(values: F32, eye: lm.Eye = eye) -> float:
            face = placed(values)
            return float((face[list(eye.lower), 1] - face[list(eye.upper), 1]).mean())

        shut = opening(motion(eyeBlink=1))
        assert opening(motion()) > 5 and shut < 0.8
        assert opening(motion(eyeBlink=0.5)) == pytest.approx(opening(motion()) / 2, rel=0.25)


def test_hair_follows_the_head_and_shoulders_stay() -> None:
    geometry = sample_geometry()
    top = geometry.points[lm.FACE_TOP] + np.array([0, 40, 0], np.float32)
    low = geometry.points[lm.CHIN] - np.array([0, geometry.face_width, 0], np.float32)
    far = geometry.points[lm.CHIN] + np.array([1.3 * geometry.face_width, 0, 0], np.float32)
    follow = geometry.follow(np.stack([top, low, far]))
    assert follow[0] == 1 and follow[1] == 0 and follow[2] < 0.2


def test_what_is_far_beside_the_head_hardly_follows() -> None:
    geometry = sample_geometry()
    step = np.array([geometry.face_width, 0, 0], np.float32)
    beside = [geometry.points[lm.FACE_TOP] + k * step for k in (0.5, 0.7, 0.9, 1.1, 1.3)]
    follow = geometry.follow(np.stack(beside).astype(np.float32))
    assert follow[0] == 1 and (np.diff(follow) <= 0).all() and follow[-1] < 0.2


def turned_photo(degrees: float) -> Geometry:
    """The sample as if photographed with its head turned toward the picture's right."""
    points = sample().landmarks.copy()
    turn = np.deg2rad(degrees)
    x, z = points[:, 0] - 256, points[:, 2].copy()
    points[:, 0] = 256 + np.cos(turn) * x - np.sin(turn) * z
    points[:, 2] = np.sin(turn) * x + np.cos(turn) * z
    return Geometry(replace(sample(), landmarks=points.astype(np.float32)), 512)


@pytest.mark.parametrize(("own", "right", "left"), [(0, 15, 15), (12, 8, 15), (-12, 15, 8)])
def test_a_turned_photo_turns_less_to_that_side(own: float, right: float, left: float) -> None:
    geometry = turned_photo(own)
    for sign, wanted in ((1, right), (-1, left)):
        rotation = geometry.pose(motion(headYaw=sign * 3)).rotation
        seen = np.degrees(np.arctan2(rotation[0, 2], rotation[2, 2]))
        assert abs(seen) == pytest.approx(wanted, abs=4)
        assert np.sign(seen) == sign


def test_depth_falls_gently_toward_the_outline_and_is_left_alone_inside() -> None:
    geometry = sample_geometry()
    given_depth = -sample().landmarks[:468, 2]
    raised = geometry.face[:, 2] - given_depth
    assert raised.min() >= -1e-3 and raised.max() > 5
    inner = [1, 4, 13, 14, 168, *lm.EYES[0].upper, *lm.EYES[1].lower]
    assert np.abs(raised[inner]).max() < 3


def test_no_slope_of_the_face_is_so_steep_that_a_turn_hides_it() -> None:
    face = sample_geometry().face
    apart = np.linalg.norm((face[:, None] - face[None])[..., :2], axis=2)
    fall = np.abs(face[:, None, 2] - face[None, :, 2])
    assert (fall <= 2.2 * apart + 0.01).all()


BROW, ABOVE, CREASE = 282, 443, 257
"""Middle of the picture's right eye, downward."""


def stretched(geometry: Geometry, **shapes: float) -> tuple[float, float]:
    """How much taller skin gets between brow and the row above the crease, and below that row."""
    values = motion(**shapes)
    still, moved = geometry.face[:, 1], geometry.deform(geometry.weights(values), 0)[:, 1]
    parts = [
        float((moved[b] - moved[a]) / (still[b] - still[a]))
        for a, b in ((BROW, ABOVE), (ABOVE, CREASE))
    ]
    return parts[0], parts[1]


def painted(value: int) -> Geometry:
    """The sample with the strip below its brows painted."""
    photo = sample().portrait.copy()
    places = sample().landmarks[[276, 283, 282, 295, 285, 413, 441, 442, 443, 444, 445], :2]
    cv2.fillPoly(photo, [np.rint(places).astype(np.int32)], (value, value, value))
    return Geometry(replace(sample(), portrait=photo), 512)


def test_what_is_dark_below_a_raised_brow_keeps_its_height() -> None:
    dark, _ = stretched(painted(10), browOuterUpLeft=1)
    light, _ = stretched(painted(240), browOuterUpLeft=1)
    assert dark < 1.2 and light > dark + 0.2


def test_shut_lids_meet_in_an_even_bow() -> None:
    for eye in lm.EYES:
        line = placed(motion(eyeBlink=1))[[eye.corners[0], *eye.upper, eye.corners[1]], :2]
        t = (line[:, 0] - line[0, 0]) / (line[-1, 0] - line[0, 0])
        bow = line[:, 1] - np.polyval(np.polyfit(t, line[:, 1], 2), t)
        assert np.abs(bow).max() < 0.012 * sample_geometry().face_width


def test_f_shows_teeth_in_the_middle_and_a_narrower_mouth() -> None:
    def gap(face: F32, k: int) -> float:
        return float(face[lm.LOWER_INNER[k], 1] - face[lm.UPPER_INNER[k], 1])

    still, spoken = rest(), placed(motion(jawOpen=0.12, mouthRollLower=0.45, mouthUpperUp=0.35))
    middle, side = (gap(spoken, k) - gap(still, k) for k in (4, 1))
    assert middle > 0.05 * sample_geometry().mouth_width and side < 0.4 * middle
    ends = [np.ptp(face[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0]) for face in (still, spoken)]
    assert ends[1] < 0.97 * ends[0]
