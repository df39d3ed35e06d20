"""The renderer's boxes: held by the head, mirrored for the second eye, pasted softly."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.bundle import Avatar
from engines.avatars.bundle import load as read_avatar
from engines.avatars.store import BUILTIN
from engines.render.boxes import EYE, KINDS, MASKS, MOUTH, Boxes, PlacedBox, face_box, fade
from engines.render.cv import cv2
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE


@pytest.fixture(scope="module")
def aria() -> Avatar:
    return read_avatar(BUILTIN / "aria")


def motion(**values: float) -> F32:
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        out[MOTION_INDEX[name]] = value
    return out


def placed(avatar: Avatar, **values: float) -> tuple[PlacedBox, ...]:
    mesh = WarpRenderer(avatar).mesh(motion(**values))
    return Boxes(avatar.landmarks).place(mesh.placed)


def test_kinds_are_whole_blocks_of_the_nets() -> None:
    for kind in KINDS.values():
        assert kind.width % 16 == kind.height % 16 == 0


def test_at_rest_the_boxes_lie_about_mouth_and_eyes(aria: Avatar) -> None:
    for box, middle in zip(placed(aria), ([61, 291], [33, 133], [362, 263]), strict=True):
        at = box.to_picture @ np.array([(box.kind.width - 1) / 2, (box.kind.height - 1) / 2, 1])
        assert np.linalg.norm(at - aria.landmarks[middle, :2].mean(0)) < 8


def test_an_open_mouth_and_a_wink_do_not_move_the_boxes(aria: Avatar) -> None:
    rest, moved = placed(aria), placed(aria, jawOpen=0.8, eyeBlinkLeft=1.0)
    for a, b in zip(rest, moved, strict=True):
        assert np.abs(a.to_picture - b.to_picture).max() < 2.0


def test_a_rolled_head_turns_the_boxes(aria: Avatar) -> None:
    (mouth, *_), (rolled, *_) = placed(aria), placed(aria, headRoll=0.1)
    turn = rolled.to_picture[:, :2] @ np.linalg.inv(mouth.to_picture[:, :2])
    assert abs(abs(np.arctan2(turn[1, 0], turn[0, 0])) - 0.1) < 0.02


def test_the_second_eye_is_mirrored(aria: Avatar) -> None:
    _, left, right = placed(aria)
    assert np.linalg.det(left.to_picture[:, :2]) > 0 > np.linalg.det(right.to_picture[:, :2])


def test_masks_open_with_the_mouth(aria: Avatar) -> None:
    shut, wide = (placed(aria, jawOpen=v)[0].masks() for v in (0.0, 0.6))
    assert shut.shape == (MASKS, *MOUTH.shape)
    assert wide[0].astype(int).sum() > 5 * shut[0].astype(int).sum()
    assert (wide[1] > 128).sum() > 200
    closed = placed(aria, eyeBlinkRight=1.0)[1].masks()
    assert (closed[0] > 128).sum() < 0.35 * (placed(aria)[1].masks()[0] > 128).sum()


def test_a_small_box_on_a_large_picture_takes_the_mean(aria: Avatar) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    fine = cv2.resize(smooth, (2048, 2048), interpolation=cv2.INTER_LINEAR)
    ripple = (60 * (np.indices((2048, 2048)).sum(0) % 2)).astype(np.uint8)[..., None]
    box = placed(aria)[0]
    large = PlacedBox(MOUTH, box.to_picture.copy(), box.outlines)
    large.to_picture[:] *= 4
    large.to_picture[:, 2] += 1.5
    seen = large.cut(fine - np.uint8(30) + ripple).astype(int)
    assert np.abs(seen - box.cut(smooth)).mean() < 1.5


def test_paste_adds_in_the_middle_and_nothing_outside(aria: Avatar) -> None:
    box = placed(aria)[0]
    picture = np.full((512, 512, 3), 100, np.uint8)
    box.paste(picture, np.full((*MOUTH.shape, 3), 40, np.float32), weight=0.5)
    x, y = (box.to_picture @ np.array([63.5, 47.5, 1])).astype(int)
    assert (picture[y, x] == 120).all()
    assert (picture[:, 0] == 100).all() and (picture[0] == 100).all()
    seen = box.cut(picture)
    assert np.abs(seen[0].astype(int) - 100).max() <= 1


def test_paste_of_nothing_changes_nothing_and_clips(aria: Avatar) -> None:
    box = placed(aria)[0]
    picture = aria.portrait.copy()
    box.paste(picture, np.zeros((*MOUTH.shape, 3), np.float32))
    np.testing.assert_array_equal(picture, aria.portrait)
    box.paste(picture, np.full((*MOUTH.shape, 3), 900, np.float32))
    assert picture.max() == 255


def test_a_box_off_the_picture_is_left(aria: Avatar) -> None:
    box = placed(aria)[1]
    away = PlacedBox(EYE, box.to_picture + np.array([[0, 0, 9000]], np.float32), box.outlines)
    picture = aria.portrait.copy()
    away.paste(picture, np.full((*EYE.shape, 3), 50, np.float32))
    np.testing.assert_array_equal(picture, aria.portrait)


def test_the_fade_ends_at_nothing() -> None:
    mask = fade(MOUTH)
    assert mask[0].max() == mask[:, -1].max() == 0 and mask[48, 64] == 1


@pytest.mark.parametrize("side", [256, 512])
def test_a_faces_box_holds_the_face_and_the_openings_in_it(aria: Avatar, side: int) -> None:
    mesh = WarpRenderer(aria).mesh(motion(jawOpen=0.5))
    (box,) = Boxes(aria.landmarks, face_box(side)).place(mesh.placed)
    back = np.linalg.inv(box.to_picture[:, :2])
    inside = (mesh.placed[:468, :2] - box.to_picture[:, 2]) @ back.T
    assert (inside > 0).all() and (inside < side).all()
    # Half of it and more is face: it is drawn as large as it can be.
    assert np.ptp(inside, axis=0).min() > 0.6 * side
    opening, rim = box.masks()
    rows, columns = np.nonzero(opening)
    assert opening.shape == (side, side) and (rim[opening == 255] == 0).all()
    # Two eyes above, one mouth below.
    assert (rows < side / 2).any() and (rows > side / 2).any()
    assert columns.min() < 0.4 * side < 0.6 * side < columns.max()
    assert box.kind.latent_shape == (32, side // 8, side // 8)
    assert box.cut(aria.portrait).shape == (side, side, 3)


@pytest.mark.parametrize("side", [0, 128, 257, 1024, "512", None])
def test_a_face_of_another_size_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="take 256 or 512"):
        face_box(side)
