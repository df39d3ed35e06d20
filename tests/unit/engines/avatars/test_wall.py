import numpy as np
import pytest

from engines.avatars.matte import person_alpha
from engines.avatars.wall import background, membrane
from engines.values import U8

SIDE = 256
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
FROM_MIDDLE = np.hypot(ROWS - 128, COLUMNS - 128)
PERSON = FROM_MIDDLE < 70


def scene() -> U8:
    """A skin-coloured disc before a blue wall that gets brighter to the right."""
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    photo[..., 0] = 120 + COLUMNS // 4
    photo[PERSON] = (140, 170, 220)
    return photo


def before(wall: U8) -> tuple[U8, U8]:
    """The disc before another wall, and its matte."""
    photo = np.where(PERSON[..., None], (140, 170, 220), wall).astype(np.uint8)
    return photo, (PERSON * 255).astype(np.uint8)


def test_the_person_disappears_from_the_background() -> None:
    photo = scene()
    alpha = person_alpha(photo, PERSON.astype(np.float32))
    out = background(photo, alpha)
    np.testing.assert_array_equal(out[:30], photo[:30])
    assert out[PERSON][:, 2].mean() < 60  # the red of the skin is gone
    assert abs(int(out[128, 128, 0]) - 152) < 20  # the wall's own blue takes its place


def test_a_hole_is_filled_as_its_rim_says() -> None:
    slope = np.repeat((COLUMNS[..., None] / 2).astype(np.uint8), 3, axis=2)
    filled = membrane(np.where(PERSON[..., None], 255, slope).astype(np.uint8), PERSON)
    np.testing.assert_array_equal(filled[~PERSON], slope[~PERSON])
    assert np.abs(filled[PERSON] - slope[PERSON]).max() < 6


def test_nothing_to_fill_and_nothing_to_fill_from() -> None:
    photo = scene()
    for hole in (np.zeros_like(PERSON), np.ones_like(PERSON)):
        np.testing.assert_array_equal(membrane(photo, hole), photo)


def test_stray_hair_and_a_seam_of_light_are_no_background() -> None:
    photo = scene()
    alpha = person_alpha(photo, PERSON.astype(np.float32))
    photo[54:58, 128] = (140, 170, 220)
    photo[(FROM_MIDDLE > 71) & (FROM_MIDDLE < 73)] += 40
    error = np.abs(background(photo, alpha).astype(int) - scene())[FROM_MIDDLE > 70]
    assert error.max() < 12


def test_a_wall_with_lines_is_left_alone_but_for_a_margin() -> None:
    wall = np.where((COLUMNS // 12 % 2)[..., None] > 0, 200, 60).astype(np.uint8).repeat(3, 2)
    photo, alpha = before(wall)
    out = background(photo, alpha)
    free = FROM_MIDDLE > 70 + 12 / 2 + 1
    np.testing.assert_array_equal(out[free], photo[free])


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    photo = scene()
    out = background(photo, np.full((SIDE, SIDE), value, np.uint8))
    np.testing.assert_array_equal(out, photo)
