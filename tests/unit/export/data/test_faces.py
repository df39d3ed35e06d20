"""The split, the mirror, crops and motions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.face.frame import frame_of
from engines.values import MOTION_INDEX, MOTION_SIZE
from export.data import faces
from export.data.face_drawn import drawn_cache


@given(st.integers(8, 300), st.randoms())
def test_the_split_is_the_same_for_any_order_of_names(count: int, random: object) -> None:
    names = [f"p{i:03d}" for i in range(count)]
    train, test = faces.split(names)
    assert not {*train} & {*test}
    assert len(train) + len(test) == count
    shuffled = list(reversed(names))
    _, other = faces.split(shuffled)
    assert {names[i] for i in test} == {shuffled[i] for i in other}
    assert len(test) == min(30, count // 4)


def test_a_folder_without_portraits_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(faces.FacesMissing, match="--data"):
        faces.portraits(tmp_path)


def test_the_mirror_is_found_from_pictures_and_their_flips() -> None:
    rng = np.random.default_rng(0)
    half = rng.uniform(0.1, 1, (4, 3)).astype(np.float32)
    shape = np.concatenate([half, half * [-1, 1, 1], [[0, 0.5, 0]]]).astype(np.float32)
    seen = np.stack([shape + rng.normal(0, 0.01, shape.shape) for _ in range(3)])
    flips = seen * np.array([-1, 1, 1])
    # The teacher names points by side: in the flip each name sits where its partner was.
    index = np.array([4, 5, 6, 7, 0, 1, 2, 3, 8])
    found = faces.mirror_index(seen.astype(np.float32), flips[:, index].astype(np.float32))
    assert (found == index).all()


def test_a_base_crop_is_upright_with_its_face_in_the_middle() -> None:
    cache = drawn_cache(4, 1)
    crop, points = faces.base_crop(cache.photos[0], cache.photo_points[0])
    frame = frame_of(points)
    assert crop.shape == (faces.BASE_PX, faces.BASE_PX, 3)
    assert np.allclose(frame.centre, (faces.BASE_PX - 1) / 2, atol=0.5)
    assert abs(frame.angle) < 0.01
    assert frame.unit == pytest.approx(faces.BASE_PX / faces.BASE_SIDE, rel=0.01)


def test_random_motions_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    motions = np.stack([faces.random_motion(rng) for _ in range(200)])
    assert motions.shape == (200, MOTION_SIZE)
    assert motions[:, :52].min() >= 0 and motions[:, :52].max() <= 1
    yaw = motions[:, MOTION_INDEX["headYaw"]]
    assert 0.15 < np.abs(yaw).max() <= np.deg2rad(16) + 1e-6
    assert motions[:, MOTION_INDEX["jawOpen"]].max() > 0.6


def test_a_portrait_that_cannot_be_fitted_gives_no_puppets() -> None:
    cache = drawn_cache(4, 1)
    tiny = cache.photo_points[0] * 0.2
    mask = cache.masks[0].astype(np.float32) / 255
    assert faces.puppet(cache.photos[0], tiny, mask, 2, np.random.default_rng(0)) == []


def test_no_tracks_no_video_frames(tmp_path: Path) -> None:
    images, points = faces.video_frames(tmp_path, tmp_path, 5, np.random.default_rng(0))
    assert images == [] and points == []
