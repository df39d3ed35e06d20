"""The program as a process: its voices, its faults, and nothing left of it."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from server.voices.espeak import EspeakVoice
from server.voices.faults import VoiceCut, VoiceUnavailable
from server.voices.settings import VoiceSettings

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def program(folder: Path, body: str) -> VoiceSettings:
    file = folder / "program"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return VoiceSettings(espeak_program=str(file), timeout_s=20)


def test_there_is_a_man_and_a_woman_for_each_language() -> None:
    voices = EspeakVoice(VoiceSettings()).voices
    assert [voice.name for voice in voices[:2]] == ["en-us", "en-us+f3"]
    assert {"de", "de+f3", "fr-fr"} <= {voice.name for voice in voices}
    assert len({voice.name for voice in voices}) == len(voices)


async def test_a_pace_can_be_set() -> None:
    lengths = []
    for pace in (120, 300):
        speech = EspeakVoice(VoiceSettings(espeak_words_per_minute=pace))
        lengths.append(sum([len(each.pcm) async for each in speech.speak("one two three four")]))
    assert lengths[0] > 1.5 * lengths[1]


async def test_phonemes_and_options_in_the_text_are_text() -> None:
    speech = EspeakVoice(VoiceSettings())
    for text in ("--version", "[[h@'loU]]", "-f /etc/hostname", "<speak>one</speak>"):
        assert sum([len(each.pcm) async for each in speech.speak(text)]) > 4000


def test_no_program_is_told_with_the_remedy() -> None:
    with pytest.raises(VoiceUnavailable, match="no program 'no-such'") as caught:
        EspeakVoice(VoiceSettings(espeak_program="no-such"))
    assert "voices.espeak_program" in caught.value.hint


@pytest.mark.parametrize("body", ["exit 1", "echo hello"])
def test_a_program_that_lists_no_voices_is_none(tmp_path: Path, body: str) -> None:
    with pytest.raises(VoiceUnavailable, match="lists no voices"):
        EspeakVoice(program(tmp_path, body))


@pytest.mark.parametrize("body", ["exit 1", "echo hello", "head -c 100 /dev/zero", "kill -9 $$"])
async def test_what_is_no_sound_is_told(tmp_path: Path, body: str) -> None:
    settings = program(tmp_path, f'case "$1" in --voices) exec espeak-ng --voices;; esac\n{body}')
    with pytest.raises(VoiceCut, match="no sound"):
        _ = [each async for each in EspeakVoice(settings).speak("hello")]


async def test_a_program_that_went_away_is_told(tmp_path: Path) -> None:
    speech = EspeakVoice(program(tmp_path, "exec espeak-ng --voices"))
    (tmp_path / "program").unlink()
    with pytest.raises(VoiceUnavailable, match="does not start"):
        await anext(speech.speak("hello"))
