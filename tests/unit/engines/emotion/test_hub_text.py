"""A published text model in the lexicon's place, on a miniature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.hub_text import HubText
from engines.emotion.model import EmotionModel
from engines.emotion.weights import EmotionWeights
from tests.support import tiny_hub

pytest.importorskip("transformers")


def test_sentiment_and_emotion_models_score_texts(tmp_path: Path) -> None:
    sentiment = HubText(
        tiny_hub.text_classifier(tmp_path / "a", ("negative", "neutral", "positive"))
    )
    emotions = HubText(
        tiny_hub.text_classifier(
            tmp_path / "b",
            ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"),
        )
    )
    for model in (sentiment, emotions):
        one, two = model.score("i am so happy !"), model.score("i am so sad !")
        for cue in (one, two):
            assert cue.probabilities.sum() == pytest.approx(1.0, abs=1e-4)
            assert -1.0 <= cue.valence <= 1.0 and 0.0 <= cue.confidence <= 1.0
        assert not np.array_equal(one.probabilities, two.probabilities), "the words are read"
        assert np.array_equal(one.probabilities, model.score("i am so happy !").probabilities)


def test_no_text_and_20_kilobytes(tmp_path: Path) -> None:
    model = HubText(tiny_hub.text_classifier(tmp_path, ("negative", "positive")))
    assert model.score("").confidence == 0.0
    assert np.isfinite(model.score("happy " * 4000).probabilities).all()


def test_it_takes_the_lexicons_place_in_the_model(tmp_path: Path) -> None:
    reader = HubText(tiny_hub.text_classifier(tmp_path, ("negative", "positive")))
    model = EmotionModel(EmotionWeights.load(), text=reader)
    state = model.new_state()
    model.say(state, "Ich bin so froh")
    for _ in range(25):
        emotion = model.step(state, np.zeros(640, np.float32), False)
    assert emotion.sources <= {"text"}
