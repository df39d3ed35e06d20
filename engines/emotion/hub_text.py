"""Published text sentiment and emotion models by name (RoBERTa and kin), in the lexicon's place.

Pure after loading; runs on the thread that calls it (tens of milliseconds: not the event loop).
Never raises for a text and never reads more than its newest MAX_CHARS.
"""

from __future__ import annotations

import numpy as np

from engines.emotion import hub
from engines.emotion.text import tidy
from engines.emotion.values import NO_TEXT, TextCue, table_affect
from engines.values import F32

MAX_TOKENS = 128


class HubText:
    """The same interface as TextSentiment: `score(text) -> TextCue`."""

    def __init__(self, name: str) -> None:
        """Load a sequence classifier by name or folder. Raises HubMissing."""
        self._tokens = hub.load("AutoTokenizer", name)
        self._model = hub.load("AutoModelForSequenceClassification", name)
        self._map = hub.label_map(self._model.config.id2label)
        # A model of many labels at once (GoEmotions) scores each on its own.
        self._many = self._model.config.problem_type == "multi_label_classification"

    def score(self, text: str) -> TextCue:
        """What `text` (any length, any language) says to this model."""
        text = tidy(text)
        if not text:
            return NO_TEXT
        inputs = self._tokens(text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        scores: F32 = self._model(**inputs).logits[0].numpy()
        found = 1.0 / (1.0 + np.exp(-scores)) if self._many else hub.softmax(scores)
        shares = np.asarray(found @ self._map, np.float32)
        shares /= max(1e-6, float(shares.sum()))
        valence, arousal = table_affect(shares)
        doubt = -float((shares * np.log(shares + 1e-9)).sum()) / float(np.log(len(shares)))
        return TextCue(shares, valence, arousal, min(1.0, max(0.0, 1.0 - 0.8 * doubt)))
