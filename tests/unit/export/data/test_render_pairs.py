"""Boxes of picture and truth: aligned, refused when they do not match, kept and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.render.boxes import EYE, MOUTH, Boxes
from engines.render.conditions import CONDITION_SIZE
from engines.values import MOTION_INDEX, MOTION_SIZE, U8
from export.data.render_mesh import MeshReader
from export.data.render_pairs import (
    Cutter,
    Drawn,
    Told,
    empty,
    join,
    kind_of,
    likeness,
    load,
    matched,
    offset,
    opening,
    sorted_by_box,
    tint,
)
from tests.support.sample_avatar import motion, sample

REST = MeshReader(sample()).rest()
STILL = Drawn(sample().portrait, sample().portrait, REST)
TOLD = Told("cycle", "somebody", motion(eyeBlink=0.0))


def shifted(picture: U8, right: int) -> U8:
    return np.roll(picture, right, 1)


def test_a_frame_gives_a_mouth_and_two_eyes() -> None:
    told = Told("grid", "one", motion(headYaw=0.1), np.ones(80, np.float32))
    boxes = Cutter(sample(), STILL).cut(told, STILL, STILL)
    found = sorted_by_box([boxes])
    mouth, eye = found["mouth"], found["eye"]
    assert mouth.picture.shape == (1, *MOUTH.shape, 3) and eye.picture.shape == (2, *EYE.shape, 3)
    assert mouth.masks.shape == (1, 2, *MOUTH.shape) and mouth.masks.dtype == np.uint8
    assert mouth.condition.shape == (1, CONDITION_SIZE)
    assert mouth.has_previous.all() and mouth.kind[0] == "grid" and mouth.identity[0] == "one"
    yaw = MOTION_INDEX["headYaw"]
    # The second eye is mirrored, and so is what it is told.
    assert eye.condition[0, yaw] == -eye.condition[1, yaw] == np.float32(0.1)
    assert mouth.condition[0, MOTION_SIZE] == 1
    assert eye.open[0] > 0.1 > mouth.open[0]


def test_no_frame_before_is_black_and_said_so() -> None:
    row = Cutter(sample(), STILL).cut(TOLD, STILL, None)[0]
    assert row is not None and not row.has_previous.any() and not row.previous_truth.any()


def test_a_truth_off_by_a_pixel_is_shifted_back() -> None:
    box = Boxes(sample().landmarks).place(REST.placed)[0]
    picture, hole = box.cut(sample().portrait), box.masks()[0]
    truth = shifted(sample().portrait, 2)
    scale = float(np.linalg.norm(box.to_picture[:, 0]))
    found = offset(picture, box.cut(truth), hole)
    assert found[0] == pytest.approx(2 / scale, abs=0.15) and abs(found[1]) < 0.1
    seen = matched(box, picture, hole, truth)
    assert seen is not None
    assert np.abs(seen.astype(int) - picture).mean() < 1.5


def test_another_face_is_no_truth() -> None:
    box = Boxes(sample().landmarks).place(REST.placed)[0]
    picture, hole = box.cut(sample().portrait), box.masks()[0]
    assert matched(box, picture, hole, np.rot90(sample().portrait, 2).copy()) is None
    assert matched(box, picture, hole, shifted(sample().portrait, 25)) is None


def test_a_truth_in_another_light_is_refused() -> None:
    box = Boxes(sample().landmarks).place(REST.placed)[0]
    picture, hole = box.cut(sample().portrait), box.masks()[0]
    blue = sample().portrait.copy()
    blue[..., 0] = np.minimum(blue[..., 0], 235) + 20
    assert tint(picture, picture, hole) == 0 and tint(picture, box.cut(blue), hole) > 15
    assert matched(box, picture, hole, blue) is None
    assert matched(box, picture, hole, sample().portrait) is not None


def test_likeness_does_not_look_into_the_hole() -> None:
    box = Boxes(sample().landmarks).place(REST.placed)[0]
    picture = box.cut(sample().portrait)
    hole = np.zeros(MOUTH.shape, np.uint8)
    hole[30:60, 30:90] = 255
    truth = picture.copy()
    truth[32:58, 32:88] = 0
    assert likeness(picture, truth, hole) > 0.999
    assert likeness(picture, truth, np.zeros_like(hole)) < 0.9
    assert likeness(np.zeros_like(picture), picture, hole) == 0


def test_a_mouth_that_opens_is_more_open() -> None:
    from engines.render.warp import WarpRenderer

    placed = WarpRenderer(sample()).mesh(motion(jawOpen=0.6)).placed
    assert opening(0, placed) > opening(0, REST.placed) + 0.1
    assert opening(1, REST.placed) == pytest.approx(opening(2, REST.placed), abs=0.1)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    pairs = sorted_by_box([Cutter(sample(), STILL).cut(TOLD, STILL, None)])["eye"]
    both = join([pairs, empty(EYE), pairs])
    both.save(tmp_path / "there" / "eye-cycle.npz")
    again = load(tmp_path / "there" / "eye-cycle.npz")
    assert len(again) == 4 and (again.take(slice(0, 2)).truth == pairs.truth).all()
    assert again.identity.tolist() == ["somebody"] * 4
    assert not list(tmp_path.rglob("*.part*"))


def test_a_frame_gives_a_face_where_one_is_asked_for() -> None:
    told = Told("grid", "one", motion(headYaw=0.1), np.ones(80, np.float32))
    rows = Cutter(sample(), STILL, face=256).cut(told, STILL, STILL)
    face = sorted_by_box([rows])["face"]
    assert face.picture.shape == (1, 256, 256, 3) and face.masks[0, 0].any()
    assert face.condition[0, MOTION_INDEX["headYaw"]] == np.float32(0.1)
    # As open as its mouth: nobody's lids are shut here.
    assert face.open[0] < 0.1
    with pytest.raises(ValueError, match="no box has the shape"):
        kind_of((100, 100))
