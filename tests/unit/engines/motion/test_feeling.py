"""The readout of an emotion: intensities and affect, whatever made Z_emo."""

from __future__ import annotations

import numpy as np
import pytest

from engines.emotion.model import EmotionModel
from engines.emotion.values import EMOTIONS, Z_SIZE, Emotion, EmotionOverride
from engines.motion.feeling import FEELING_NAMES, FEELING_SIZE, feeling, felt, sobriety
from engines.values import FRAME_SAMPLES

JOY = FEELING_NAMES.index("joy")


def emotion_of(label: str, intensity: float, *sources: str) -> Emotion:
    shares = np.zeros(len(EMOTIONS), np.float32)
    shares[EMOTIONS.index(label)] = 1.0
    return Emotion(np.zeros(Z_SIZE, np.float32), shares, 0.4, 0.2, intensity, frozenset(sources))


def test_intensity_scales_the_label() -> None:
    told = feeling(emotion_of("joy", 0.5))
    assert told.shape == (FEELING_SIZE,)
    assert np.isclose(told[JOY], 0.5 / np.hypot(0.8, 0.5))
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


@pytest.mark.parametrize("label", EMOTIONS[1:])
def test_what_is_asked_for_in_full_is_felt_in_full(label: str) -> None:
    model = EmotionModel.load()
    state = model.new_state()
    model.override(state, EmotionOverride(label))
    for _ in range(60):
        emotion = model.step(state, np.zeros(FRAME_SAMPLES, np.float32), False)
    told = feeling(emotion)
    assert told[FEELING_NAMES.index(label)] > 0.95
    assert told[:-2].sum() <= 1.0 + 1e-5


def test_joy_keeps_the_smile_and_other_feelings_lay_it_off() -> None:
    joy, anger = emotion_of("joy", 1.0), emotion_of("anger", 1.0)
    assert sobriety(joy, feeling(joy), 1.0) == 0.0
    assert sobriety(anger, feeling(anger), 0.0) == 1.0


def test_neutral_lays_it_off_when_asked_for_or_speaking() -> None:
    calm, asked = emotion_of("neutral", 0.0), emotion_of("neutral", 0.0, "override")
    assert sobriety(calm, feeling(calm), 0.0) == 0.0
    assert sobriety(calm, feeling(calm), 1.0) == 1.0
    assert sobriety(asked, feeling(asked), 0.0) == 1.0
