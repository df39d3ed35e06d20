"""The emotion values check what they are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engines.emotion.values import (
    AROUSAL_TABLE,
    EMOTIONS,
    NO_TEXT,
    SPOKEN,
    VALENCE_TABLE,
    Z_SIZE,
    Emotion,
    EmotionOverride,
    table_affect,
)


def test_the_label_order_is_the_public_contract() -> None:
    assert EMOTIONS == (
        "neutral",
        "joy",
        "anger",
        "sadness",
        "fear",
        "disgust",
        "boredom",
        "surprise",
    )
    assert len(VALENCE_TABLE) == len(AROUSAL_TABLE) == len(EMOTIONS)
    assert EMOTIONS[SPOKEN] == "surprise"


def test_an_override_takes_a_label_or_a_place() -> None:
    assert EmotionOverride("joy").intensity == 1.0
    assert EmotionOverride(valence=-1, arousal=1, intensity=0).valence == -1


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"intensity": 0.5},
        {"label": "glee"},
        {"label": ""},
        {"valence": 1.01},
        {"arousal": -1.5},
        {"valence": math.nan},
        {"arousal": math.inf},
        {"label": "joy", "intensity": -0.1},
        {"label": "joy", "intensity": 1.1},
        {"label": "joy", "intensity": True},
        {"valence": "0.5"},
    ],
)
def test_an_override_refuses_what_it_cannot_mean(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="emotion override"):
        EmotionOverride(**values)


def test_the_label_of_an_emotion_is_the_likeliest() -> None:
    shares = np.full(8, 0.1, np.float32)
    shares[3] = 0.3
    emotion = Emotion(np.zeros(Z_SIZE, np.float32), shares, 0.0, 0.0, 0.0, frozenset())
    assert emotion.label == "sadness"


def test_the_table_places_labels_and_mixtures() -> None:
    assert table_affect(NO_TEXT.probabilities) == (0.0, 0.0)
    joy, anger = np.eye(7)[1], np.eye(7)[2]
    assert table_affect(joy) == pytest.approx((0.8, 0.5))
    assert table_affect(0.5 * joy + 0.5 * anger) == pytest.approx((0.1, 0.65))
