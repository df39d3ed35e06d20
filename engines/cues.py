"""What the face of a recording is told, and when: a feeling from the start, words as they come.

Pure; used by whoever works on a whole sound.
Never hears the sound: where words stand in it is reckoned from their length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Say, Wish
from engines.scene.markers import Felt, Mark, parse_markers

_SENTENCE = re.compile(r"[^\s](?:[^\n]*?(?=(?<=[.!?…。！？])\s|\s*\n|\s*$))")


@dataclass(frozen=True, slots=True)
class Cue:
    """A wish at a time."""

    pts: int
    """Media time from which on it is obeyed."""
    wish: Wish


def cues_of(samples: int, feeling: EmotionOverride | None = None, text: str = "") -> list[Cue]:
    """Cues of a sound of `samples`, in order: `feeling` throughout, `text` sentence by sentence.

    The sentences are spread over the sound in proportion to their length. Markers in the text
    (engines.scene.markers) are no words: what they tell is done at their place, and a feeling they
    name goes before `feeling` to the end of its sentence.
    """
    felt = [] if feeling is None else [Cue(0, Feel(feeling))]
    clean, marks = parse_markers(text)
    spans = [(m.start(), m.end()) for m in _SENTENCE.finditer(clean)]
    total = max(1, sum(end - start for start, end in spans))

    def place(at: int) -> int:
        spoken = sum(min(max(0, at - start), end - start) for start, end in spans)
        return samples * spoken // total

    told = [Cue(place(start), Say(clean[start:end])) for start, end in spans]
    told += [Cue(place(mark.at), _wish(mark, feeling)) for mark in marks]
    return felt + sorted(told, key=lambda cue: cue.pts)


def _wish(mark: Mark, feeling: EmotionOverride | None) -> Wish:
    if isinstance(mark, Felt):
        return Feel(mark.wanted or feeling)
    return Act(mark.name)
