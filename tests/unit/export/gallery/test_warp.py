import numpy as np

from export.gallery import warp
from export.gallery.arrays import F32, F64, f32
from export.gallery.shape import face_width
from tests.unit.export.gallery.faces import face

SIZE = 200


def places(target: F64, source: F64) -> F32:
    return warp.backward_map(target, source, SIZE, smoothing=0.01, ring=1.9, grid=65)


def test_map_of_a_shape_onto_itself_changes_nothing() -> None:
    target = face()[:, :2]
    xs, ys = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    moved = np.abs(places(target, target) - np.stack([xs, ys], axis=-1))
    assert moved.max() < 0.005


def test_map_sends_landmarks_and_far_places_to_the_source() -> None:
    target = face()[:, :2]
    source = 0.8 * target + np.array([11.0, 5.0])
    source[10:14] += 3.0  # a small difference of form near the face
    found = places(target, source)
    at = np.round(target).astype(int)
    near = (at >= 2).all(1) & (at < SIZE - 2).all(1)
    error = np.linalg.norm(found[at[near, 1], at[near, 0]] - source[near], axis=1)
    assert np.median(error) < 0.6
    assert np.abs(found[5, 5] - (0.8 * np.array([5, 5]) + [11, 5])).max() < 1.5


def test_outline_points_are_followed_loosely_and_inner_ones_closely() -> None:
    target = face()[:, :2]
    inner, rim = target.copy(), target.copy()
    inner[1] += 4.0
    rim[454] += 4.0

    def pull(source: F64, index: int) -> float:
        found = warp.backward_map(target, source, SIZE, smoothing=20.0, ring=1.9)
        x, y = np.round(target[index]).astype(int)
        return float(np.linalg.norm(found[y, x] - target[index]))

    assert pull(inner, 1) > 2 * pull(rim, 454)


def test_anchors_lie_on_a_circle_around_the_face() -> None:
    target = face()[:, :2]
    away = np.linalg.norm(warp.anchors(target, 1.9) - target.mean(0), axis=1)
    assert np.allclose(away, 1.9 * face_width(target))


def test_resample_moves_a_picture() -> None:
    picture = f32(np.random.default_rng(0).uniform(0, 1, (20, 30, 3)))
    xs, ys = np.meshgrid(np.arange(30), np.arange(20))
    moved = warp.resample(picture, f32(np.stack([xs + 2, ys - 1], axis=-1)))
    assert np.allclose(moved[5:15, 5:20], picture[4:14, 7:22], atol=1e-5)


def test_inside_ends_at_left_right_and_top_but_not_below() -> None:
    xs, ys = np.meshgrid(np.arange(-20, 60), np.arange(-20, 60))
    found = warp.inside(f32(np.stack([xs, ys], axis=-1)), (40, 40))
    assert found[40, 40] == 1 and found[79, 40] == 1
    assert found[40, 5] == 0 and found[40, 75] == 0 and found[5, 40] == 0
