"""The person net's crop, and its answer's way back into the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.face.frame import move_points
from engines.face.person import REACH, SIDE_PX, person_crop, person_near, trust
from engines.face.weights import FaceNets, load
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8
from tests.support.sample_avatar import sample, soft_mask


class Bright:
    """Takes what is bright for a person."""

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        assert names == ["person"]
        return [(feed["pictures"].mean(1, keepdims=True) - 128) / 8]


def nets() -> FaceNets:
    session: Any = Bright()
    return FaceNets({"person": session}, np.arange(478), 0.2, 0.03, 0.5)


def leaning(degrees: float) -> F32:
    """The sample's mesh turned about the picture's middle."""
    turn = cv2.getRotationMatrix2D((256, 256), degrees, 1.0).astype(np.float32)
    return move_points(sample().landmarks, turn)


@pytest.mark.parametrize("degrees", [0, 25, -40])
def test_the_crop_is_upright_about_the_face(degrees: float) -> None:
    at = move_points(leaning(degrees), person_crop(leaning(degrees)))
    middle = (at[lm.FACE_TOP] + at[lm.CHIN])[:2] / 2
    assert np.allclose(middle, (SIDE_PX - 1) / 2, atol=0.1)
    width = np.linalg.norm((at[lm.FACE_RIGHT] - at[lm.FACE_LEFT])[:2])
    assert width == pytest.approx(SIDE_PX / (2 * REACH), rel=0.01)
    across = at[lm.FACE_RIGHT] - at[lm.FACE_LEFT]
    assert abs(np.degrees(np.arctan2(across[1], abs(across[0])))) < 6


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("shape", [(512, 512), (700, 512)])
def test_the_answer_lies_where_the_picture_shows_it(degrees: float, shape: tuple[int, int]) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    cv2.rectangle(picture, (200, 240), (330, 470), (255, 255, 255), -1)
    near, counts = person_near(picture, leaning(degrees), 256, nets())
    assert near.shape == counts.shape == (256, 256)
    truth = cv2.resize(picture[..., 0], (256, 256), interpolation=cv2.INTER_AREA) > 127
    sure = counts > 0.99
    assert sure.mean() > 0.4
    assert ((near > 0.5) != truth)[sure].mean() < 0.01


def test_it_counts_in_the_crop_and_fades_to_its_edge() -> None:
    share = trust()
    assert share[SIDE_PX // 2, SIDE_PX // 2] == 1 and share[0].max() == 0 == share[:, -1].max()
    assert np.abs(np.diff(share, axis=0)).max() < 0.1
    small = sample().landmarks * np.float32(0.2)
    _, counts = person_near(np.zeros((512, 512, 3), np.uint8), small, 256, nets())
    assert counts[200:, 200:].max() == 0


def test_the_shipped_net_finds_a_person() -> None:
    avatar, truth = sample(), soft_mask()
    near, counts = person_near(avatar.portrait, avatar.landmarks, 512, load())
    said, true = (near > 0.5) & (counts > 0), (truth > 0.5) & (counts > 0)
    assert (said & true).sum() / (said | true).sum() > 0.93
    mirrored: U8 = np.ascontiguousarray(avatar.portrait[:, ::-1])
    points = avatar.landmarks.copy()
    points[:, 0] = 511 - points[:, 0]
    points = points[load().mirror]
    other, _ = person_near(mirrored, points, 512, load())
    assert np.abs(other[:, ::-1] - near).mean() < 0.01
