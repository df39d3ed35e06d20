import numpy as np
import pytest

from export.gallery import tone
from export.gallery.arrays import F32, F64, f32
from tests.unit.export.gallery.faces import face

SIZE = 200
SKIN = f32([65.0, 14.0, 18.0])
CREAM = f32([80.0, 2.0, 10.0])
HAIR = f32([12.0, 2.0, 3.0])


@pytest.fixture
def points() -> F64:
    return face()[:, :2]


def filled(colour: F32) -> F32:
    lab = np.empty((SIZE, SIZE, 3), np.float32)
    lab[:] = colour
    return lab


def test_match_skin_moves_skin_and_leaves_hair() -> None:
    lab = filled(SKIN + f32([6, -4, 5]))
    lab[:, :80] = HAIR
    moved = tone.match_skin(lab, SKIN + f32([6, -4, 5]), SKIN, 0.6)
    assert np.abs(moved[100, 150] - SKIN).max() < 1
    assert np.abs(moved[100, 20] - HAIR).max() < 1


def test_even_rim_presses_glare_beside_the_face_only(points: F64) -> None:
    lab = filled(SKIN + f32([14, 0, 0]))
    evened = tone.even_rim(lab, points, SKIN)
    beside = evened[100, 48, 0]  # just outside the oval
    assert beside < lab[100, 48, 0] - 4
    assert abs(evened[100, 5, 0] - lab[100, 5, 0]) < 0.5  # far away


def test_even_rim_lifts_shade_on_the_forehead_but_not_at_the_jaw(points: F64) -> None:
    lab = filled(SKIN * f32([0.8, 0.86, 0.86]))
    lifted = tone.even_rim(lab, points, SKIN)[..., 0] - lab[..., 0]
    assert lifted[31, 100] > 2
    assert abs(lifted[168, 100]) < 0.3


def test_match_neck_takes_the_neck_to_the_face_tone(points: F64) -> None:
    lab = filled(SKIN + f32([-15, 3, 6]))
    moved = tone.match_neck(lab, points, SKIN, 1.0)
    goal = SKIN * f32([0.9, 0.95, 0.95])
    assert np.abs(moved[180, 100] - goal).max() < np.abs(lab[180, 100] - goal).max() * 0.6
    blue = filled(f32([40, 0, -30]))
    assert tone.match_neck(blue, points, SKIN, 1.0) is blue  # no neck to be seen


def test_cloth_is_told_from_skin_as_light_as_itself(points: F64) -> None:
    lab = filled(CREAM)
    lab[:185, 80:120] = SKIN
    found = tone.cloth(lab, SKIN, points)
    assert found[195, 20] == 1 and found[180, 20] > 0.9
    assert found[180, 100] < 0.05 and found[60, 20] == 0  # nothing above the shoulders


def test_a_collar_stands_beside_the_neck_where_it_is_asked_for(points: F64) -> None:
    lab = filled(CREAM)
    low, high = (tone.cloth(lab, SKIN, points, c)[150, 55] for c in (0.0, 0.5))
    assert low < 0.05 and high > 0.9
    assert tone.cloth(lab, SKIN, points, 0.5)[150, 100] < 0.05  # not on the chin


def test_matt_takes_shine_and_glare_off_and_leaves_skin() -> None:
    lab = filled(SKIN)
    lab[60:100, 60:100] += f32([25, -8, -10])
    lab[150:160, 20:30, 0] += 3
    dull = tone.matt(lab, SKIN)
    assert dull[80, 80, 0] < SKIN[0] + 10 and abs(dull[80, 80, 1] - SKIN[1]) < 2
    assert np.abs(dull[155, 25] - lab[155, 25]).max() < 0.1


def test_matt_rim_spares_light_hair() -> None:
    lab = filled(SKIN)
    lab[60:80, 60:80] = SKIN + f32([25, -8, -10])
    lab[:, 120:] = (88, 1, 3)
    dull = tone.matt_rim(lab, SKIN)
    assert dull[70, 70, 0] < lab[70, 70, 0] - 12
    assert np.abs(dull[100, 170] - lab[100, 170]).max() < 0.5


def test_even_cloth_removes_a_patch_of_sun_and_keeps_threads(points: F64) -> None:
    lab = filled(CREAM)
    lab[:, ::2, 0] += 1.0
    lab[:, 150:, 0] += 12.0
    evened = tone.even_cloth(lab, points, 1.0)
    assert abs(evened[195, 170:190, 0].mean() - evened[195, 40:60, 0].mean()) < 3
    assert abs((evened[195, 60, 0] - evened[195, 61, 0]) - 1) < 0.2
    assert np.array_equal(tone.even_cloth(lab, points, 0.0), lab)


def test_jaw_shadow_falls_under_the_chin_and_fades(points: F64) -> None:
    lab = filled(SKIN)
    drop = lab[..., 0] - tone.jaw_shadow(lab, points, 0.2)[..., 0]
    assert drop[168, 100] > 2 * drop[185, 100]
    assert np.array_equal(tone.jaw_shadow(lab, points, 0.0), lab)


def test_eye_light_lifts_the_iris_and_leaves_pupil_and_white(points: F64) -> None:
    lab = filled(f32([25, 4, 8]))
    lab[:, 130:] = (85, 0, 2)  # white of the eye from here on
    lift = tone.eye_light(lab, points, 8.0)[..., 0] - lab[..., 0]
    assert lift[91, 76] > 2
    assert lift[88, 76] < 0.2 and lift[88, 140] == 0 and lift[10, 10] == 0
