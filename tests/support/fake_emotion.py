"""A stand-in for EmotionModel: feels what it is told, at once.

Used on whatever thread drives the model under test.
Never hears anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.emotion.values import (
    AROUSAL_TABLE,
    EMOTION_INDEX,
    EMOTIONS,
    VALENCE_TABLE,
    Z_SIZE,
    Emotion,
    EmotionOverride,
)
from engines.emotion.voice import Known
from engines.values import F32


@dataclass
class FakeEmotionState:
    """What was said, and what is wished."""

    said: list[str] = field(default_factory=list)
    wanted: EmotionOverride | None = None


class FakeEmotion:
    """The interface of EmotionModel."""

    def new_state(self) -> FakeEmotionState:
        """State of a new session."""
        return FakeEmotionState()

    def step(
        self,
        state: FakeEmotionState,
        samples: F32,
        speaking: bool,
        known: Known | None = None,
    ) -> Emotion:
        """The emotion wished for, or neutral."""
        shares = np.zeros(len(EMOTIONS), np.float32)
        wanted = state.wanted
        label = wanted.label if wanted is not None and wanted.label else "neutral"
        shares[EMOTION_INDEX[label]] = 1.0
        intensity = wanted.intensity if wanted is not None and label != "neutral" else 0.0
        return Emotion(
            z=np.zeros(Z_SIZE, np.float32),
            probabilities=shares,
            valence=intensity * float(VALENCE_TABLE[EMOTION_INDEX[label]]),
            arousal=intensity * float(AROUSAL_TABLE[EMOTION_INDEX[label]]),
            intensity=intensity,
            sources=frozenset({"override"} if wanted is not None else ()),
        )

    def say(self, state: FakeEmotionState, text: str) -> None:
        """Remembers it."""
        state.said.append(text)

    def override(self, state: FakeEmotionState, wanted: EmotionOverride | None) -> None:
        """Feels it."""
        state.wanted = wanted
