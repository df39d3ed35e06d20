"""The values of the emotion stage: labels, what is felt in one frame, what a caller asks for.

Plain frozen data, used by every thread.
Never computes an emotion; only checks what it is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engines.values import F32

EMOTIONS = ("neutral", "joy", "anger", "sadness", "fear", "disgust", "boredom", "surprise")
"""Order of every probability vector. Speech tells the first seven; surprise comes from words or
from an override."""
EMOTION_INDEX: dict[str, int] = {name: i for i, name in enumerate(EMOTIONS)}
SPOKEN = len(EMOTIONS) - 1
"""How many of them are heard in a voice."""
Z_SIZE = 64

VALENCE_TABLE: F32 = np.array([0.0, 0.8, -0.6, -0.65, -0.65, -0.6, -0.4, 0.15], np.float32)
AROUSAL_TABLE: F32 = np.array([0.0, 0.5, 0.8, -0.4, 0.6, 0.35, -0.6, 0.7], np.float32)
"""Our own placing of the labels on Russell's circumplex (1980): a table, no listener's rating."""


@dataclass(frozen=True, slots=True)
class Emotion:
    """What is felt in one frame, all streams fused and smoothed."""

    z: F32
    """Z_emo f32[64] in [-1, 1]; all zero is neutral. Its meaning changes with the weights."""
    probabilities: F32
    """f32[8] in EMOTIONS order, sums to 1."""
    valence: float
    """-1 unpleasant .. 1 pleasant."""
    arousal: float
    """-1 calm .. 1 excited."""
    intensity: float
    """0 neutral .. 1: how far from the middle of the valence-arousal plane."""
    sources: frozenset[str]
    """Streams that had a say: any of "text", "speech", "affect" (audio valence-arousal),
    "override"."""

    @property
    def label(self) -> str:
        """The likeliest emotion."""
        return EMOTIONS[int(self.probabilities.argmax())]


@dataclass(frozen=True, slots=True)
class EmotionOverride:
    """What a caller wants felt, whatever is heard.

    A label, or valence and arousal, or a label with one of them moved. Raises ValueError on an
    unknown label, a value out of range, or nothing asked for.
    """

    label: str | None = None
    valence: float | None = None
    """-1..1; None: that of the label, or 0."""
    arousal: float | None = None
    """-1..1; None: that of the label, or 0."""
    intensity: float = 1.0
    """0 (neutral) .. 1 (full)."""

    def __post_init__(self) -> None:
        if self.label is None and self.valence is None and self.arousal is None:
            raise ValueError("emotion override: give a label, a valence or an arousal")
        if self.label is not None and self.label not in EMOTION_INDEX:
            known = ", ".join(EMOTIONS)
            raise ValueError(f"emotion override: label {self.label!r} is none of {known}")
        for name, value in (("valence", self.valence), ("arousal", self.arousal)):
            if value is not None:
                _check(name, value, -1.0)
        _check("intensity", self.intensity, 0.0)


@dataclass(frozen=True, slots=True)
class SpeechCue:
    """What a stretch of voice sounds like."""

    probabilities: F32
    """f32[7], the first seven EMOTIONS, sums to 1."""
    relative: F32
    """The same against what this speaker sounds like on the whole: what is usual for the voice
    counts for less."""
    valence: float
    arousal: float
    valence_change: float
    """Against this speaker's own running baseline, -1..1: trust it over the absolute value on a
    voice or language unlike the training data's."""
    arousal_change: float
    confidence: float
    """0..1: grows with the voiced speech heard, falls with noise and with doubt between labels."""
    heard_s: float
    """Seconds of speech behind this cue."""


@dataclass(frozen=True, slots=True)
class TextCue:
    """What words say."""

    probabilities: F32
    """f32[8] in EMOTIONS order, sums to 1."""
    valence: float
    arousal: float
    confidence: float
    """0..1; 0 for text without a known word, or in a language the model does not know."""


NO_TEXT = TextCue(np.eye(len(EMOTIONS), dtype=np.float32)[0], 0.0, 0.0, 0.0)
"""Says nothing."""


def _check(name: str, value: float, low: float) -> None:
    # bool is an int in Python; JSON's true is no number.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= 1.0:
        raise ValueError(f"emotion override: {name} {value!r} is not in {low:g}..1")


def table_affect(probabilities: Iterable[float]) -> tuple[float, float]:
    """Valence and arousal of a label distribution (seven or eight values), by the table."""
    shares = np.fromiter(probabilities, np.float64)
    size = len(shares)
    valence = float(shares @ VALENCE_TABLE[:size].astype(np.float64))
    arousal = float(shares @ AROUSAL_TABLE[:size].astype(np.float64))
    return valence, arousal
