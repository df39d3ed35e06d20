"""Texts read: what is said, what is done at which word, in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Say
from engines.scene.cues import Cue
from engines.scene.markers import Felt
from server.speech.script import Line, Script

TEXT = "[nods] Hello <mark name=\"a\"/>there. [sadly] I lost <mark name='b'/> it. All is well."
CLEAN = "Hello there. I lost  it. All is well."


def read(*pieces: str, feeling: EmotionOverride | None = None) -> list[Line]:
    script = Script(feeling)
    return [line for piece in pieces for line in script.feed(piece)] + script.flush()


def test_directions_are_done_at_their_word_and_not_said() -> None:
    lines = read(TEXT)
    assert "".join(line.text for line in lines) == CLEAN
    cues = [(at, cue) for line in lines for at, cue in line.cues if not isinstance(cue, Say)]
    assert cues[0] == (0, Cue("nod", 0))
    assert [(at, cue.wanted and cue.wanted.label) for at, cue in cues[1:] if isinstance(cue, Felt)]
    assert [cue.wanted is None for _, cue in cues[1:] if isinstance(cue, Felt)] == [False, True]
    said = [cue.text for line in lines for _, cue in line.cues if isinstance(cue, Say)]
    assert said == ["Hello there.", "I lost  it.", "All is well."]


def test_marks_stand_where_they_were() -> None:
    marks = [mark for line in read(TEXT) for mark in line.marks]
    places = {str(told["name"]): CLEAN[at:].split()[0] for at, told in marks}
    assert places == {"a": "there.", "b": "it."}


def test_a_feeling_of_the_whole_text_holds_but_where_another_is_named() -> None:
    joy = EmotionOverride("joy")
    lines = read(TEXT, feeling=joy)
    felt = [cue.wanted for line in lines for _, cue in line.cues if isinstance(cue, Felt)]
    assert felt[0] == felt[2] == joy and felt[1] is not None and felt[1].label == "sadness"
    assert felt[-1] is None and lines[-1].text == ""


@given(st.lists(st.integers(1, 30), max_size=12))
def test_any_cut_reads_the_same(sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(TEXT[at : at + size])
        at += size
    assert read(*pieces, TEXT[at:]) == read(TEXT)


@pytest.mark.parametrize(
    "text",
    ["a < b", "<mark>", "<mark name=''/>", '<mark name="' + "x" * 65 + '"/>', "<b>hi</b>", "<mark"],
)
def test_what_is_no_mark_is_said(text: str) -> None:
    assert "".join(line.text for line in read(text)).strip() == text
