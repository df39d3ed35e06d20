import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.lids import Lid
from engines.values import F32, U8
from tests.support.sample_avatar import motion, sample, sample_geometry


def placed(**values: float) -> F32:
    geometry = sample_geometry()
    wanted = motion(**values)
    face = geometry.deform(geometry.weights(wanted), 0)
    return geometry.place(face, geometry.face_follow, geometry.pose(wanted))


def drawn(side: int, **values: float) -> U8:
    picture: U8 = np.full((512, 512, 3), (200, 20, 20), np.uint8)
    Lid(sample_geometry(), lm.EYES[side], sample().portrait).draw(picture, placed(**values), (0, 0))
    return picture


@pytest.mark.parametrize("side", [0, 1])
def test_an_open_eye_is_left_alone(side: int) -> None:
    assert (drawn(side) == (200, 20, 20)).all()
    assert (drawn(side, eyeWide=1) == (200, 20, 20)).all()


@pytest.mark.parametrize("side", [0, 1])
def test_a_closed_lid_is_skin_from_crease_to_edge(side: int) -> None:
    eye, picture, face = lm.EYES[side], drawn(side, eyeBlink=1), placed(eyeBlink=1)
    middle = face[[eye.upper[3], eye.crease[3]], :2]
    x, y = np.rint(0.6 * middle[0] + 0.4 * middle[1]).astype(int)
    skin = picture[y, x].astype(int)
    cheek = sample().portrait[tuple(np.rint(sample().landmarks[50, 1::-1]).astype(int))].astype(int)
    assert skin[2] > skin[0] + 10, "skin is red, the ground was blue"
    assert np.abs(skin - cheek).max() < 90
    rows = np.flatnonzero((picture != (200, 20, 20)).any((1, 2)))
    assert rows.max() < face[list(eye.lower), 1].max() + 9


@pytest.mark.parametrize("side", [0, 1])
def test_lashes_are_the_dark_edge(side: int) -> None:
    eye, picture, face = lm.EYES[side], drawn(side, eyeBlink=1), placed(eyeBlink=1)
    x, y = np.rint(face[eye.upper[3], :2]).astype(int)
    lid = picture[y - 5, x].astype(int).sum()
    edge = min(picture[y + k, x].astype(int).sum() for k in (-1, 0, 1, 2))
    assert edge < 0.8 * lid


def test_a_closed_lid_bulges_and_has_a_crease() -> None:
    eye, face = lm.EYES[1], placed(eyeBlink=1)
    photo = np.full_like(sample().portrait, 150)
    picture = np.full_like(photo, 150)
    Lid(sample_geometry(), eye, photo).draw(picture, face, (0, 0))

    def light(k: int, down: float) -> float:
        """Of the lid at its k-th point, so far from crease to edge."""
        x, y = face[eye.crease[k], :2] + down * (face[eye.upper[k], :2] - face[eye.crease[k], :2])
        return float(picture[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean())

    middle = light(3, 0.5)
    assert middle > light(0, 0.5) + 2 and middle > light(6, 0.5) + 2
    assert middle > light(3, 0.05) + 4


def test_the_share_that_is_shut_follows_the_blink() -> None:
    lid = Lid(sample_geometry(), lm.EYES[1], sample().portrait)
    shut = [lid.closed(placed(eyeBlink=b)) for b in (0.0, 0.25, 0.5, 1.0)]
    assert shut == sorted(shut) and shut[0] == 0 and shut[-1] > 0.9


def test_it_comes_on_without_a_jump() -> None:
    steps = [drawn(0, eyeBlink=b).astype(int) for b in np.linspace(0, 0.3, 13)]
    share = [np.abs(a - b).max(2).mean() for a, b in zip(steps, steps[1:], strict=False)]
    assert max(share) < 4 * (np.mean(share) + 1e-3)


@pytest.mark.parametrize("side", [0, 1])
def test_a_lid_out_of_a_black_socket_is_skin_in_the_shade(side: int) -> None:
    eye, photo = lm.EYES[side], sample().portrait.copy()
    points = sample().landmarks[:, :2]
    around = np.rint(points[[*eye.above, *eye.lower]]).astype(np.int32)
    cv2.fillConvexPoly(photo, cv2.convexHull(around), (12, 12, 12))
    picture: U8 = np.full((512, 512, 3), (200, 20, 20), np.uint8)
    face = placed(eyeBlink=1)
    Lid(sample_geometry(), eye, photo).draw(picture, face, (0, 0))
    x, y = np.rint(0.6 * face[eye.upper[3], :2] + 0.4 * face[eye.crease[3], :2]).astype(int)
    cheek = sample().portrait[tuple(np.rint(points[50, ::-1]).astype(int))].astype(int)
    lid = picture[y, x].astype(int)
    assert 0.4 * cheek.sum() < lid.sum() < cheek.sum()
    assert lid[2] > 1.15 * lid[0]
