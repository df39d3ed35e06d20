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


def feeling(emotion: Emotion) -> F32:
    """f32[9] in FEELING_NAMES order."""
    shares = emotion.probabilities[1:] * np.float32(emotion.intensity)
    out: F32 = np.concatenate([shares, [emotion.valence, emotion.arousal]]).astype(np.float32)
    return out


def felt(shares: F32) -> F32:
    """f32[...,9] of intensities f32[...,8] in EMOTIONS order; valence and arousal by the table."""
    affect = [shares @ VALENCE_TABLE, shares @ AROUSAL_TABLE]
    joined = [shares[..., 1:], *(value[..., None] for value in affect)]
    out: F32 = np.concatenate(joined, axis=-1).astype(np.float32)
    return out
