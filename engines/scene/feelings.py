"""Feelings named in a stage direction: "sadly", "very angry", "with joy", "in a sad voice".

Pure; any thread; time is linear in the text, of which a marker's length is read.
Never takes a denied feeling ("not happy"), nor words that say anything else as well.
"""

from __future__ import annotations

import re

from engines.emotion.values import EMOTION_INDEX, EMOTIONS, EmotionOverride
from engines.scene.lexicon import STRONG, WEAK, feeling_of

USUAL, STRONGLY, WEAKLY = 0.8, 1.0, 0.5
"""Intensity of "sadly", "very sadly", "a bit sadly"."""
_FILL = frozenset(
    "a an the in with of is are and but he she they i sounds sounding looks looking seems feels "
    "feeling gets getting becomes becoming growing suddenly voice tone full more deeply truly"
    " visibly clearly".split()
)
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_ONLY = re.compile(r"[a-z ,'-]+")
_ALSO = {
    # Said of how a sentence is spoken, though as manner they would be something else.
    "excited": "joy",
    "excitedly": "joy",
    "enthusiastic": "joy",
    "enthusiastically": "joy",
    "proudly": "joy",
    "crying": "sadness",
    "sobbing": "sadness",
    "impatiently": "anger",
    "nervously": "fear",
    "neutrally": "neutral",
}


def named_feeling(words: str) -> EmotionOverride | None:
    """The feeling that `words` name and nothing else; None where they name none."""
    plain = words.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if not _ONLY.fullmatch(plain):
        return None
    found: str | None = None
    strength = USUAL
    for word in _WORD.findall(plain):
        label = _label(word)
        if label is not None:
            found = found or label
        elif word in STRONG:
            strength = STRONGLY
        elif word in WEAK:
            strength = WEAKLY
        elif word not in _FILL:
            return None
    return None if found is None else EmotionOverride(label=found, intensity=strength)


def _label(word: str) -> str | None:
    if word in EMOTION_INDEX:
        return EMOTIONS[EMOTION_INDEX[word]]
    return _ALSO.get(word) or feeling_of(word)
