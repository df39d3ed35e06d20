import cv2
import numpy as np
import pytest

from engines.render.cutout import spotless, with_hair
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


def with_a_hair(wall: U8, colour: tuple[int, int, int]) -> tuple[U8, U8]:
    """A disc before a wall, a strand of `colour` beside it that the matte does not hold."""
    photo, alpha = scene()
    share = alpha[..., None] / 255
    photo = np.rint(np.array(PERSON) * share + wall * (1 - share)).astype(np.uint8)
    photo[100:140, 214:216] = colour
    return photo, alpha


@pytest.mark.parametrize(
    ("colour", "taken"),
    [(PERSON, True), ((100, 60, 120), True), ((255, 160, 20), False)],
    ids=["hair", "thin hair", "no colour on the way to the person's"],
)
def test_stray_hair_before_a_plain_wall_is_the_persons(
    colour: tuple[int, int, int], taken: bool
) -> None:
    wall = np.full((256, 256, 3), WALL, np.uint8)
    photo, alpha = with_a_hair(wall, colour)
    person = spotless(photo, alpha)
    out = with_hair(person, photo, wall)
    cover = out[105:135, 214:216, 3]
    assert (cover > 60).all() if taken else (cover < 30).all()
    if taken:
        error = np.abs(over(out, wall).astype(int) - photo)[105:135, 214:216]
        assert error.max() <= 25 and error.mean() < 8
    np.testing.assert_array_equal(out[alpha > 128], person[alpha > 128])
    assert not out[:60, :60].any()


def striped() -> U8:
    stripes = np.where(np.arange(256) // 6 % 2, 230, 30).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(stripes[None, :, None], (256, 256, 3)))


def test_before_a_rough_wall_nothing_is_taken_for_hair() -> None:
    wall = striped()
    photo, alpha = with_a_hair(wall, PERSON)
    out = with_hair(spotless(photo, alpha), photo, wall)
    assert not out[100:140, 212:218, 3].any()


def test_what_the_matte_half_sees_is_whole_before_any_wall() -> None:
    wall = striped()
    photo, alpha = with_a_hair(wall, PERSON)
    alpha[100:140, 214:216] = 90  # an earring, to a net that is not sure
    out = with_hair(spotless(photo, alpha), photo, wall)
    error = np.abs(over(out, wall).astype(int) - photo)[105:135, 214:216]
    assert (out[105:135, 214:216, 3] > 120).all() and error.mean() < 20
