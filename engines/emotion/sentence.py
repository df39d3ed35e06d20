"""What a sentence means for valence beyond the words of the lexicon: a linear head on its vector.

Pure after `load`; runs on any thread.
Never speaks for itself: it corrects the lexicon's valence, by LIMIT at most.
"""

from __future__ import annotations

from engines.emotion.weights import EmotionWeights
from engines.scene.encoder import SceneEncoder
from engines.values import F32

SENTENCE_SIZE = 80
"""Of the vectors of engines.scene.encoder."""
LIMIT = 0.4


class SentenceValence:
    """The sentence encoder of the scene text and a weight for each of its values."""

    def __init__(self, weights: EmotionWeights, encoder: SceneEncoder | None = None) -> None:
        """Raises BadEmotionWeights, BadSceneWeights."""
        self._weights: F32 = weights.get("text_sentence", SENTENCE_SIZE)
        self._bias = float(weights.get("text_sentence_bias", 1)[0])
        self._encoder = encoder or SceneEncoder.load()

    def of(self, sentence: str) -> float:
        """What to add to the lexicon's valence of a sentence: -LIMIT..LIMIT."""
        vector = self._encoder.embed(sentence)
        if not vector.any():
            return 0.0
        return min(LIMIT, max(-LIMIT, float(vector @ self._weights) + self._bias))
