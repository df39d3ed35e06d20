"""Glasses, bands, hair: dark lenses hide, clear ones and beards do not."""

from __future__ import annotations

import numpy as np
import pytest

from export.data import face_wear as module
from export.data.face_occluders import Draw, Subject, eyes_of, mouth_of
from export.data.faces import BASE_PX
from tests.unit.export.data.test_face_occluders import SUBJECT, at


@pytest.mark.parametrize("draw", [module.glasses, module.band, module.strands, module.beard])
def test_a_drawing_has_colour_and_opacity_of_the_crop(draw: Draw) -> None:
    for seed in range(12):
        colour, alpha = draw(SUBJECT, np.random.default_rng(seed))
        assert colour.shape == (BASE_PX, BASE_PX, 3) and alpha.shape == (BASE_PX, BASE_PX)
        assert alpha.min() >= 0 and alpha.max() <= 1
        assert np.isfinite(colour).all()


def test_lenses_are_clear_or_dark_and_both_alike() -> None:
    eyes = eyes_of(SUBJECT.points)
    dark = []
    for seed in range(40):
        _, alpha = module.glasses(SUBJECT, np.random.default_rng(seed))
        seen = [at(alpha, eye) for eye in eyes]
        dark.append(np.mean(seen) > 0.5)
        assert at(alpha, mouth_of(SUBJECT.points)) < 0.1
    assert 0.4 < np.mean(dark) < 0.9


def test_a_beard_leaves_the_lips() -> None:
    for seed in range(10):
        _, alpha = module.beard(SUBJECT, np.random.default_rng(seed))
        assert at(alpha, mouth_of(SUBJECT.points)) < 0.6


def test_some_bands_sit_above_the_eyes() -> None:
    subject: Subject = SUBJECT
    covered = [
        at(module.band(subject, np.random.default_rng(seed))[1], eyes_of(subject.points)[0]) > 0.5
        for seed in range(30)
    ]
    assert 0.4 < np.mean(covered) < 1
