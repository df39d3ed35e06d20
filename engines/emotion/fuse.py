"""Fusion of the three streams into Z_emo: any of them may be missing, each weighs its confidence.

Weights are shared and read-only; pure; runs on the engine thread.
Never keeps state: the same cues give the same Z_emo. Without any cue Z_emo is exactly zero.

A stream's encoder gives a token in [-1, 1]^64; tokens are averaged by (learned trust x
confidence), against a constant weight that stands for "neutral". Labels, valence and arousal are
read from Z_emo by linear heads, so everything that is said about a frame follows from one vector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
)
from engines.emotion.weights import EmotionWeights
from engines.values import F32

STREAMS = ("text", "speech", "affect")
INPUTS = {"text": len(EMOTIONS) + 2, "speech": SPOKEN + 1, "affect": 4}
HIDDEN = 32
NEUTRAL_LOGIT = 2.5
"""Of the zero vector, against 0 for each other label: neutral 0.63."""
AFFECT_LIMIT = 0.95
"""Valence and arousal are hyperbolic tangents: 1 itself would need an endless vector."""
NEAR = 0.35
"""How near (in the valence-arousal plane) labels lend their colour to an override without one."""


@dataclass(frozen=True, slots=True)
class Token:
    """What one stream says, encoded, and how far it is to be trusted."""

    values: F32
    """f32[64]."""
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read from one Z_emo."""

    probabilities: F32
    valence: float
    arousal: float
    intensity: float


def text_input(cue: TextCue) -> F32:
    """f32[10]: label probabilities, valence, arousal."""
    return np.array([*cue.probabilities, cue.valence, cue.arousal], np.float32)


def speech_input(cue: SpeechCue) -> F32:
    """f32[8]: class probabilities against the speaker's own, and how long was heard (0..1)."""
    return np.array([*cue.relative, min(1.0, cue.heard_s / 2.0)], np.float32)


def affect_input(cue: SpeechCue) -> F32:
    """f32[4]: valence and arousal of the voice, against the speaker's baseline and absolute."""
    changes = (cue.valence_change, cue.arousal_change)
    return np.array([*changes, cue.valence, cue.arousal], np.float32)


class EmotionFusion:
    """Shared weights of encoders, trusts, heads and the labels' own places."""

    def __init__(self, weights: EmotionWeights) -> None:
        self._first = {s: weights.get(f"fuse_{s}_first", INPUTS[s], HIDDEN) for s in STREAMS}
        self._first_bias = {s: weights.get(f"fuse_{s}_first_bias", HIDDEN) for s in STREAMS}
        self._last = {s: weights.get(f"fuse_{s}_last", HIDDEN, Z_SIZE) for s in STREAMS}
        self._trust = dict(zip(STREAMS, weights.get("fuse_trust", 3).tolist(), strict=True))
        self._reserve = float(weights.get("fuse_reserve", 1)[0])
        self._labels = np.ascontiguousarray(weights.get("fuse_labels", Z_SIZE, len(EMOTIONS)).T)
        self._affect = np.ascontiguousarray(weights.get("fuse_affect", Z_SIZE, 2).T)
        self._places = weights.get("fuse_places", len(EMOTIONS), Z_SIZE)
        self._to_affect = np.linalg.pinv(self._affect.astype(np.float64)).astype(np.float32)

    def text_token(self, cue: TextCue) -> Token:
        """Encoded; weight 0 when it knows nothing."""
        return self._token("text", text_input(cue), cue.confidence)

    def speech_tokens(self, cue: SpeechCue) -> tuple[Token, Token]:
        """The classes' token and that of the audio's valence-arousal."""
        return (
            self._token("speech", speech_input(cue), cue.confidence),
            self._token("affect", affect_input(cue), cue.confidence),
        )

    def _token(self, stream: str, values: F32, confidence: float) -> Token:
        hidden = np.maximum(values @ self._first[stream] + self._first_bias[stream], 0.0)
        return Token(np.tanh(hidden @ self._last[stream]), self._trust[stream] * confidence)

    def fuse(self, tokens: Sequence[Token]) -> F32:
        """Z_emo f32[64] in [-1, 1] of the tokens there are."""
        total = self._reserve + sum(token.weight for token in tokens)
        z = np.zeros(Z_SIZE, np.float32)
        for token in tokens:
            z += np.float32(token.weight / total) * token.values
        return z

    def read(self, z: F32) -> Reading:
        """Labels, valence, arousal and intensity of a Z_emo."""
        scores = self._labels @ z
        scores[0] += np.float32(NEUTRAL_LOGIT)
        shares = np.exp(scores - np.maximum.reduce(scores))
        shares /= np.add.reduce(shares)
        valence, arousal = np.tanh(self._affect @ z).tolist()
        intensity = min(1.0, math.hypot(valence, arousal))
        return Reading(shares, valence, arousal, intensity)

    def place(self, wanted: EmotionOverride) -> F32:
        """Z_emo of an override: on the straight line from neutral to what is asked for."""
        if wanted.label is None:
            valence, arousal = wanted.valence or 0.0, wanted.arousal or 0.0
            away = (VALENCE_TABLE - valence) ** 2 + (AROUSAL_TABLE - arousal) ** 2
            near = np.exp(-away / (2.0 * NEAR**2))
            z = (near / near.sum()) @ self._places
        else:
            z = self._places[EMOTION_INDEX[wanted.label]]
        goal = self._affect @ z
        for i, value in enumerate((wanted.valence, wanted.arousal)):
            if value is not None or wanted.label is None:
                goal[i] = np.arctanh(np.clip(value or 0.0, -AFFECT_LIMIT, AFFECT_LIMIT))
        z = np.clip(z + self._to_affect @ (goal - self._affect @ z), -1.0, 1.0)
        placed: F32 = (np.float32(wanted.intensity) * z).astype(np.float32)
        return placed
