import numpy as np

from engines.avatars.eye_texture import complete_eyes, iris_radius, lid_mask
from engines.render import landmarks as lm
from tests.support.sample_avatar import sample

POINTS = sample().landmarks


def test_only_the_surroundings_of_the_irises_change() -> None:
    photo = sample().portrait
    done = complete_eyes(photo, POINTS)
    changed = (done != photo).any(2)
    ys, xs = np.nonzero(changed)
    reach = [
        np.hypot(xs - POINTS[eye.iris[0], 0], ys - POINTS[eye.iris[0], 1])
        / iris_radius(POINTS, eye)
        for eye in lm.EYES
    ]
    assert changed.any() and np.min(reach, 0).max() < 4


def test_the_middle_of_the_eye_is_the_photo() -> None:
    done = complete_eyes(sample().portrait, POINTS)
    for eye in lm.EYES:
        x, y = np.rint(POINTS[eye.iris[0], :2]).astype(int)
        np.testing.assert_array_equal(done[y, x], sample().portrait[y, x])


def test_lids_are_replaced_by_eye() -> None:
    photo = sample().portrait
    done = complete_eyes(photo, POINTS)
    for eye in lm.EYES:
        x, y = POINTS[eye.iris[0], :2]
        radius = iris_radius(POINTS, eye)
        above = round(float(y - 1.6 * radius)), round(float(x))
        # Beyond the iris: white of the eye, lighter than the upper lashes and without skin's red.
        blue, _, red = done[above].astype(int)
        skin_blue, _, skin_red = photo[round(float(y + 4 * radius)), round(float(x))].astype(int)
        assert red - blue < 0.6 * (skin_red - skin_blue)


def test_a_lid_mask_is_inside_the_lids() -> None:
    eye = lm.EYES[0]
    mask = lid_mask(POINTS, eye, (512, 512))
    ys, xs = np.nonzero(mask)
    a, b = POINTS[list(eye.corners), 0]
    assert min(a, b) - 2 <= xs.min() and xs.max() <= max(a, b) + 2
    assert 20 < len(xs) < 2000
