import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.gallery import shape
from export.gallery.arrays import F64
from tests.unit.export.gallery.faces import face, seeds, turned


def symmetric_mesh(seed: int) -> tuple[F64, list[int]]:
    """A mesh whose partner points are known: pairs side by side, some on the middle line."""
    rng = np.random.default_rng(seed)
    half = rng.uniform(0.05, 1, (230, 3))
    other = half * np.array([-1.0, 1.0, 1.0])
    middle = np.column_stack([np.zeros(8), rng.uniform(0, 1, (8, 2))])
    irises = np.array([[s * (0.3 + 0.01 * k), 0.5, 0.2] for s in (1, -1) for k in range(5)])
    partner = [*range(230, 460), *range(230), *range(460, 468), *range(473, 478), *range(468, 473)]
    return np.vstack([half, other, middle, irises]), partner


@given(seeds, st.floats(0.2, 5), st.floats(-40, 40))
@settings(max_examples=25, deadline=None)
def test_umeyama_finds_the_pose_that_was_applied(seed: int, scale: float, degrees: float) -> None:
    points = face(seed)
    moved = scale * turned(points, degrees) + np.array([7.0, -3.0, 2.0])
    found, rotation, _ = shape.umeyama(points, moved)
    assert found == pytest.approx(scale)
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert np.allclose(shape.align(points, moved), moved)


def test_umeyama_never_answers_with_a_mirror_image() -> None:
    points = face(3)
    _, rotation, _ = shape.umeyama(points, points * np.array([-1.0, 1.0, 1.0]))
    assert np.linalg.det(rotation) == pytest.approx(1)


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_mirror_index_is_one_to_one_and_right(seed: int) -> None:
    points, partner = symmetric_mesh(seed)
    index = shape.mirror_index(points)
    assert sorted(index) == list(range(478))
    assert list(index) == partner
    assert np.allclose(shape.mirrored(points, index), points)


def test_mirror_index_stays_one_to_one_on_a_noisy_mesh() -> None:
    points, _ = symmetric_mesh(1)
    noisy = points + np.random.default_rng(2).normal(0, 0.05, points.shape)
    assert sorted(shape.mirror_index(noisy)) == list(range(478))


def test_mirror_index_keeps_irises_among_irises() -> None:
    points, _ = symmetric_mesh(4)
    points[0] = points[473] + 1e-4  # a lid point on top of an iris point
    index = shape.mirror_index(points)
    assert set(index[468:]) == set(range(468, 478))


def test_symmetric_mean_faces_forward_whatever_the_poses() -> None:
    points, _ = symmetric_mesh(5)
    points[234], points[454] = [-1.2, 0.5, 0.5], [1.2, 0.5, 0.5]
    points[1] = [0.0, 0.5, -0.5]
    poses = [turned(points, d) for d in (-18, -4, 3, 20)]
    mean, index = shape.symmetric_mean(poses)
    assert np.allclose(shape.mirrored(mean, index), mean, atol=1e-9)
    assert shape.face_width(mean) == pytest.approx(1)


def test_yaw_tells_the_side_and_zero_means_frontal() -> None:
    points = face()
    assert shape.yaw_of(points) == pytest.approx(0, abs=1e-9)
    assert shape.yaw_of(turned(points, 15)) * shape.yaw_of(turned(points, -15)) < 0


def test_modes_span_what_differs_and_are_a_deviation_long() -> None:
    base, change = face(), np.zeros((478, 3))
    change[:40, 1] = 1.0
    amounts = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    modes = shape.principal_modes(np.array([base + a * change for a in amounts]), 2)
    size = np.sqrt((amounts**2).sum() / 4)
    assert np.allclose(modes[0], size * change, atol=1e-9), "sign included"
    backward = shape.principal_modes(np.array([base - a * change for a in amounts]), 2)
    assert np.allclose(backward[0], modes[0], atol=1e-9)
    assert np.allclose(modes[1], 0, atol=1e-9)


@given(st.floats(0, 1), st.floats(0.5, 12))
@settings(deadline=None, max_examples=30)
def test_seal_closes_the_lips_by_its_strength(strength: float, gap: float) -> None:
    points = face(gap=gap)
    before, after = shape.lip_gap(points), shape.lip_gap(shape.seal_lips(points, strength))
    assert after == pytest.approx((1 - strength) * before, abs=1e-6)


def test_new_shape_is_the_groups_mean_plus_the_step_and_even() -> None:
    points, index = symmetric_mesh(6)
    rng = np.random.default_rng(0)
    group = points + rng.normal(0, 0.02, (4, 478, 3))
    modes = rng.normal(0, 0.02, (3, 478, 3))
    even = np.array(index)

    def made(*step: float, symmetry: float = 0.0) -> F64:
        return shape.new_shape(group, modes, even, step=step, symmetry=symmetry, seal=0.0)

    assert np.allclose(made(0, 0, 0), group.mean(0))
    assert np.allclose(made(0, 2) - made(0, 0), 2 * modes[1])
    half, full = made(1, -1, 1, symmetry=0.5), made(1, -1, 1, symmetry=1.0)
    assert np.allclose(shape.mirrored(full, even), full)
    assert not np.allclose(shape.mirrored(half, even), half)


def test_relax_raises_brows_lids_and_corners_and_leaves_the_chin() -> None:
    points = face()
    eased = shape.relax(points, brow=0.02, eye=0.01, smile=0.02)
    for index in (107, 336, 159, 386, 61, 291):
        assert eased[index, 1] < points[index, 1] - 0.3
    assert np.allclose(eased[shape.CHIN], points[shape.CHIN], atol=0.05)
    assert np.array_equal(shape.relax(points, brow=0, eye=0, smile=0), points)


@given(seeds, st.floats(0.1, 10))
@settings(deadline=None, max_examples=20)
def test_place_puts_the_face_where_asked(seed: int, scale: float) -> None:
    placed = shape.place(scale * face(seed), size=200, width_px=75, centre_y=0.46)
    assert shape.face_width(placed) == pytest.approx(75)
    assert 0.5 * (placed[10, 1] + placed[152, 1]) == pytest.approx(92)
    assert 0.5 * (placed[234, 0] + placed[454, 0]) == pytest.approx(100)


def test_nearest_ignores_pose_and_tells_the_distance() -> None:
    points = face()
    other = points.copy()
    other[:, :2] += np.random.default_rng(1).normal(0, 2, (478, 2))
    name, distance = shape.nearest(points, {"far": other, "same": turned(points, 9) * 3})
    assert (name, round(distance, 6)) == ("same", 0)
    assert 1 < shape.nearest(points, {"far": other})[1] < 4
