"""The head on a sentence's vector: what it adds, how much at most, and what it says of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from engines.emotion.sentence import LIMIT, SENTENCE_SIZE, SentenceValence
from engines.emotion.text import TextSentiment
from engines.emotion.weights import BadEmotionWeights, EmotionWeights
from engines.scene.encoder import SceneEncoder

ENCODER = SceneEncoder.load()


def head_of(direction: np.ndarray, bias: float = 0.0) -> SentenceValence:
    arrays = {
        "text_sentence": direction.astype(np.float32),
        "text_sentence_bias": np.array([bias], np.float32),
    }
    return SentenceValence(EmotionWeights(arrays, {}), ENCODER)


def test_it_adds_along_its_direction_up_to_the_limit() -> None:
    vector = ENCODER.embed("the film drags on for hours")
    assert head_of(0.1 * vector).of("the film drags on for hours") == pytest.approx(0.1, abs=1e-4)
    assert head_of(-9 * vector).of("the film drags on for hours") == -LIMIT
    assert head_of(9 * vector).of("the film drags on for hours") == LIMIT


@pytest.mark.parametrize("text", ["", " ", "\x00"])
def test_nothing_said_adds_nothing(text: str) -> None:
    assert head_of(np.ones(SENTENCE_SIZE), bias=0.3).of(text) == 0.0


def test_weights_of_another_size_are_named() -> None:
    with pytest.raises(BadEmotionWeights, match="text_sentence is"):
        head_of(np.ones(SENTENCE_SIZE + 1))


def test_the_shipped_head_reads_what_the_lexicon_misses() -> None:
    full, lexicon = TextSentiment.load(), TextSentiment()
    dull = "the plot goes nowhere and the ending makes no sense"
    moving = "a moving portrait of two friends, told with warmth and wit"
    apart = full.score(moving).valence - full.score(dull).valence
    assert apart > lexicon.score(moving).valence - lexicon.score(dull).valence
