"""Fusion: any subset of streams, confidence decides conflicts, overrides are monotone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engines.emotion.fuse import EmotionFusion, Token
from engines.emotion.values import (
    AROUSAL_TABLE,
    EMOTION_INDEX,
    EMOTIONS,
    SPOKEN,
    VALENCE_TABLE,
    Z_SIZE,
    EmotionOverride,
    SpeechCue,
    TextCue,
    table_affect,
)
from engines.emotion.weights import EmotionWeights

FUSION = EmotionFusion(EmotionWeights.load())


def speech(label: str, confidence: float = 0.7, sure: float = 0.8) -> SpeechCue:
    shares = np.full(SPOKEN, (1.0 - sure) / (SPOKEN - 1), np.float32)
    shares[EMOTION_INDEX[label]] = sure
    valence, arousal = table_affect(shares)
    return SpeechCue(shares, shares, valence, arousal, valence, arousal, confidence, 2.0)


def text(label: str, confidence: float = 0.8, sure: float = 0.8) -> TextCue:
    shares = np.full(8, (1.0 - sure) / 7, np.float32)
    shares[EMOTION_INDEX[label]] = sure
    return TextCue(shares, *table_affect(shares), confidence)


def tokens(label: str) -> dict[str, Token]:
    classes, affect = FUSION.speech_tokens(speech(label))
    return {"text": FUSION.text_token(text(label)), "speech": classes, "affect": affect}


def test_nothing_heard_is_exactly_neutral() -> None:
    z = FUSION.fuse([])
    assert not z.any()
    reading = FUSION.read(z)
    assert EMOTIONS[int(reading.probabilities.argmax())] == "neutral"
    assert (reading.valence, reading.arousal, reading.intensity) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("label", EMOTIONS[:SPOKEN])
@pytest.mark.parametrize(
    "streams",
    [c for n in (1, 2, 3) for c in itertools.combinations(("text", "speech", "affect"), n)],
    ids="+".join,
)
def test_any_subset_is_understood(label: str, streams: tuple[str, ...]) -> None:
    z = FUSION.fuse([tokens(label)[name] for name in streams])
    reading = FUSION.read(z)
    assert np.abs(z).max() <= 1.0
    assert reading.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    i = EMOTION_INDEX[label]
    # Away from the middle, to the side where the label lies.
    for said, meant in (
        (reading.valence, VALENCE_TABLE[i]),
        (reading.arousal, AROUSAL_TABLE[i]),
    ):
        assert said * meant > 0.0 or abs(meant) < 0.3 or abs(said) < 0.1
    if streams != ("affect",):
        assert int(reading.probabilities.argmax()) == i


def test_order_of_streams_does_not_matter() -> None:
    found = list(tokens("anger").values())
    assert np.allclose(FUSION.fuse(found), FUSION.fuse(found[::-1]), atol=1e-6)


def test_of_conflicting_cues_the_surer_one_wins() -> None:
    def read(text_confidence: float, speech_confidence: float) -> float:
        classes, affect = FUSION.speech_tokens(speech("anger", speech_confidence))
        words = FUSION.text_token(text("joy", text_confidence))
        return FUSION.read(FUSION.fuse([words, classes, affect])).valence

    assert read(0.9, 0.1) > 0.15
    assert read(0.1, 0.9) < -0.15
    steps = [read(c, 0.4) for c in np.linspace(0.0, 1.0, 9)]
    assert all(a <= b for a, b in itertools.pairwise(steps)), "more trust in joy, more joy"


def test_a_cue_without_confidence_changes_nothing() -> None:
    found = list(tokens("sadness").values())
    none = FUSION.text_token(text("joy", 0.0))
    assert np.allclose(FUSION.fuse([*found, none]), FUSION.fuse(found), atol=1e-7)


@pytest.mark.parametrize("label", EMOTIONS)
def test_an_override_is_what_was_asked_for(label: str) -> None:
    reading = FUSION.read(FUSION.place(EmotionOverride(label)))
    i = EMOTION_INDEX[label]
    assert int(reading.probabilities.argmax()) == i
    assert reading.probabilities[i] > 0.6
    assert reading.valence == pytest.approx(VALENCE_TABLE[i], abs=0.12)
    assert reading.arousal == pytest.approx(AROUSAL_TABLE[i], abs=0.12)
    assert (reading.intensity > 0.65) == (label != "neutral")


@pytest.mark.parametrize("label", EMOTIONS[1:])
def test_more_intensity_is_more_of_the_label(label: str) -> None:
    readings = [
        FUSION.read(FUSION.place(EmotionOverride(label, intensity=i)))
        for i in np.linspace(0.0, 1.0, 21).tolist()
    ]
    i = EMOTION_INDEX[label]
    for a, b in itertools.pairwise(readings):
        assert b.probabilities[i] >= a.probabilities[i] - 1e-6
        assert b.intensity >= a.intensity - 1e-6
        assert abs(b.valence) >= abs(a.valence) - 1e-6
        assert abs(b.arousal) >= abs(a.arousal) - 1e-6
    assert readings[0].intensity == 0.0


@pytest.mark.parametrize("valence", [-0.9, -0.3, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("arousal", [-1.0, 0.0, 0.8])
def test_a_place_in_the_plane_is_reached(valence: float, arousal: float) -> None:
    z = FUSION.place(EmotionOverride(valence=valence, arousal=arousal))
    reading = FUSION.read(z)
    assert np.abs(z).max() <= 1.0
    assert reading.valence == pytest.approx(valence, abs=0.12)
    assert reading.arousal == pytest.approx(arousal, abs=0.12)


def test_a_label_can_be_moved() -> None:
    calm = FUSION.read(FUSION.place(EmotionOverride("joy", arousal=-0.3)))
    assert calm.arousal == pytest.approx(-0.3, abs=0.12)
    assert calm.valence == pytest.approx(0.8, abs=0.12)


def test_pleasant_and_excited_is_joy() -> None:
    reading = FUSION.read(FUSION.place(EmotionOverride(valence=0.8, arousal=0.5)))
    assert EMOTIONS[int(reading.probabilities.argmax())] == "joy"
    assert FUSION.place(EmotionOverride("joy")).shape == (Z_SIZE,)
