"""Words: sign of valence, labels, languages it does not know, sizes it must bear."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.emotion.text import MAX_CHARS, TextSentiment, is_english, tidy
from engines.emotion.values import EMOTIONS, TextCue

TEXT = TextSentiment.load()


def label(cue: TextCue) -> str:
    return EMOTIONS[int(cue.probabilities.argmax())]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("I am so happy to see you, thank you!", "joy"),
        ("I hate this, it makes me furious.", "anger"),
        ("She was crying, we are all so sad.", "sadness"),
        ("I am terrified of what comes next.", "fear"),
        ("Yuck, that is disgusting.", "disgust"),
        ("I am so bored, this is dull.", "boredom"),
        ("Wow, I did not expect that!", "surprise"),
        ("The meeting is at ten.", "neutral"),
    ],
)
def test_plain_words_are_told(text: str, meant: str) -> None:
    assert label(TEXT.score(text)) == meant


def test_valence_has_the_right_sign_and_hears_negation() -> None:
    assert TEXT.score("What a wonderful day").valence > 0.4
    assert TEXT.score("What a horrible day").valence < -0.4
    assert TEXT.score("I am not happy with this").valence < 0.0
    assert label(TEXT.score("I am not happy with this")) != "joy"


def test_exclamation_and_capitals_excite() -> None:
    calm = TEXT.score("this is great").arousal
    assert TEXT.score("this is great!!!").arousal > calm
    assert TEXT.score("this is GREAT").arousal > calm


def test_the_newest_sentence_counts_most() -> None:
    better = TEXT.score("It was terrible. But now everything is wonderful.")
    worse = TEXT.score("But now everything is wonderful. It was terrible.")
    assert better.valence > 0.0 > worse.valence or better.valence > worse.valence + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "Das war ein sehr schöner Tag und ich bin froh",
        "die Sonne war warm und der Wind auch",
        "C'est la vie et je suis très triste",
        "El día es muy bonito y yo soy feliz",
        "Vandaag is het niet warm en ik ben moe van het lopen",
        "我今天非常高兴",
        "Мне очень грустно",
        "אני שמח",
        "",
        "   \n\t ",
        "\x00\x01\x02",
    ],
)
def test_what_it_does_not_know_has_no_confidence(text: str) -> None:
    assert TEXT.score(text).confidence == 0.0


def test_english_is_known_by_its_function_words() -> None:
    assert is_english("I think we should go to the station")
    assert is_english("wow")
    assert is_english("\U0001f600")
    assert not is_english("ich denke wir gehen jetzt zum Bahnhof")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "I am happy. " * 1700,
        "!" * 20_000,
        "\U0001f600" * 20_000,
        "not " * 5000 + "glad",
        "n't " * 5000,
        "\u202e\u200b" * 10_000,
        "(" * 20_000,
    ],
)
def test_20_kilobytes_are_bounded(text: str) -> None:
    TEXT.score("warm")
    began = time.process_time()
    cue = TEXT.score(text)
    assert time.process_time() - began < 2
    assert len(tidy(text)) <= 2 * MAX_CHARS
    assert np.isfinite(cue.probabilities).all()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=700))
def test_any_text_gives_bounded_values(text: str) -> None:
    cue = TEXT.score(text)
    assert cue.probabilities.shape == (8,)
    assert cue.probabilities.sum() == pytest.approx(1.0, abs=1e-4)
    assert -1.0 <= cue.valence <= 1.0 and -1.0 <= cue.arousal <= 1.0
    assert 0.0 <= cue.confidence <= 1.0
