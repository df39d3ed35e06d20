"""Published models by name, through `transformers` (extra `hub`): loading, and labels in ours.

Used at start and by the hub streams; `transformers` is imported only when a model is asked for.
Never downloads at import, and never runs code that a model repository brings along.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from engines.emotion.values import EMOTION_INDEX, EMOTIONS
from engines.extras import install_hint
from engines.values import F32

SYNONYMS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutral", "neu", "calm", "others", "other", "approval", "realization"),
    "joy": ("joy", "happy", "happiness", "hap", "excited", "excitement", "amusement", "love")
    + ("positive", "pos", "optimism", "gratitude", "admiration", "relief", "pride", "caring"),
    "anger": ("anger", "angry", "ang", "annoyance", "frustration", "frustrated", "disapproval"),
    "sadness": ("sadness", "sad", "disappointment", "grief", "remorse", "pessimism"),
    "fear": ("fear", "fearful", "fea", "nervousness", "anxiety", "scared"),
    "disgust": ("disgust", "disgusted", "dis", "contempt", "embarrassment"),
    "boredom": ("boredom", "bored", "tired"),
    "surprise": ("surprise", "surprised", "sur", "ps", "confusion", "curiosity"),
}
"""Names that published models give the emotions, lower case."""
UNPLEASANT = ("negative", "neg")
"""No emotion of its own: shared by these."""
UNPLEASANT_SHARES = {"anger": 0.35, "sadness": 0.35, "disgust": 0.15, "fear": 0.15}

_OURS = {word: name for name, words in SYNONYMS.items() for word in words}


class HubMissing(Exception):
    """`transformers` is not installed, or the model cannot be had; the message says which."""


def load(kind: str, name: str) -> Any:
    """`transformers.<kind>.from_pretrained(name)`; a model comes without gradients.

    `name`: of a public repository (fetched once, then kept by `transformers`), or a folder.
    Raises HubMissing.
    """
    try:
        library = importlib.import_module("transformers")
    except ImportError as error:
        raise HubMissing(f"{name}: {install_hint('hub')}") from error
    try:
        made = getattr(library, kind).from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise HubMissing(f"{name}: {error}") from error
    if hasattr(made, "requires_grad_"):
        # Without gradients no graph is kept, and no `torch` need be imported here.
        made.eval().requires_grad_(False)
    return made


def label_map(id2label: Mapping[int, str]) -> F32:
    """Matrix f32[labels,8] that takes a model's class probabilities to EMOTIONS.

    Raises HubMissing when the model's labels name no emotion (LABEL_0...).
    """
    table = np.zeros((len(id2label), len(EMOTIONS)), np.float32)
    for i, raw in id2label.items():
        word = str(raw).strip().lower()
        if word in UNPLEASANT:
            for name, share in UNPLEASANT_SHARES.items():
                table[int(i), EMOTION_INDEX[name]] = share
        elif word in _OURS:
            table[int(i), EMOTION_INDEX[_OURS[word]]] = 1.0
    if int((table.sum(axis=1) > 0).sum()) < 2:
        raise HubMissing(f"labels {sorted(map(str, id2label.values()))} name no emotions")
    return table


def softmax(scores: F32) -> F32:
    """Along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: F32 = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares
