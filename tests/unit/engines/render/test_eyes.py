import numpy as np
import pytest

from engines.avatars.eye_texture import lid_mask
from engines.render import landmarks as lm
from engines.render.eyes import Eyeball, Eyes
from engines.values import U8
from tests.support.sample_avatar import motion, sample, sample_geometry

RIGHT, LEFT = 0, 1  # of the person: picture left, picture right


def eyeball(side: int) -> Eyeball:
    return Eyeball(sample_geometry(), lm.EYES[side], sample().portrait)


def drawn(side: int, base: U8, **values: float) -> U8:
    geometry = sample_geometry()
    weights = geometry.weights(motion(**values))
    face = geometry.deform(weights, 0)
    placed = geometry.place(face, geometry.face_follow, geometry.pose(motion(**values)))
    picture = base.copy()
    eyes = Eyes(geometry, sample().portrait, sample().eyes, [lm.EYES[side]])
    eyes.draw(picture, placed, weights)
    return picture


def test_at_rest_the_photo_is_painted_over_itself() -> None:
    photo = sample().portrait
    for side in (RIGHT, LEFT):
        assert np.abs(drawn(side, photo).astype(int) - photo).max() <= 1


@pytest.mark.parametrize("side", [RIGHT, LEFT])
def test_looks_go_the_way_of_the_person(side: int) -> None:
    geometry, eye = sample_geometry(), eyeball(side)
    name = lm.EYES[side].person_side
    other = "In" if name == "Right" else "Out"
    to_left = eye.gaze(geometry.weights(motion(**{f"eyeLook{other}{name}": 1})))
    assert to_left[0] > 2 and to_left[1] == 0  # to the person's left: picture right
    assert eye.gaze(geometry.weights(motion(**{f"eyeLookUp{name}": 1})))[1] < -1
    assert eye.gaze(geometry.weights(motion(**{f"eyeLookDown{name}": 1})))[1] > 1


def test_a_look_moves_the_dark_of_the_eye() -> None:
    points = sample().landmarks
    centre = points[lm.EYES[LEFT].iris[0], :2]
    box = np.s_[int(centre[1]) - 4 : int(centre[1]) + 4, int(centre[0]) - 14 : int(centre[0]) + 14]

    def darkness(picture: U8) -> float:
        dark = 255.0 - picture[box].mean(2)
        dark = np.maximum(dark - np.median(dark), 0)
        return float((dark.sum(0) * np.arange(dark.shape[1])).sum() / dark.sum())

    photo = sample().portrait
    right = drawn(LEFT, photo, eyeLookInLeft=0.9)
    left = drawn(LEFT, photo, eyeLookOutLeft=0.9)
    assert darkness(left) > darkness(right) + 3


def test_a_small_look_does_not_jump() -> None:
    photo = sample().portrait
    still, little = drawn(LEFT, photo), drawn(LEFT, photo, eyeLookOutLeft=0.01)
    assert np.abs(still.astype(int) - little).max() < 12


@pytest.mark.parametrize("side", [RIGHT, LEFT])
def test_closed_lids_hide_the_eyeball(side: int) -> None:
    photo = sample().portrait.copy()
    eye = lm.EYES[side]
    # An eye as no lid is: green. None of it may be left when the lids are shut.
    photo[lid_mask(sample().landmarks, eye, photo.shape[:2]) > 250] = (0, 255, 0)
    geometry = sample_geometry()
    wanted = motion(eyeBlink=1)
    weights = geometry.weights(wanted)
    face = geometry.deform(weights, 0)
    placed = geometry.place(face, geometry.face_follow, geometry.pose(wanted))
    picture = sample().portrait.copy()
    Eyes(geometry, photo, photo, [eye]).draw(picture, placed, weights)
    seen = picture.astype(int)
    assert not (seen[..., 1] - np.maximum(seen[..., 0], seen[..., 2]) > 20).any()


@pytest.mark.parametrize("blink", [0, 0.9, 1])
def test_both_eyes_are_painted_as_each_alone(blink: float) -> None:
    geometry = sample_geometry()
    values = motion(
        eyeBlinkLeft=blink, eyeLookOutRight=0.6, eyeLookInLeft=0.02, headYaw=0.2, headRoll=0.1
    )
    weights = geometry.weights(values)
    placed = geometry.place(
        geometry.deform(weights, 0), geometry.face_follow, geometry.pose(values)
    )
    photo, texture = sample().portrait, sample().eyes
    together, in_turn = photo.copy(), photo.copy()
    Eyes(geometry, photo, texture).draw(together, placed, weights)
    for eye in lm.EYES:
        Eyes(geometry, photo, texture, [eye]).draw(in_turn, placed, weights)
    assert np.abs(together.astype(int) - in_turn).max() <= 1
    assert (together != photo).any()
