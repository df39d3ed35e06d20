import numpy as np
import pytest

from engines.render.groove import Groove
from engines.values import F32

LIP = [91, 181, 84, 17, 314, 405, 321]
UNDER = [43, 106, 182, 83, 18, 313, 406, 335, 273]
CHIN = [202, 204, 194, 201, 200, 421, 418, 424, 422]
LOW = [210, 211, 32, 208, 199, 428, 262, 431, 430]


def a_face(lip: float = 10, under: float = 0, chin: float = -15, low: float = -30) -> F32:
    """Rows at these heights, head axes."""
    face = np.zeros((468, 3), np.float32)
    for row, height in ((LIP, lip), (UNDER, under), (CHIN, chin), (LOW, low)):
        face[row, 1] = height
    return face


def heights(face: F32) -> list[F32]:
    """Of the strips between the rows, top to bottom."""
    pairs = ((LIP, UNDER[1:-1]), (UNDER, CHIN), (CHIN, LOW))
    return [face[upper, 1] - face[lower, 1] for upper, lower in pairs]


@pytest.mark.parametrize("lip", [10.0, 9.0, 30.0])
def test_skin_that_has_room_is_left_alone(lip: float) -> None:
    face = a_face(lip)
    Groove(a_face()).keep(face)
    np.testing.assert_allclose(face, a_face(lip), atol=1e-5)


@pytest.mark.parametrize("lip", [6.0, 2.0, 0.0, -5.0, -9.0])
def test_a_lip_thrust_over_its_chin_keeps_some_skin_below_it(lip: float) -> None:
    face = a_face(lip)
    Groove(a_face()).keep(face)
    groove, chin, low = heights(face)
    assert (groove >= 4.4).all() and (groove < 7).all() and (groove > lip).all()
    assert (chin > 0.5 * 15).all() and (low > 0.8 * 15).all()


@pytest.mark.parametrize("under", [-10.0, -16.0, -24.0])
def test_what_a_jaw_draws_down_pushes_the_chin_on(under: float) -> None:
    face = a_face(lip=under + 10, under=under)
    Groove(a_face()).keep(face)
    assert all(
        (strip >= 0.44 * own).all() for strip, own in zip(heights(face), (10, 15, 15), strict=True)
    )
    np.testing.assert_array_equal(face[LIP, 1], a_face(lip=under + 10)[LIP, 1])


def test_the_further_the_lip_the_lower_the_groove_without_a_jump() -> None:
    seen = []
    for lip in np.linspace(12, -10, 200):
        face = a_face(float(lip))
        Groove(a_face()).keep(face)
        seen.append(heights(face)[0][0])
    steps = np.diff(seen)
    assert (steps < 1e-4).all() and steps.min() > -0.2


def test_only_the_places_that_need_it_move() -> None:
    face = a_face()
    face[17, 1] = -3
    was = face.copy()
    Groove(a_face()).keep(face)
    assert set(np.flatnonzero((face != was).any(1))) == {17, 18, 200}
    np.testing.assert_array_equal(face[:, [0, 2]], was[:, [0, 2]])


def test_landmarks_that_overlap_at_rest_are_left_alone() -> None:
    rest, face = a_face(lip=-2), a_face(lip=-6)
    Groove(rest).keep(face)
    np.testing.assert_array_equal(face, a_face(lip=-6))
