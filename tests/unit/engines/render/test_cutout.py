import cv2
import numpy as np
import pytest

from engines.render.cutout import spotless, with_wall
from engines.render.layers import over
from engines.values import U8

PERSON, WALL = (30, 60, 160), (220, 60, 60)


def scene(size: int = 256) -> tuple[U8, U8]:
    """A disc of PERSON with a soft edge before WALL, and its true matte."""
    ys, xs = np.mgrid[:size, :size]
    edge = 0.30 * size - np.hypot(xs - size / 2, ys - size / 2)
    alpha = np.clip(0.5 + edge / (0.04 * size), 0, 1)[..., None]
    photo = np.array(PERSON) * alpha + np.array(WALL) * (1 - alpha)
    return np.rint(photo).astype(np.uint8), np.rint(255 * alpha[..., 0]).astype(np.uint8)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_half_clear_pixels_get_the_persons_own_colour(size: int) -> None:
    photo, alpha = scene(size)
    out = spotless(photo, alpha)
    assert out.shape == (size, size, 4)
    np.testing.assert_array_equal(out[..., 3], alpha)
    wanted = np.array(PERSON) * (alpha[..., None] / 255)
    rim = (alpha > 8) & (alpha < 250)
    error = np.abs(out[..., :3] - wanted)[rim]
    untouched = np.abs(photo * (alpha[..., None] / 255) - wanted)[rim]
    assert error.mean() < 0.2 * untouched.mean()


def test_the_person_is_left_alone_and_the_wall_is_gone() -> None:
    photo, alpha = scene()
    out = spotless(photo, alpha)
    sure = cv2.erode(alpha, np.ones((9, 9), np.uint8)) == 255
    assert np.abs(out[sure][:, :3].astype(int) - photo[sure]).max() <= 2
    assert not out[alpha == 0].any()


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    photo, alpha = scene()
    out = spotless(photo, np.full_like(alpha, value))
    assert np.isfinite(out.astype(float)).all()
    assert (out[..., 3] == value).all()
    if value:
        assert np.abs(out[..., :3].astype(int) - photo).max() <= 2


def before(wall: U8) -> tuple[U8, U8]:
    """A disc of PERSON before a wall, a strand beside it that the matte does not hold."""
    _, alpha = scene(512)
    photo = np.where(alpha[..., None] > 0, PERSON, wall).astype(np.uint8)
    photo[226:286, 422:426] = PERSON
    return photo, alpha


STRAND = np.s_[230:280, 422:426]
PLAIN: U8 = np.full((512, 512, 3), WALL, np.uint8)
STRIPED: U8 = np.where(np.arange(512)[:, None] // 12 % 2, 230, 30).astype(np.uint8).repeat(3, 1)
STRIPED = np.ascontiguousarray(np.broadcast_to(STRIPED[None], (512, 512, 3)))


@pytest.mark.parametrize("wall", [PLAIN, STRIPED], ids=["plain", "striped"])
def test_person_and_wall_together_are_the_photo(wall: U8) -> None:
    photo, alpha = before(wall)
    person, behind = with_wall(photo, alpha, wall)
    assert np.abs(over(person, behind).astype(int) - photo).max() <= 2
    assert (person[alpha > 20][:, 3] == 255).all()


def test_before_a_plain_wall_a_strand_beside_the_person_is_carried_along() -> None:
    photo, alpha = before(PLAIN)
    person, behind = with_wall(photo, alpha, PLAIN)
    assert (person[STRAND][..., 3] > 250).all()
    assert np.abs(behind[STRAND].astype(int) - WALL).max() <= 2


def test_before_a_busy_wall_next_to_nothing_of_it_is_carried_along() -> None:
    photo, alpha = before(STRIPED)
    person, behind = with_wall(photo, alpha, STRIPED)
    away = cv2.distanceTransform((alpha <= 20).astype(np.uint8), cv2.DIST_L2, 5)
    assert not person[away > 10].any()
    np.testing.assert_array_equal(behind[away > 6], photo[away > 6])
