"""The word lists are regular expressions that compile and lists that do not contradict."""

from __future__ import annotations

import re

from engines.emotion.values import EMOTIONS
from engines.emotion.words import CUES, ENGLISH, FOREIGN


def test_every_emotion_but_neutral_has_cues_that_compile() -> None:
    assert set(CUES) == set(EMOTIONS) - {"neutral"}
    for cues in CUES.values():
        assert re.compile(cues).search("") is None, "an empty cue would match every text"


def test_a_function_word_speaks_for_one_side_at_most() -> None:
    assert len(ENGLISH & FOREIGN) <= 6, sorted(ENGLISH & FOREIGN)
    assert {"the", "is", "you"} <= ENGLISH - FOREIGN
    assert {"und", "nicht", "est", "pour", "está"} <= FOREIGN
