"""Which voice it is, and why."""

from __future__ import annotations

import pytest

from server.settings_section import SettingsError
from server.voices.choice import choose_voice
from server.voices.settings import VoiceSettings


def test_auto_takes_what_is_there_and_says_what_it_passed_over() -> None:
    chosen = choose_voice(VoiceSettings())
    assert chosen.speech is not None and chosen.speech.name == "espeak"
    assert chosen.default is not None and chosen.default.name == "en-us"
    assert "openai: no speech API" in chosen.reason and "local: " in chosen.reason


def test_auto_takes_the_api_once_it_is_set() -> None:
    pytest.importorskip("openai")
    chosen = choose_voice(VoiceSettings(openai_url="http://127.0.0.1:1/v1", default_voice="nova"))
    assert chosen.speech is not None and chosen.speech.name == "openai"
    assert chosen.default is not None and chosen.default.name == "nova"


def test_auto_without_any_says_why_and_serves_on() -> None:
    chosen = choose_voice(VoiceSettings(espeak_program="no-such"))
    assert chosen.speech is None and "no program 'no-such'" in chosen.reason


def test_off_is_none() -> None:
    assert choose_voice(VoiceSettings(provider="off")).speech is None


@pytest.mark.parametrize("provider", ["openai", "local"])
def test_one_that_was_named_and_cannot_be_had_stops_the_start(provider: str) -> None:
    with pytest.raises(SettingsError, match="voices.provider: .*; "):
        choose_voice(VoiceSettings(provider=provider))


def test_a_default_voice_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="espeak has no voice 'alloy', wanted one of en-us"):
        choose_voice(VoiceSettings(default_voice="alloy"))
