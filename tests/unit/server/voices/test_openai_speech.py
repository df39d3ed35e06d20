"""The speech API over real sockets: what is asked, each status, and who hangs up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from server.voices.faults import (
    VoiceBusy,
    VoiceCut,
    VoiceDenied,
    VoiceFault,
    VoiceTimeout,
    VoiceUnavailable,
)
from server.voices.openai_speech import OpenAiVoice
from server.voices.settings import VoiceSettings
from tests.support.server_process import free_port
from tests.support.speech_server import PIECE, SpeechServer

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def api() -> Iterator[SpeechServer]:
    with SpeechServer() as server:
        yield server


def voice_of(api: SpeechServer, model: str, timeout_s: float = 20.0) -> OpenAiVoice:
    return OpenAiVoice(VoiceSettings(openai_url=api.url, openai_model=model, timeout_s=timeout_s))


async def spoken(speech: OpenAiVoice, text: str = "hello there") -> int:
    try:
        return sum([len(piece.pcm) async for piece in speech.speak(text, "nova")])
    finally:
        await speech.aclose()


async def test_pcm_is_asked_for_and_comes_whole(
    api: SpeechServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SPEECH_KEY", "secret-key")
    settings = VoiceSettings(openai_url=api.url, openai_model="good", openai_key_env="SPEECH_KEY")
    with caplog.at_level(logging.DEBUG):
        assert await spoken(OpenAiVoice(settings)) == 5 * len(PIECE) // 2
    asked = api.asked[-1]
    assert (asked["voice"], asked["input"], asked["response_format"]) == (
        "nova",
        "hello there",
        "pcm",
    )
    assert asked["key"] == "Bearer secret-key"
    assert "secret-key" not in caplog.text and "hello there" not in caplog.text


@pytest.mark.parametrize(
    ("model", "fault", "said"),
    [
        ("denied", VoiceDenied, "401"),
        ("forbidden", VoiceDenied, "403"),
        ("busy", VoiceBusy, "429"),
        ("broken", VoiceUnavailable, "500"),
        ("gone", VoiceUnavailable, "404"),
        ("page", VoiceCut, "text/html"),
        ("odd", VoiceCut, "within a sample"),
        ("half", VoiceCut, "broke off"),
        ("endless", VoiceCut, "broke off"),
    ],
)
async def test_each_failure_has_its_name(
    api: SpeechServer, model: str, fault: type[VoiceFault], said: str
) -> None:
    with pytest.raises(fault, match=said) as caught:
        await spoken(voice_of(api, model))
    assert model != "busy" or caught.value.hint == "wait 7 s"


async def test_sound_is_given_while_the_rest_is_still_made(api: SpeechServer) -> None:
    speech = voice_of(api, "stuck", timeout_s=0.3)
    stream = speech.speak("a longer text")
    async with asyncio.timeout(20):
        assert len((await anext(stream)).pcm)
    with pytest.raises(VoiceTimeout):
        await anext(stream)
    await speech.aclose()


async def test_closing_hangs_up(api: SpeechServer) -> None:
    speech = voice_of(api, "endless")
    stream = speech.speak("a text without end")
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(api.hung_up.wait, 20)
    await speech.aclose()


async def test_nobody_listening_is_unavailable() -> None:
    settings = VoiceSettings(openai_url=f"http://127.0.0.1:{free_port()}/v1")
    with pytest.raises(VoiceUnavailable, match="not reachable"):
        await spoken(OpenAiVoice(settings))


async def test_a_key_that_is_not_there_is_told_before_anything_is_sent(api: SpeechServer) -> None:
    settings = VoiceSettings(openai_url=api.url, openai_key_env="NO_SUCH_KEY_HERE")
    asked = len(api.asked)
    with pytest.raises(VoiceDenied, match="NO_SUCH_KEY_HERE"):
        await spoken(OpenAiVoice(settings))
    assert len(api.asked) == asked


def test_without_an_address_there_is_none() -> None:
    with pytest.raises(VoiceUnavailable) as caught:
        OpenAiVoice(VoiceSettings())
    assert "voices.openai_url" in caught.value.hint
