import numpy as np
import pytest

from engines.avatars.glasses import glasses, lines, pinned
from engines.avatars.store import default_store
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import MOTION_INDEX, U8
from tests.support.sample_avatar import sample

NAMES = default_store().names()


def framed(colour: tuple[int, int, int], thick: int) -> U8:
    """The sample with a frame drawn on: two rims, a bridge, two arms."""
    photo, points = sample().portrait.copy(), sample().landmarks
    eyes = [points[list(eye.corners), :2].mean(0) for eye in lm.EYES]
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    wide, high = 0.4 * apart, 0.31 * apart
    rims = []
    for centre, side in zip(eyes, (-1, 1), strict=True):
        x, y = centre + [0, 0.06 * apart]
        cv2.ellipse(
            photo, (round(x), round(y)), (round(wide), round(high)), 0, 0, 360, colour, thick, 16
        )
        rims.append((x - side * wide, y - 0.1 * high))
        start = (round(x + side * wide), round(y - 0.3 * high))
        cv2.line(photo, start, (round(x + side * 1.9 * wide), start[1]), colour, thick, 16)
    a, b = (tuple(round(v) for v in rim) for rim in rims)
    cv2.line(photo, a, b, colour, thick, 16)
    out: U8 = photo
    return out


@pytest.mark.parametrize("name", NAMES)
def test_bare_faces_wear_none(name: str) -> None:
    avatar = default_store().load(name)
    assert glasses(avatar.portrait, avatar.landmarks) < 0.3


@pytest.mark.parametrize(("colour", "thick"), [((25, 25, 25), 3), ((30, 50, 90), 4)])
def test_drawn_frames_are_seen(colour: tuple[int, int, int], thick: int) -> None:
    assert glasses(framed(colour, thick), sample().landmarks) > 0.7


def test_size_and_tilt_do_not_matter() -> None:
    photo, points = framed((25, 25, 25), 3), sample().landmarks
    turn = cv2.getRotationMatrix2D((256, 256), 12, 1.6)
    turned = cv2.warpAffine(photo, turn, (700, 700), flags=cv2.INTER_CUBIC)
    moved = points.copy()
    moved[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert np.abs(lines(turned, moved) - lines(photo, points)).max() < 0.5


def test_a_flat_picture_is_no_error() -> None:
    flat = np.full((512, 512, 3), 90, np.uint8)
    assert glasses(flat, sample().landmarks) == 0


def test_a_frame_holds_brows_and_cheeks_but_not_lips_or_lids() -> None:
    points, deltas = sample().landmarks, sample().deltas
    assert pinned(deltas, points, 0.0) is deltas
    held = pinned(deltas, points, 1.0)
    brow, jaw = MOTION_INDEX["browDownLeft"], MOTION_INDEX["jawOpen"]
    squint, smile = MOTION_INDEX["eyeSquintLeft"], MOTION_INDEX["mouthSmileLeft"]
    under = lm.EYES[1].crease[3]
    assert np.linalg.norm(held[brow, under]) < 0.2 * np.linalg.norm(deltas[brow, under]) + 1e-6
    np.testing.assert_array_equal(held[jaw], deltas[jaw])
    np.testing.assert_array_equal(held[squint], deltas[squint])
    np.testing.assert_array_equal(held[smile, lm.MOUTH_LEFT], deltas[smile, lm.MOUTH_LEFT])
    half = pinned(deltas, points, 0.5)
    assert (np.abs(half[brow]) + 1e-6 >= np.abs(held[brow])).all()
