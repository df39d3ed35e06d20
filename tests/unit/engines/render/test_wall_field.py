import numpy as np
import pytest

from engines.render.head import CELL, HeadField
from engines.render.rig import load_rig
from engines.render.wall_field import WallField
from engines.values import F32, U8
from tests.support.sample_avatar import motion, sample, sample_geometry

SIDE, SPACING = 52, 10.0
AXIS = np.arange(SIDE, dtype=np.float32) * SPACING
NODES = np.stack([part.ravel() for part in np.meshgrid(AXIS, AXIS)], 1)
MATTE = np.zeros((512, 512), np.uint8)
MATTE[:, 216:296] = 255
PLAIN = np.full((512, 512, 3), 90, np.uint8)
AWAY = np.maximum(215 - NODES[:, 0], NODES[:, 0] - 296)


def moved(photo: U8 = PLAIN, matte: U8 = MATTE, lowest: float = 1000) -> F32:
    """How far each node goes where the person goes 10 right and 5 up."""
    offset = np.tile(np.array([[10, -5]], np.float32), (len(NODES), 1))
    return WallField(NODES, photo, matte, 200, lowest).along(offset)


def test_the_person_and_what_is_near_move_as_one_piece() -> None:
    near = AWAY < 1.4 * SPACING
    np.testing.assert_array_equal(moved()[near], np.tile([[10, -5]], (near.sum(), 1)))


def test_a_wall_goes_along_less_the_further_it_is() -> None:
    out = moved()
    row = (NODES[:, 1] == 50) & (AWAY >= 1.5 * SPACING)
    order = np.argsort(AWAY[row], kind="stable")
    assert (np.diff(out[row, 0][order]) <= 1e-3).all()
    assert 0 < out[row, 0].min() < 0.8 * out[row, 0].max() < 10
    np.testing.assert_allclose(out[row, 1], -out[row, 0] / 2, rtol=1e-4)


def test_the_less_a_person_moves_the_less_of_the_wall_goes_along_without_a_jump() -> None:
    wall = WallField(NODES, PLAIN, MATTE, 200, 1000)
    far = float(AWAY.max())
    beside = [int(np.flatnonzero(AWAY == at)[0]) for at in (34, 54, 94, far)]
    sizes = np.linspace(0.05, 1.2, 24, dtype=np.float32)
    way = np.array(
        [wall.along(np.full((len(NODES), 2), 10 * s, np.float32))[beside, 0] for s in sizes]
    )
    steps = np.diff(way, axis=0)
    assert steps.min() > -0.01 and steps.max() < 2.2 * 10 * 0.05
    share = way / (10 * sizes[:, None])
    assert (share[0, 1:] < 0.35 * share[-1, 1:]).all()
    assert share[-1].max() <= 1


def test_a_wall_gives_where_it_is_plain_and_keeps_the_shape_of_what_is_seen() -> None:
    door = PLAIN.copy()
    door[:, 350:430][:, ::8] = 230

    def stretch(photo: U8) -> F32:
        """How much more one end of the door moves than the other, of the way of the person."""
        out = moved(photo)[NODES[:, 1] == 250, 0].reshape(SIDE)
        part: F32 = (out[36] - out[42]) / 10
        return part

    assert stretch(door) < 0.6 * stretch(PLAIN)


def test_a_wall_is_at_rest_from_the_lowest_row_on() -> None:
    wall = AWAY >= 1.5 * SPACING
    out = moved(lowest=350)
    assert not out[wall & (NODES[:, 1] >= 350)].any()
    assert out[wall & (NODES[:, 1] == 320)].all()


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    out = moved(matte=np.full_like(MATTE, value))
    assert (out == ([10, -5] if value else 0)).all()


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_wall_beside_a_moved_head_neither_folds_nor_tears(sign: int) -> None:
    geometry, matte = sample_geometry(), sample().alpha
    field = HeadField(geometry, load_rig(), matte)
    wall = WallField(field.nodes, sample().portrait, matte, geometry.face_width, field.rows)
    pose = geometry.pose(motion(headYaw=sign * 0.26, headPitch=0.17, headRoll=-sign * 0.14))
    offset = wall.along(field.forward(np.zeros((468, 3), np.float32), pose))
    fine = field.expand(field.backward(offset), CELL, field.room(CELL))
    free = matte[: field.rows] == 0
    across, down = np.gradient(fine[0], axis=1), np.gradient(fine[1], axis=0)
    for stretch in (across[free], down[free]):
        assert stretch.min() > 0.2 and stretch.max() < 2.2
    home = np.stack(np.meshgrid(np.arange(512), np.arange(field.rows)))
    way = np.linalg.norm(fine - home, axis=0)
    assert way[:8, :8].mean() < 0.6 * way.max() and way[:8, -8:].mean() < 0.6 * way.max()
