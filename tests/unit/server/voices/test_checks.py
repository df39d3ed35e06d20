"""Text and voice before anything is started."""

from __future__ import annotations

import pytest

from server.voices.checks import choose, clean, is_silent
from server.voices.faults import TextTooLong, UnknownVoice
from server.voices.values import MAX_TEXT, Voice

VOICES = [Voice("en-us", "en-us", ""), Voice("de", "de", ""), Voice("de-at", "de-at", "")]


def test_control_characters_and_half_surrogates_become_blanks_of_the_same_length() -> None:
    assert clean("a\x00b\ud800c\nd\N{GRINNING FACE}") == "a b c d\N{GRINNING FACE}"


def test_the_longest_text_is_taken_and_one_more_is_not() -> None:
    assert len(clean("x" * MAX_TEXT)) == MAX_TEXT
    with pytest.raises(TextTooLong, match=str(MAX_TEXT + 1)):
        clean("x" * (MAX_TEXT + 1))


def test_signs_alone_are_silence() -> None:
    assert (
        is_silent(" ...!? ")
        and not is_silent("7")
        and not is_silent("\N{CJK UNIFIED IDEOGRAPH-4F60}")
    )


def test_a_voice_by_name_then_by_language_then_the_first() -> None:
    assert choose(VOICES, "de", "en").name == "de"
    assert choose(VOICES, None, "DE_at").name == "de-at"
    assert choose(VOICES, None, "de-CH").name == "de"
    assert choose(VOICES, None, None).name == choose(VOICES, None, "").name == "en-us"


def test_unknown_names_are_told_with_what_there_is_and_cut() -> None:
    with pytest.raises(UnknownVoice, match="voice: got 'x{64}', wanted one of en-us, de, de-at"):
        choose(VOICES, "x" * 500, None)
    with pytest.raises(UnknownVoice, match="language: got 'tlh'"):
        choose(VOICES, None, "tlh")


def test_a_voice_of_every_language_fits_any() -> None:
    assert choose([Voice("alloy", "", "")], None, "fi").name == "alloy"
