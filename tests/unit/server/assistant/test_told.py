"""What an assistant has, as it is told before a session."""

from __future__ import annotations

import pytest

from server.assistant.told import assistant_told


def test_each_part_is_told_and_what_to_set_for_those_that_are_missing() -> None:
    told = assistant_told([("asr", "assistant.asr_url")]).model_dump()
    assert told == {
        "parts": {"asr": False, "llm": True, "tts": True},
        "missing": [{"part": "asr", "set": "assistant.asr_url"}],
    }
    assert assistant_told([]).missing == []


def test_a_part_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="nose"):
        assistant_told([("nose", "x")])
