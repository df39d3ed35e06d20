"""Mouths given back, faces moved away and back."""

from __future__ import annotations

import numpy as np

from engines.render import landmarks as lm
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_INDEX
from export.data import render_stills
from export.data.render_pairs import opening, sorted_by_box
from export.data.render_stills import Portraits
from tests.support.laughing import laughing
from tests.support.sample_avatar import motion, sample, soft_mask

MASK = (soft_mask() * 255).astype(np.uint8)


def people(laugh: bool) -> Portraits:
    photo, points = laughing() if laugh else (sample().portrait, sample().landmarks)
    return Portraits(["somebody"], photo[None], points[None], MASK[None])


def test_an_open_mouth_is_given_back() -> None:
    steps: list[int] = []
    rows = list(render_stills.restore(people(True), 2, 1, lambda: steps.append(1)))
    found = sorted_by_box(rows)
    mouth = found["mouth"]
    assert len(mouth) >= 1 and not len(found["eye"]) and steps == [1]
    assert mouth.open.min() > 0.05 and mouth.has_previous.any()
    was = np.abs(mouth.previous_truth.astype(int) - mouth.truth).mean()
    assert 0.1 < was < 12
    assert set(mouth.kind) == {"restore"} and set(mouth.identity) == {"somebody"}
    # At rest the lips are shut: the answer is not to be read off there.
    hole = mouth.masks[0, 0] > 128
    at_rest = np.abs(mouth.rest[0].astype(int) - mouth.truth[0])[hole].mean()
    drawn = np.abs(mouth.picture[0].astype(int) - mouth.truth[0])[hole].mean()
    assert drawn < at_rest


def test_a_closed_mouth_has_nothing_to_restore() -> None:
    assert not list(render_stills.restore(people(False), 2, 1, lambda: None))


def test_a_face_comes_back_from_another_expression() -> None:
    rows = list(render_stills.cycle(people(False), 2, 2, lambda: None))
    found = sorted_by_box(rows)
    assert len(found["mouth"]) >= 1 and len(found["eye"]) >= 2
    for pairs in found.values():
        away = np.abs(pairs.picture.astype(int) - pairs.truth).mean((1, 2, 3))
        assert (away < 14).all() and (away > 0.2).any()


def test_the_mouth_of_a_sealed_photo_is_no_truth() -> None:
    rows = list(render_stills.cycle(people(True), 1, 2, lambda: None))
    assert rows and all(row[0] is None for row in rows)


def test_a_motion_turns_the_eyes_or_moves_the_lids() -> None:
    rng = np.random.default_rng(0)
    looks = [i for name, i in MOTION_INDEX.items() if name.startswith("eyeLook")]
    lids = [i for name, i in MOTION_INDEX.items() if name.startswith(("eyeBlink", "eyeSquint"))]
    turned = np.stack([render_stills.calm_motion(rng, True, True) for _ in range(40)])
    moved = np.stack([render_stills.calm_motion(rng, False, False) for _ in range(40)])
    assert turned[:, looks].any() and not turned[:, lids].any()
    assert moved[:, lids].any() and not moved[:, looks].any()
    assert not moved[:, MOTION_INDEX["jawOpen"]].any() and turned[:, MOTION_INDEX["jawOpen"]].any()
    assert np.abs(moved[:, MOTION_INDEX["headYaw"]]).max() < 0.2


def test_landmarks_of_a_picture_follow_head_and_gaze() -> None:
    drawing = WarpRenderer(sample())
    mesh = drawing.mesh(motion(headX=0.05))
    points = render_stills.placed_landmarks(sample(), mesh, [(0, 0), (3, 0)])
    moved = points[:, 0] - sample().landmarks[:, 0]
    first, second = (moved[eye.iris[0]] for eye in lm.EYES)
    assert first > 3 and 2 < second - first < 4
    still = drawing.mesh(motion())
    same = render_stills.placed_landmarks(sample(), still, [(0, 0), (0, 0)])
    np.testing.assert_allclose(same[:, :2], sample().landmarks[:, :2], atol=0.01)


def test_another_mouth_opens_no_further_and_keeps_what_is_in_it() -> None:
    photo, points = laughing()
    avatar = sample()
    photographed = render_stills.Photographed(render_stills._unposed(avatar, photo, points))
    rng = np.random.default_rng(3)
    for _ in range(3):
        picture, at = photographed.shaped(render_stills.mouth_shape(rng), motion(headYaw=0.05), rng)
        before, after = (opening(0, p[: lm.MESH_POINTS] * 1.0) for p in (points, at))
        assert 0.5 * before < after * _width(at) / _width(points) < before + 0.01
        middle = at[[13, 14], :2].mean(0)
        x, y = np.rint(middle).astype(int)
        was = photo[tuple(np.rint(points[[13, 14], :2].mean(0)).astype(int)[::-1])]
        assert np.abs(picture[y, x].astype(int) - was).max() < 60


def _width(points: F32) -> float:
    return float(np.linalg.norm((points[lm.MOUTH_LEFT] - points[lm.MOUTH_RIGHT])[:2]))
