"""Feelings named in brackets: whatever their form; nothing denied, nothing else."""

from __future__ import annotations

import pytest

from engines.emotion.values import EMOTIONS, EmotionOverride
from engines.scene.feelings import STRONGLY, USUAL, WEAKLY, named_feeling


@pytest.mark.parametrize(
    ("words", "label", "intensity"),
    [
        ("sadly", "sadness", USUAL),
        ("Happy", "joy", USUAL),
        ("happily", "joy", USUAL),
        ("angrily", "anger", USUAL),
        ("surprised", "surprise", USUAL),
        ("surprisingly happy", "surprise", USUAL),
        ("very angry", "anger", STRONGLY),
        ("a bit sad", "sadness", WEAKLY),
        ("in a sad voice", "sadness", USUAL),
        ("with joy", "joy", USUAL),
        ("excited", "joy", USUAL),
        ("sounding nervous", "fear", USUAL),
        ("she is disgusted", "disgust", USUAL),
        ("bored", "boredom", USUAL),
        ("neutral", "neutral", USUAL),
    ],
)
def test_named(words: str, label: str, intensity: float) -> None:
    assert named_feeling(words) == EmotionOverride(label=label, intensity=intensity)


@pytest.mark.parametrize("label", EMOTIONS)
def test_every_label_is_a_name(label: str) -> None:
    found = named_feeling(label)
    assert found is not None and found.label == label


@pytest.mark.parametrize(
    "words",
    [
        *("not happy", "never angry", "without joy", "no longer sad", "isn't sad", "hardly glad"),
        *("happy birthday", "sad songs", "1", "", "  ", "voice", "very", "sad2", "s\u0430d"),
        "sad" * 2000,
    ],
)
def test_denied_or_something_else_is_none(words: str) -> None:
    assert named_feeling(words) is None
