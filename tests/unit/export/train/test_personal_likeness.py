"""Two people are told apart where something can tell; else it is said that nothing did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.values import F32, U8
from export.data.personal_track import LOST, OK, Track
from export.data.personal_video import Shot
from export.rig.tracker import TrackerFailed
from export.train import personal_likeness
from export.train.personal_likeness import LOOKS, NotSamePerson, check_person
from tests.support.films import speaking
from tests.support.sample_avatar import sample

COUNT = 30


def film() -> Iterator[Shot]:
    return (Shot(speaking()[0][k % 12], True) for k in range(COUNT))


def found() -> Track:
    points = np.stack([speaking()[1][k % 12] for k in range(COUNT)])
    state = np.full(COUNT, OK, np.uint8)
    state[5] = LOST
    return Track(points, state, np.ones(COUNT, bool), np.ones(COUNT, np.float32))


@pytest.mark.parametrize(("away", "alike"), [(0.3, True), (0.9, False)])
def test_distance_decides(monkeypatch: pytest.MonkeyPatch, away: float, alike: bool) -> None:
    def vectors(pictures: U8, landmarks: F32, python: Path) -> F32:
        assert pictures.shape == (1 + LOOKS, 512, 512, 3) and len(landmarks) == 1 + LOOKS
        eyes = [33, 263]
        np.testing.assert_allclose(landmarks[1:, eyes, :2], sample().landmarks[None, eyes, :2]
                                   .repeat(LOOKS, 0), atol=12)  # fmt: skip
        out = np.zeros((len(pictures), 128), np.float32)
        out[1:, 0] = away
        return out

    monkeypatch.setattr(personal_likeness, "identity_vectors", vectors)
    if alike:
        assert "one person (distance 0.30" in check_person(sample(), film(), found(), Path("p"))
        return
    with pytest.raises(NotSamePerson, match=r"somebody else.*0\.90.*;"):
        check_person(sample(), film(), found(), Path("p"))


def test_without_a_judge_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not checked" in check_person(sample(), film(), found(), None)

    def missing(pictures: U8, landmarks: F32, python: Path) -> F32:
        raise TrackerFailed("no dlib here")

    monkeypatch.setattr(personal_likeness, "identity_vectors", missing)
    said = check_person(sample(), film(), found(), Path("p"))
    assert "not checked" in said and "no dlib here" in said
