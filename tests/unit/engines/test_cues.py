"""Cues: the feeling first, the words in their order and place."""

from __future__ import annotations

import pytest

from engines.cues import Cue, cues_of
from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Say


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


def test_markers_are_done_at_their_place_and_are_no_words() -> None:
    joy, sad = EmotionOverride("joy", intensity=0.5), EmotionOverride("sadness", intensity=0.8)
    cues = cues_of(1000, joy, "[nods] Aaaa. [sadly] Bbbb. Cc.")
    wishes = [(cue.pts, cue.wish) for cue in cues]
    assert wishes[0] == (0, Feel(joy))
    assert sorted(wishes[1:], key=lambda each: (each[0], str(each[1]))) == [
        (0, Act("nod")),
        (0, Say("Aaaa.")),
        (1000 * 5 // 13, Feel(sad)),
        (1000 * 5 // 13, Say("Bbbb.")),
        (1000 * 10 // 13, Feel(joy)),
        (1000 * 10 // 13, Say("Cc.")),
    ]
    assert cues_of(1000, None, "[sadly] Aa.")[-1] == Cue(1000, Feel(None))
