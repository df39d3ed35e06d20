"""What the face of a recording is told, and when: a feeling from the start, words as they come.

Pure; used by whoever works on a whole sound.
Never hears the sound: where words stand in it is reckoned from their length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Feel, Say, Wish

_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Cue:
    """A wish at a time."""

    pts: int
    """Media time from which on it is obeyed."""
    wish: Wish


def cues_of(samples: int, feeling: EmotionOverride | None = None, text: str = "") -> list[Cue]:
    """Cues of a sound of `samples`, in order: `feeling` throughout, `text` sentence by sentence.

    The sentences are spread over the sound in proportion to their length.
    """
    felt = [] if feeling is None else [Cue(0, Feel(feeling))]
    sentences = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    lengths = [len(sentence) for sentence in sentences]
    begins = [0, *accumulate(lengths)]
    said = [
        Cue(samples * begin // begins[-1], Say(sentence))
        for begin, sentence in zip(begins, sentences, strict=False)
    ]
    return felt + said
