"""What the face is told of an emotion: the readout of Z_emo that the audio-to-motion net hears.

Pure; used by the engine thread and by training.
Never depends on which weights made Z_emo: both sides may be trained again on their own.
"""

from __future__ import annotations

import numpy as np

from engines.emotion.values import AROUSAL_TABLE, EMOTIONS, VALENCE_TABLE, Emotion
from engines.values import F32

FEELING_NAMES: tuple[str, ...] = (*EMOTIONS[1:], "valence", "arousal")
"""Intensity of each emotion but neutral (0..1, at most 1 together), valence and arousal (-1..1)."""
FEELING_SIZE = len(FEELING_NAMES)
_JOY = FEELING_NAMES.index("joy")
_FULL: F32 = np.hypot(VALENCE_TABLE, AROUSAL_TABLE)[1:].astype(np.float32)
"""How far from the middle each emotion lies at its fullest: sadness no further than 0.76."""


def feeling(emotion: Emotion) -> F32:
    """f32[9] in FEELING_NAMES order."""
    felt = emotion.probabilities[1:]
    full = float(felt @ _FULL) / max(float(np.add.reduce(felt)), 1e-6)
    out = np.empty(FEELING_SIZE, np.float32)
    out[:-2] = felt * np.float32(min(1.0, emotion.intensity / max(full, 1e-6)))
    out[-2:] = emotion.valence, emotion.arousal
    return out


def sobriety(emotion: Emotion, told: F32, voiced: float) -> float:
    """How far the face lays off the smile that it wears at rest, 0..1.

    told f32[9]: `feeling(emotion)`; voiced 0..1. Joy keeps it (the half of it is enough), every
    other feeling lays it off. Neutral lays it off when asked for, else while it speaks: a friendly
    rest is no message, but a smile over every word is.
    """
    moved = min(1.0, float(np.add.reduce(told[: len(EMOTIONS) - 1])))
    plain = 1.0 if "override" in emotion.sources else voiced
    return (moved + (1.0 - moved) * plain) * max(0.0, 1.0 - 2.0 * float(told[_JOY]))


def felt(shares: F32) -> F32:
    """f32[...,9] of intensities f32[...,8] in EMOTIONS order; valence and arousal by the table."""
    affect = [shares @ VALENCE_TABLE, shares @ AROUSAL_TABLE]
    joined = [shares[..., 1:], *(value[..., None] for value in affect)]
    out: F32 = np.concatenate(joined, axis=-1).astype(np.float32)
    return out
