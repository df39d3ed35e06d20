"""What words feel: a valence lexicon (VADER), cue words and the sentence's vector, for English.

Pure after `load`; runs on any thread. VADER: Hutto and Gilbert 2014, through `vaderSentiment`.
Never raises for a text, never reads more than its newest MAX_CHARS, and makes no claim about a
language that it does not know (confidence 0).
"""

from __future__ import annotations

import math
import re
import unicodedata
from pathlib import Path

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from engines.emotion.sentence import SentenceValence
from engines.emotion.values import EMOTION_INDEX, EMOTIONS, NO_TEXT, TextCue, table_affect
from engines.emotion.weights import EmotionWeights
from engines.emotion.words import CUES, ENGLISH, FOREIGN

MAX_CHARS = 600
"""About 40 s of speech: older words no longer say how somebody feels."""
MAX_SENTENCES = 8
RECENCY = 0.7
"""Each sentence counts so much less than the one after it."""
MAX_PICTURES = 12
"""Emoji kept: the lexicon spells each one out, and hundreds would cost a quarter of a second."""
FOREIGN_LETTERS = 0.3
CUE_SCORE = 3.0
"""Log-odds that a cue word adds to its emotion; a second one adds half."""
VALENCE_SCORE = 2.6
NEUTRAL_SCORE = 2.0
SHOUT = 0.12
"""Arousal that an exclamation mark adds (three at most), and a word in capitals."""
BLAND = 0.25
"""Confidence of plain known words without any feeling in them."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?\u2026\n])\s+")
_CUES = {label: re.compile(rf"(?<!\w)(?:{cues})(?!\w)") for label, cues in CUES.items()}
_NEGATED = re.compile(r"(?:\bnot|n't|\bnever|\bno|\bwithout|\bhardly)\s+(?:\w+\s+){0,2}$")


class TextSentiment:
    """The lexicon, read once; `score` keeps nothing."""

    def __init__(self, sentence: SentenceValence | None = None) -> None:
        """With the lexicon that ships with `vaderSentiment`; without `sentence`, it alone."""
        self._lexicon = SentimentIntensityAnalyzer()
        self._head = sentence

    @staticmethod
    def load(path: Path | None = None) -> TextSentiment:
        """Lexicon and head, from a weights folder (default: the one that ships).

        Raises BadEmotionWeights, BadSceneWeights.
        """
        return TextSentiment(SentenceValence(EmotionWeights.load(path)))

    def score(self, text: str) -> TextCue:
        """What `text` (any length, any language) says; NO_TEXT where it says nothing known."""
        text = tidy(text)
        if not text or not is_english(text):
            return NO_TEXT
        sentences = [part for part in _SENTENCE.split(text) if part.strip()][-MAX_SENTENCES:]
        cues = [self._sentence(sentence) for sentence in sentences]
        trust = [cue.confidence * RECENCY**age for age, cue in enumerate(reversed(cues))][::-1]
        total = sum(trust)
        if total <= 0.0:
            return NO_TEXT
        shares = np.array(trust) / total
        probabilities = sum(s * cue.probabilities for s, cue in zip(shares, cues, strict=True))
        return TextCue(
            probabilities=np.asarray(probabilities, np.float32),
            valence=float(shares @ [cue.valence for cue in cues]),
            arousal=float(shares @ [cue.arousal for cue in cues]),
            confidence=float(max(cue.confidence for cue in cues[-2:])),
        )

    def _sentence(self, sentence: str) -> TextCue:
        compound = float(self._lexicon.polarity_scores(sentence)["compound"])
        scores = np.zeros(len(EMOTIONS))
        scores[EMOTION_INDEX["neutral"]] = NEUTRAL_SCORE
        scores[EMOTION_INDEX["joy"]] += VALENCE_SCORE * max(0.0, compound)
        for label in ("anger", "sadness", "fear", "disgust"):
            scores[EMOTION_INDEX[label]] += 0.6 * VALENCE_SCORE * max(0.0, -compound)
        named = _cue_scores(sentence.lower(), compound)
        scores += named
        marks = min(3, sentence.count("!"))
        asked = sentence.rstrip().endswith("?")
        scores[EMOTION_INDEX["surprise"]] += 0.4 * marks + (0.3 if asked else 0.0)
        scores[EMOTION_INDEX["neutral"]] -= 0.5 * marks
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        words = _WORD.findall(sentence)
        shouted = sum(1 for word in words if len(word) > 2 and word.isupper())
        table_valence, table_arousal = table_affect(shares)
        evidence = abs(compound) + 0.5 * float(named.max()) / CUE_SCORE + 0.15 * marks
        meant = self._head.of(sentence) if self._head else 0.0
        return TextCue(
            probabilities=shares.astype(np.float32),
            valence=_bounded(0.85 * compound + 0.15 * table_valence + meant),
            arousal=_bounded(table_arousal + SHOUT * (marks + min(2, shouted))),
            confidence=BLAND + (1.0 - BLAND) * (1.0 - math.exp(-2.0 * evidence)),
        )


def tidy(text: str) -> str:
    """The newest MAX_CHARS, from a word's start, compatibility forms folded, no control marks."""
    newest = text[-MAX_CHARS:]
    if len(text) > MAX_CHARS:
        newest = newest.partition(" ")[2] or newest
    folded = unicodedata.normalize("NFKC", newest).replace("\u2019", "'")
    kept: list[str] = []
    pictures = 0
    for c in folded:
        kind = unicodedata.category(c)
        pictures += kind == "So"
        hidden = (kind[0] == "C" and c not in "\n\t") or (kind == "So" and pictures > MAX_PICTURES)
        kept.append(" " if hidden else c)
    return "".join(kept).strip()


def is_english(text: str) -> bool:
    """Whether the words are English as far as their function words tell.

    A few words without any count as English when their letters are plain; emoji alone do too.
    """
    words = [word.lower() for word in _WORD.findall(text)]
    letters = sum(len(word) for word in words)
    plain = sum(c.isascii() for word in words for c in word)
    if letters and plain < (1.0 - FOREIGN_LETTERS) * letters:
        return False
    english = sum(word in ENGLISH for word in words)
    foreign = sum(word in FOREIGN for word in words)
    if foreign > english:
        return False
    return english > 0 or len(words) <= 4


def _cue_scores(lowered: str, compound: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Log-odds of each label from the words that name it; "not happy" is no joy."""
    scores = np.zeros(len(EMOTIONS))
    for label, cues in _CUES.items():
        found = [m for m in cues.finditer(lowered) if not _NEGATED.search(lowered[: m.start()])]
        if found:
            agrees = 0.4 if label == "joy" and compound < -0.2 else 1.0
            scores[EMOTION_INDEX[label]] += agrees * CUE_SCORE * (1.5 if len(found) > 1 else 1.0)
    return scores


def _bounded(value: float) -> float:
    return min(1.0, max(-1.0, value))
