"""The readout of an emotion: intensities and affect, whatever made Z_emo."""

from __future__ import annotations

import numpy as np

from engines.emotion.values import EMOTIONS, Z_SIZE, Emotion
from engines.motion.feeling import FEELING_NAMES, FEELING_SIZE, feeling, felt

JOY = FEELING_NAMES.index("joy")


def test_intensity_scales_the_label() -> None:
    shares = np.zeros(len(EMOTIONS), np.float32)
    shares[EMOTIONS.index("joy")] = 1.0
    emotion = Emotion(np.zeros(Z_SIZE, np.float32), shares, 0.4, 0.2, 0.5, frozenset())
    told = feeling(emotion)
    assert told.shape == (FEELING_SIZE,)
    assert told[JOY] == 0.5
    assert np.allclose(told[-2:], (0.4, 0.2))


def test_neutral_is_nothing() -> None:
    neutral = np.zeros((3, len(EMOTIONS)), np.float32)
    neutral[:, 0] = 1.0
    assert not felt(neutral).any()


def test_training_sees_the_table() -> None:
    sad = np.zeros(len(EMOTIONS), np.float32)
    sad[EMOTIONS.index("sadness")] = 1.0
    told = felt(sad)
    assert told[FEELING_NAMES.index("sadness")] == 1.0
    assert told[-2] < -0.3 and told[-1] < 0
