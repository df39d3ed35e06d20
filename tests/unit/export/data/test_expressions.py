"""Emotions as postures: known channels, in range, mixing by shares."""

from __future__ import annotations

import numpy as np

from engines.emotion.values import EMOTIONS
from engines.motion.face import CHANNEL_INDEX, HIGH, LOW
from export.data.expressions import MANNERS, mixed, posture


def test_every_emotion_has_a_manner() -> None:
    assert set(MANNERS) == set(EMOTIONS)
    assert not posture("neutral").any()


def test_postures_are_in_range_and_apart() -> None:
    rows = np.stack([posture(name) for name in EMOTIONS[1:]])
    assert (rows >= LOW).all() and (rows <= HIGH).all()
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2) + 9 * np.eye(len(rows))
    assert apart.min() > 0.5


def test_signs_of_the_well_known_ones() -> None:
    at = CHANNEL_INDEX
    assert posture("joy")[at["smileLeft"]] > 0.5
    assert posture("anger")[at["browDown"]] > 0.5
    assert posture("sadness")[at["browInner"]] > 0.5 and posture("sadness")[at["frown"]] > 0.5
    assert posture("surprise")[at["wide"]] > 0.5


def test_a_mixture_lies_between() -> None:
    shape, manner = mixed({"joy": 0.5})
    assert np.allclose(shape, 0.5 * posture("joy"))
    assert 1.0 < manner.turn < MANNERS["joy"].turn
    nothing, usual = mixed({})
    assert not nothing.any() and usual.tempo == 1.0
