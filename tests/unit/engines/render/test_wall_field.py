import numpy as np
import pytest

from engines.render.head import CELL, HeadField
from engines.render.rig import load_rig
from engines.render.wall_field import WallField
from engines.values import F32
from tests.support.sample_avatar import motion, sample, sample_geometry

SIDE, SPACING = 20, 10.0
AXIS = np.arange(SIDE, dtype=np.float32) * SPACING
NODES = np.stack([part.ravel() for part in np.meshgrid(AXIS, AXIS)], 1)
MATTE = np.zeros((200, 200), np.uint8)
MATTE[:, 60:140] = 255
ROW = NODES[:, 1] == 90


def moved(right: float, down: float, lowest: float = 1000) -> F32:
    """How far each node of the wall goes where the person goes so far."""
    offset = np.tile(np.array([[right, down]], np.float32), (len(NODES), 1))
    return WallField(NODES, MATTE, 60, lowest).along(offset)


def test_wall_is_drawn_in_where_the_person_draws_back_and_only_there() -> None:
    out = moved(10, 0)[ROW]
    left, right = NODES[ROW, 0] < 60, NODES[ROW, 0] > 140
    assert (out[left, 0] > 0).all() and out[left, 0].max() > 4
    assert np.abs(out[right, 0]).max() < 0.05 * out[left, 0].max()


def test_wall_does_not_move_along_with_what_slides_before_it() -> None:
    assert np.abs(moved(0, 10)[ROW]).max() < 0.2


def test_wall_is_drawn_in_less_the_further_it_is() -> None:
    left = ROW & (NODES[:, 0] < 50)
    assert (np.diff(moved(10, 0)[left, 0]) > 0).all()


def test_wall_is_at_rest_from_the_lowest_row_on() -> None:
    out = moved(10, 0, lowest=150)
    assert not out[NODES[:, 1] >= 150].any()
    assert out[(NODES[:, 1] == 120) & (NODES[:, 0] < 60), 0].all()


@pytest.mark.parametrize("value", [0, 255])
def test_nobody_and_nothing_but_somebody(value: int) -> None:
    field = WallField(NODES, np.full_like(MATTE, value), 60, 150)
    assert not field.along(np.ones((len(NODES), 2), np.float32)).any()


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_wall_beside_a_moved_head_neither_folds_nor_tears(sign: int) -> None:
    geometry, matte = sample_geometry(), sample().alpha
    field = HeadField(geometry, load_rig(), matte)
    wall = WallField(field.nodes, matte, geometry.face_width, field.rows)
    pose = geometry.pose(motion(headYaw=sign * 0.26, headPitch=0.17, headRoll=-sign * 0.14))
    head = field.forward(np.zeros((468, 3), np.float32), pose)
    offset = wall.along(head)
    fine = field.expand(field.backward(offset), CELL)
    free = matte[: field.rows] == 0
    across, down = np.gradient(fine[..., 0], axis=1), np.gradient(fine[..., 1], axis=0)
    for stretch in (across[free], down[free]):
        assert stretch.min() > 0.2 and stretch.max() < 2.2
    home = np.dstack(np.meshgrid(np.arange(512), np.arange(field.rows)))
    way = np.linalg.norm(fine - home, axis=2)[free]
    assert np.median(way) < 0.1 * np.linalg.norm(head, axis=1).max()
