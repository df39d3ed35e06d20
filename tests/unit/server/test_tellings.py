"""Tellings: what is taken, and what is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Listen, Manner
from server.errors import ApiError
from server.tellings import KINDS, SceneTelling, TranscriptTelling, read_telling, wish_of


def wished(message: dict[str, Any]) -> object:
    telling = read_telling(message)
    assert not isinstance(telling, SceneTelling | TranscriptTelling)
    return wish_of(telling)


@pytest.mark.parametrize(
    ("message", "wish"),
    [
        (
            {"type": "emotion", "label": "joy", "intensity": 0.5},
            Feel(EmotionOverride("joy", intensity=0.5)),
        ),
        ({"type": "emotion", "arousal": 0.8}, Feel(EmotionOverride(arousal=0.8))),
        ({"type": "emotion"}, Feel(None)),
        ({"type": "emotion", "label": None}, Feel(None)),
        ({"type": "action", "name": "nod"}, Act("nod")),
        ({"type": "manner", "dials": {"smile": 1}}, Manner({"smile": 1.0})),
        ({"type": "manner", "temperature": 0.5}, Manner({}, 0.5)),
        ({"type": "listening", "speaking": True, "energy": 0.4}, Listen(True, 0.4)),
    ],
)
def test_what_is_taken(message: dict[str, Any], wish: object) -> None:
    assert wished(message) == wish
    assert message["type"] in KINDS


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "fly"},
        {"type": "transcript"},
        {"type": "transcript", "text": 5},
        {"type": "transcript", "text": "x" * 20_001},
        {"type": "emotion", "label": "joy", "strength": 1},
        {"type": "emotion", "valence": 1.5},
        {"type": "emotion", "valence": math.nan},
        {"type": "manner", "dials": {"smile": 2}},
        {"type": "manner", "dials": {f"d{i}": 0.5 for i in range(17)}},
        {"type": "manner", "temperature": -1},
        {"type": "listening"},
    ],
)
def test_what_is_no_telling(message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_telling(message)


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ({"type": "emotion", "label": "glee"}, "joy"),
        ({"type": "action", "name": "fly"}, "nod"),
        ({"type": "manner", "dials": {"speed": 0.5}}, "energy"),
    ],
)
def test_unknown_names_are_told_with_those_there_are(message: dict[str, Any], names: str) -> None:
    with pytest.raises(ApiError) as caught:
        wished(message)
    assert caught.value.status == 422 and names in caught.value.message
