import numpy as np
import pytest

from engines.avatars.matte import (
    face_cover,
    guided,
    guided_colour,
    padded_skin,
    person_alpha,
    smoothstep,
    with_skull,
)
from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import U8
from tests.support.sample_avatar import sample

SIDE = 256
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
PERSON = np.hypot(ROWS - 128, COLUMNS - 128) < 70
ANGLE = np.linspace(0, 2 * np.pi, 36, endpoint=False)
OVAL = (128 + 50 * np.stack([np.cos(ANGLE), np.sin(ANGLE)], 1)).astype(np.float32)


def scene() -> U8:
    """A skin-coloured disc before a blue wall that gets brighter to the right."""
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    photo[..., 0] = 120 + COLUMNS // 4
    photo[PERSON] = (140, 170, 220)
    return photo


def test_smoothstep_is_flat_outside_and_half_in_the_middle() -> None:
    out = smoothstep(np.array([-1, 0, 0.5, 1, 9], np.float32))
    np.testing.assert_allclose(out, [0, 0, 0.5, 1, 1])


def test_guided_smoothing_keeps_edges_of_the_guide() -> None:
    guide = PERSON.astype(np.float32)
    noisy = guide + np.random.default_rng(1).normal(0, 0.2, guide.shape)
    out = guided(guide, noisy.astype(np.float32), 6, 1e-3)
    assert np.abs(out - guide).mean() < 0.5 * np.abs(noisy - guide).mean()


def test_alpha_is_full_inside_and_empty_outside() -> None:
    alpha = person_alpha(scene(), PERSON.astype(np.float32))
    assert alpha[128, 128] == 255 and alpha[5, 5] == 0
    assert (np.abs(alpha.astype(int) - 255 * PERSON) > 60).mean() < 0.03


def test_skin_reaches_past_the_outline_where_wall_was() -> None:
    photo = scene()
    photo[128:, 140:] = (200, 40, 0)  # wall cutting into the face
    alpha = ((photo[..., 2] > 200) * 255).astype(np.uint8)
    out = padded_skin(photo, alpha, OVAL)
    spot = out[150, 145].astype(int)
    assert np.abs(spot - (140, 170, 220)).max() < 60
    np.testing.assert_array_equal(out[:60], photo[:60])
    whole = padded_skin(scene(), np.full((SIDE, SIDE), 255, np.uint8), OVAL)
    np.testing.assert_array_equal(whole, scene())


def test_hair_at_the_edge_of_the_face_is_left_to_the_head() -> None:
    photo = scene()
    photo[100:120, 70:82] = (10, 10, 10)
    cover = face_cover(photo, OVAL, 150)
    assert cover[128, 128] == 255
    assert cover[110, 80] < 128
    photo = scene()
    photo[160:175, 85:95] = (10, 10, 10)  # a beard: below the mouth
    assert face_cover(photo, OVAL, 120)[160:170, 92:95].min() > 200


def test_smoothing_by_colour_sees_edges_that_grey_does_not() -> None:
    guide = np.where(PERSON[..., None], (0.2, 0.5, 0.8), (0.9, 0.5, 0.44)).astype(np.float32)
    mask = PERSON.astype(np.float32)
    noisy = (mask + np.random.default_rng(2).normal(0, 0.2, mask.shape)).astype(np.float32)
    out = guided_colour(guide, noisy, 4, 1e-3)
    assert np.abs(out - mask).mean() < 0.5 * np.abs(noisy - mask).mean()


def test_a_mask_drawn_too_large_is_cut_back_to_the_person() -> None:
    wide = np.hypot(ROWS - 128, COLUMNS - 128) < 73
    alpha = person_alpha(scene(), wide.astype(np.float32))
    ring = wide & (np.hypot(ROWS - 128, COLUMNS - 128) > 71.5)
    assert alpha[ring].mean() < 60


def test_a_picture_on_the_wall_is_not_the_person() -> None:
    mask = PERSON.astype(np.float32)
    mask[20:60, 200:250] = 1
    mask[56:59, 160:200] = 1  # a thread between them
    photo = scene()
    photo[mask > 0] = (140, 170, 220)
    alpha = person_alpha(photo, mask)
    assert alpha[30:50, 210:240].max() == 0 and alpha[128, 128] == 255
    hair = PERSON.astype(np.float32)
    hair[40:90, 128] = 1  # a strand is
    photo = scene()
    photo[40:90, 128] = (140, 170, 220)
    assert person_alpha(photo, hair)[62:90, 128].min() > 60


def test_a_skull_goes_on_above_the_face() -> None:
    points = sample().landmarks
    top, chin = points[lm.FACE_TOP, :2], points[lm.CHIN, :2]
    out = with_skull(np.zeros((512, 512), np.float32), points)
    above, below = top + 0.12 * (top - chin), chin + 0.05 * (chin - top)
    assert out[tuple(np.rint(above[::-1]).astype(int))] > 0.9
    assert out[tuple(np.rint(below[::-1]).astype(int))] == 0
    assert with_skull(np.ones((512, 512), np.float32), points).min() == 1


@pytest.mark.parametrize("yaw_deg", [-25, 25])
def test_a_turned_heads_skull_does_not_lean_aside(yaw_deg: float) -> None:
    points = sample().landmarks
    a, middle = np.radians(yaw_deg), points[:, :3].mean(0)
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]], np.float32)
    turned = ((points - middle) @ turn.T + middle).astype(np.float32)
    out = with_skull(np.zeros((512, 512), np.float32), turned) > 0.5
    face = turned[[*load_rig().oval], 0]
    columns = np.flatnonzero(out.any(0))
    assert columns[0] > face.min() - 4 and columns[-1] < face.max() + 4
