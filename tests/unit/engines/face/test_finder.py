"""The one face, or the right words."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.face import detector, mesh
from engines.face import finder as module
from engines.face.detector import Found
from engines.face.finder import (
    MIN_FACE_PX,
    EyesCovered,
    FaceFinder,
    FaceTooSmall,
    FaceTurned,
    MouthCovered,
    NoFace,
    SeveralFaces,
    TooDark,
    check,
    check_free,
    face_of,
    pose,
)
from engines.face.mesh import Mesh
from engines.face.occlusion import Hidden
from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import F32, U8
from export.data.face_turned import turn


def head(width: float = 150, yaw_deg: float = 0, pitch_deg: float = 0) -> F32:
    """A neutral face f32[478,3] turned by yaw and pitch, in a 400 px picture."""
    neutral = load_rig().neutral * np.array([1, -1, -1])
    neutral = neutral - neutral.mean(0)
    a, b = np.radians(yaw_deg), np.radians(pitch_deg)
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    bend = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    shape = neutral @ turn.T @ bend.T
    size = np.linalg.norm((neutral[lm.FACE_RIGHT] - neutral[lm.FACE_LEFT])[:2])
    full = np.concatenate([shape * (width / size), np.zeros((10, 3))])
    full[:, :2] += 200
    out: F32 = full.astype(np.float32)
    return out


GREY = np.full((400, 400, 3), 120, np.uint8)


def test_a_straight_lit_face_passes() -> None:
    check(GREY, head())


def test_turned_and_bent_heads_are_told_apart() -> None:
    straight = pose(head())
    assert abs(straight[0]) < 2
    yaw, _ = pose(head(yaw_deg=40))
    assert abs(yaw) == pytest.approx(40, abs=4)
    with pytest.raises(FaceTurned, match="turned to the side.*straight into the camera"):
        check(GREY, head(yaw_deg=42))
    with pytest.raises(FaceTurned, match="bent"):
        check(GREY, head(pitch_deg=50))
    check(GREY, head(yaw_deg=20))


def test_a_small_face_is_told_its_size() -> None:
    with pytest.raises(FaceTooSmall, match=f"80 pixels wide and {MIN_FACE_PX}"):
        check(GREY, head(width=80))


@pytest.mark.parametrize("width", [95.6, 95.99, 60.2])
def test_a_refused_size_is_never_told_as_one_that_would_do(width: float) -> None:
    with pytest.raises(FaceTooSmall, match=rf"the face is {int(width)} pixels wide and 96 are"):
        check(GREY, head(width=width))


def test_a_refused_turn_or_light_is_never_told_as_one_that_would_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "pose", lambda _: (30.2, 0.0))
    with pytest.raises(FaceTurned, match="about 31 degrees and 30 are allowed"):
        check(GREY, head())
    monkeypatch.setattr(module, "pose", lambda _: (0.0, 0.0))
    monkeypatch.setattr(module, "brightness", lambda *_: 27.9)
    with pytest.raises(TooDark, match="27 of 255, 28 needed"):
        check(GREY, head())


def test_a_turned_face_is_not_told_to_be_larger() -> None:
    with pytest.raises(FaceTurned):
        check(GREY, head(width=100, yaw_deg=45))


def test_a_dark_face_is_sent_to_the_window() -> None:
    with pytest.raises(TooDark, match="window"):
        check(GREY // 8, head())


def two_faces(small: float) -> list[Found]:
    near = np.array([[80, 80], [120, 80], [100, 120]], np.float32)
    return [Found(0.9, near), Found(0.8, near * small + 180)]


def test_several_faces_of_a_size_are_refused_but_a_passer_by_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finder = FaceFinder.load()
    seen: list[U8] = []

    def measured(image: U8, frame: object, nets: object) -> Mesh:
        seen.append(image)
        return Mesh(head(), 0.0)

    monkeypatch.setattr(mesh, "measure", measured)
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(), 0.0))
    monkeypatch.setattr(detector, "detect", lambda *_: two_faces(0.9))
    with pytest.raises(SeveralFaces, match="2 faces"):
        finder.landmarks(GREY)
    monkeypatch.setattr(detector, "detect", lambda *_: two_faces(0.3))
    monkeypatch.setattr(module, "hidden", lambda *_: Hidden(0, 0, 0))
    assert finder.landmarks(GREY).points.shape == (478, 3)
    assert len(seen) == 1
    monkeypatch.setattr(detector, "detect", lambda *_: [])
    with pytest.raises(NoFace, match="facing the camera"):
        finder.landmarks(GREY)


def test_a_face_the_mesh_does_not_fit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = FaceFinder.load()
    monkeypatch.setattr(detector, "detect", lambda *_: two_faces(0.9))
    spreads = iter([0.01, 9.0])
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(), next(spreads)))
    assert [f.score for f in finder.find_faces(GREY)] == [0.9]
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(), 9.0))
    with pytest.raises(NoFace):
        finder.landmarks(GREY)


@pytest.mark.parametrize("name", default_store().names())
def test_the_built_in_portraits_are_found_near_their_stored_points(name: str) -> None:
    avatar = default_store().load(name)
    found = FaceFinder.load().landmarks(avatar.portrait).points
    eyes = float(np.linalg.norm((avatar.landmarks[468] - avatar.landmarks[473])[:2]))
    away = np.linalg.norm((found - avatar.landmarks)[:, :2], axis=1) / eyes
    assert away.mean() < 0.06


def test_a_photo_on_its_side_is_to_be_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = FaceFinder.load()
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[0, 0] = 255
    upright = np.rot90(photo, 1)

    def detect(image: U8, *_: object) -> list[Found]:
        return two_faces(1)[:1] if np.array_equal(image, upright) else []

    monkeypatch.setattr(detector, "detect", detect)
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(), 0.0))
    with pytest.raises(FaceTurned, match="turn it upright"):
        finder.landmarks(photo)


def test_noise_has_no_face() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    finder = FaceFinder.load()
    assert finder.find_faces(noise) == []
    with pytest.raises(NoFace):
        finder.landmarks(noise)


def test_a_face_carries_a_box_around_its_points() -> None:
    face = face_of(two_faces(1)[0])
    x, y, width, height = face.box
    assert x < 80 and x + width > 120 and y < 80 and y + height > 120
    assert face.frame.unit == pytest.approx(40)


def test_the_mask_is_the_photos_size() -> None:
    mask = FaceFinder.load().matte(GREY, head())
    assert mask.shape == (400, 400)
    assert 0 <= mask.min() and mask.max() <= 1


def test_what_is_hidden_is_named_with_its_remedy() -> None:
    check_free(Hidden(0.5, 0.5, 0.5), 0.5)
    with pytest.raises(MouthCovered, match="mouth is covered; .*mask, scarf or microphone"):
        check_free(Hidden(0.9, 0.9, 0.0), 0.5)
    with pytest.raises(EyesCovered, match="one eye is covered; take off dark glasses"):
        check_free(Hidden(0.1, 0.0, 0.6), 0.5)
    with pytest.raises(EyesCovered, match="the eyes are covered"):
        check_free(Hidden(0.1, 0.7, 0.6), 0.5)


@pytest.mark.parametrize("name", default_store().names())
def test_a_built_in_face_behind_a_cloth_is_told_so(name: str) -> None:
    avatar = default_store().load(name)
    photo = avatar.portrait.copy()
    nose, chin = avatar.landmarks[1, :2].astype(int), avatar.landmarks[152, :2].astype(int)
    left, right = avatar.landmarks[234, :2].astype(int), avatar.landmarks[454, :2].astype(int)
    photo[nose[1] : chin[1] + 10, left[0] : right[0]] = (200, 190, 170)
    with pytest.raises(MouthCovered):
        FaceFinder.load().landmarks(photo)


@pytest.mark.parametrize("name", default_store().names())
@pytest.mark.parametrize("yaw", [-46, 43])
def test_a_head_turned_far_is_told_the_turn_and_nothing_else(name: str, yaw: float) -> None:
    avatar = default_store().load(name)
    already = pose(avatar.landmarks)[0]
    made = turn(avatar.portrait, avatar.landmarks, already - yaw, 0)
    assert pose(made.points)[0] == pytest.approx(yaw, abs=3)
    with pytest.raises(FaceTurned, match="turned to the side .*; look straight into the camera"):
        FaceFinder.load().landmarks(made.image)


def test_what_the_mesh_does_not_fit_is_turned_before_it_is_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finder = FaceFinder.load()
    spread = finder._nets.max_spread * 2
    monkeypatch.setattr(detector, "detect", lambda *_: two_faces(1)[:1])
    monkeypatch.setattr(module, "hidden", lambda *_: Hidden(0.9, 0, 0))
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(yaw_deg=40), spread))
    with pytest.raises(FaceTurned, match="turned to the side too far"):
        finder.landmarks(GREY)
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(pitch_deg=45), spread))
    with pytest.raises(FaceTurned, match="bent up or down too far"):
        finder.landmarks(GREY)
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(yaw_deg=15), spread))
    with pytest.raises(MouthCovered):
        finder.landmarks(GREY)
    monkeypatch.setattr(mesh, "outline", lambda *_: Mesh(head(yaw_deg=40), 2 * spread))
    with pytest.raises(NoFace):
        finder.landmarks(GREY)
