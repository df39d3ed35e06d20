"""Pairs with nothing to draw: moved, but the truth is the picture."""

from __future__ import annotations

import numpy as np

from engines.values import MOTION_INDEX
from export.data import render_kept
from export.data.render_stills import Portraits
from tests.support.sample_avatar import sample, soft_mask


def people() -> Portraits:
    mask = (soft_mask() * 255).astype(np.uint8)
    avatar = sample()
    return Portraits(["p"], avatar.portrait[None], avatar.landmarks[None], mask[None])


def test_the_truth_is_the_picture_and_the_face_has_moved() -> None:
    ticks: list[int] = []
    rows = list(render_kept.make(people(), 3, 1, lambda: ticks.append(1)))
    assert len(rows) == 3 and len(ticks) == 1
    for mouth, left, right in rows:
        assert mouth is not None and left is not None and right is not None
        for pair in (mouth, left, right):
            assert set(pair.kind) == {"kept"} and pair.has_previous.all()
            np.testing.assert_array_equal(pair.truth, pair.picture)
            np.testing.assert_array_equal(pair.previous_truth, pair.previous_picture)
        assert (mouth.picture != mouth.rest).any()


def test_no_smile_and_no_shut_lids() -> None:
    rng = np.random.default_rng(1)
    moved = np.stack([render_kept.speaking(rng) for _ in range(200)])
    assert moved[:, MOTION_INDEX["mouthSmileLeft"]].max() <= 0.25
    lids = moved[:, MOTION_INDEX["eyeBlinkLeft"]]
    assert lids.max() <= 0.65 and lids.std() > 0.1
    assert moved[:, MOTION_INDEX["jawOpen"]].max() > 0.4
