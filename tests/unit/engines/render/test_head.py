import numpy as np

from engines.render.geometry import Geometry
from engines.render.head import CELL, HeadField, held
from engines.render.rig import load_rig
from engines.values import F32
from tests.support.sample_avatar import motion, sample_geometry

STILL = np.zeros((468, 3), np.float32)


def maps(values: F32, size: int = 512) -> tuple[F32, HeadField, Geometry]:
    geometry = sample_geometry(size)
    field = HeadField(geometry, load_rig())
    return field.backward(field.forward(STILL, geometry.pose(values))), field, geometry


def test_at_rest_the_map_is_the_identity_up_to_the_border() -> None:
    coarse, field, _ = maps(motion())
    fine = field.expand(coarse, CELL, field.room(CELL))
    assert fine.shape == (2, field.rows, 512)
    xs, ys = np.meshgrid(np.arange(512), np.arange(field.rows))
    np.testing.assert_allclose(fine[0], xs, atol=0.02)
    np.testing.assert_allclose(fine[1], ys, atol=0.02)


def test_the_inverse_undoes_the_forward_motion() -> None:
    values = motion(headYaw=0.15, headPitch=0.08, headRoll=0.08, headX=0.04)
    coarse, field, geometry = maps(values)
    fine = field.expand(coarse, CELL, field.room(CELL))
    # A point of the outline goes forward by the mesh and must come back by the map.
    oval = load_rig().oval
    there = geometry.place(geometry.face[oval], geometry.face_follow[oval], geometry.pose(values))
    for point, (x, y) in zip(oval, np.rint(there[:, :2]).astype(int), strict=True):
        back = fine[:, min(y, field.rows - 1), x]
        home = geometry.face[point, :2] * [1, -1]
        assert np.abs(back - home).max() < 9


def test_rows_below_the_shoulders_stay() -> None:
    coarse, field, _ = maps(motion(headYaw=0.2, headRoll=0.1))
    fine = field.expand(coarse, CELL, field.room(CELL))
    assert np.abs(fine[0, -1] - np.arange(512)).max() < 6


def test_the_neck_gives_way_under_an_opening_jaw() -> None:
    geometry = sample_geometry()
    field = HeadField(geometry, load_rig())
    face = geometry.deform(geometry.weights(motion(jawOpen=1)), 0)
    pose = geometry.pose(motion())
    jaw, rest = field.forward(face - geometry.face, pose), field.forward(STILL, pose)
    moved = field.backward(jaw) - field.backward(rest)
    assert np.abs(moved).max() > 4


OUTLINE = np.array([[200, 150], [320, 150], [320, 330], [200, 330]], np.float32)


def test_what_a_side_cuts_stays_at_that_side() -> None:
    matte = np.zeros((512, 512), np.uint8)
    matte[150:330, :300] = 255  # hair up to the left side
    ys = np.full(5, 256, np.float32)
    xs = np.array([-40, 0, 20, 60, 200], np.float32)
    free = held(np.stack([xs, ys], 1), matte, OUTLINE)
    assert free[0] < 0.02 and free[1] < 0.02 and free[-1] == 1
    assert (np.diff(free) >= 0).all()
    away = held(np.array([[500, 250], [10, 500], [10, 5]], np.float32), matte, OUTLINE)
    assert away.min() > 0.99


def test_shoulders_stay_at_the_lower_edge() -> None:
    matte = np.zeros((512, 512), np.uint8)
    matte[100:, 150:360] = 255
    free = held(np.array([[256, 511], [256, 480], [256, 300]], np.float32), matte, OUTLINE)
    assert free[0] < 0.02 and 0 < free[1] < 1 and free[2] == 1


def test_a_crown_that_the_upper_edge_cuts_moves_with_its_head() -> None:
    matte = np.zeros((512, 512), np.uint8)
    matte[:300, 200:320] = 255
    assert (held(np.array([[256, 0], [256, 40]], np.float32), matte, OUTLINE) == 1).all()


def test_a_head_clear_of_the_frame_moves_freely() -> None:
    matte = np.zeros((512, 512), np.uint8)
    matte[40:, 150:370] = 255
    points = np.random.default_rng(1).uniform(0, 400, (50, 2)).astype(np.float32)
    assert (held(points, matte, OUTLINE) == 1).all()


def test_hair_cut_at_a_side_is_not_drawn_out_by_a_turn() -> None:
    geometry = sample_geometry(512)
    matte = np.full((512, 512), 255, np.uint8)
    pose = geometry.pose(motion(headYaw=0.26, headRoll=0.14))
    for shape, limit in ((None, -3.0), (matte, -1.5)):
        field = HeadField(geometry, load_rig(), shape)
        fine = field.expand(field.backward(field.forward(STILL, pose)), CELL, field.room(CELL))
        past = min(float(fine[0].min()), 511 - float(fine[0].max()))
        assert (past > limit) == (shape is not None)


def test_a_part_of_a_map_is_the_same_bytes_as_of_the_whole() -> None:
    coarse, field, _ = maps(motion(headYaw=0.2, headPitch=0.1), 256)
    factor, buffer = CELL // 2, field.room(CELL // 2)
    whole = field.expand(coarse, factor, field.room(factor))
    for box in ((0, 0, 128, field.rows // 2), (3, 5, 40, 61), (17, 8, 128, 33), (60, 40, 64, 44)):
        x0, y0, x1, y1 = box
        part = field.part(coarse, factor, box, buffer)
        np.testing.assert_array_equal(part, whole[:, y0:y1, x0:x1])


def test_a_node_goes_with_the_four_points_beside_it() -> None:
    geometry = sample_geometry()
    field = HeadField(geometry, load_rig())
    still = geometry.pose(motion())
    moved = np.tile(np.array([3, -2, 0], np.float32), (468, 1))
    way = field.forward(moved, still) - field.forward(STILL, still)
    under = np.abs(field.nodes - geometry.face[1, :2] * np.array([1, -1])).sum(1).argmin()
    # Down in the picture is up in head axes; near the middle of the face nothing fades.
    np.testing.assert_allclose(way[under], [3, 2], rtol=0.15)
    assert np.abs(way).max(1).argmin() != under and np.abs(way[0]).max() < 0.01
