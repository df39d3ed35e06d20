"""Cues: the feeling first, the words in their order and place."""

from __future__ import annotations

import pytest

from engines.cues import Cue, cues_of
from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Feel, Say


def test_a_feeling_holds_from_the_start() -> None:
    joy = EmotionOverride("joy", intensity=0.5)
    assert cues_of(16_000, joy) == [Cue(0, Feel(joy))]
    assert cues_of(16_000) == []


def test_sentences_are_spread_by_their_length() -> None:
    cues = cues_of(10_000, text="Aaaa.  Bb?\nNo end here yet ")
    assert [cue.wish for cue in cues] == [Say("Aaaa."), Say("Bb?"), Say("No end here yet")]
    assert [cue.pts for cue in cues] == [0, 10_000 * 5 // 23, 10_000 * 8 // 23]


@pytest.mark.parametrize("text", ["", "   ", "\n\n \t"])
def test_no_words_are_no_cue(text: str) -> None:
    assert cues_of(640, text=text) == []


def test_a_number_is_not_cut() -> None:
    assert [cue.wish for cue in cues_of(640, text="It is 3.5 metres")] == [Say("It is 3.5 metres")]
