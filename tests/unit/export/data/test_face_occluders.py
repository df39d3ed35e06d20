"""Things before faces: where they are meant to be, and opaque there."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import F32
from export.data import face_occluders as module
from export.data.face_drawn import drawn_cache
from export.data.face_occluders import Draw, Subject, eyes_of, mouth_of
from export.data.faces import BASE_PX

FACES = drawn_cache(6, 3).train
SUBJECT = Subject(
    FACES.images[0], FACES.points[0], FACES.images[1], np.array([90, 120, 180], np.float32)
)


def at(alpha: F32, point: F32) -> float:
    return float(alpha[int(point[1]), int(point[0])])


@pytest.mark.parametrize(
    "draw", [module.mask, module.scarf, module.hand, module.microphone, module.thing]
)
def test_a_drawing_has_colour_and_opacity_of_the_crop(draw: Draw) -> None:
    for seed in range(12):
        colour, alpha = draw(SUBJECT, np.random.default_rng(seed))
        assert colour.shape == (BASE_PX, BASE_PX, 3) and alpha.shape == (BASE_PX, BASE_PX)
        assert alpha.min() >= 0 and alpha.max() <= 1 and alpha.max() > 0.9
        assert np.isfinite(colour).all()


def test_most_masks_hide_the_mouth_and_none_an_eye() -> None:
    mouths = []
    for seed in range(30):
        _, alpha = module.mask(SUBJECT, np.random.default_rng(seed))
        mouths.append(at(alpha, mouth_of(SUBJECT.points)))
        assert max(at(alpha, eye) for eye in eyes_of(SUBJECT.points)) < 0.5
    assert 0.6 < np.mean(np.array(mouths) > 0.5) < 1


def test_hands_are_skin() -> None:
    colour, alpha = module.hand(SUBJECT, np.random.default_rng(2))
    mean = colour[alpha > 0.9].mean(0)
    assert mean[0] < mean[1] < mean[2]
