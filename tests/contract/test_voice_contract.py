"""What everybody may count on from a voice: one suite for every provider."""

from __future__ import annotations

import asyncio
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from server.voices.choice import BEST_FIRST
from server.voices.faults import (
    TextTooLong,
    UnknownVoice,
    VoiceCut,
    VoiceFault,
    VoiceTimeout,
)
from server.voices.settings import VoiceSettings
from server.voices.values import MAX_TEXT, Spoken, TextToSpeech
from tests.support.speech_server import SpeechServer
from tests.support.tiny_voice import make_tiny_voice

TEXT = "Hello there, my friend. This is a test of the voice."
SCRIPT = """#!/bin/sh
case "$1" in --voices) exec espeak-ng --voices;; esac
{body}
"""
SLOW = SCRIPT.format(body="exec sleep 30")
HALF = SCRIPT.format(body="espeak-ng --stdout -v en hello; exit 3")


@dataclass
class World:
    """A provider made for one behaviour."""

    make: Callable[[str], TextToSpeech]
    """`good`, `slow` or `half`."""


@pytest.fixture(scope="module")
def tiny_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pocket_tts")
    return make_tiny_voice(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def api() -> Iterator[SpeechServer]:
    pytest.importorskip("openai")
    with SpeechServer() as server:
        yield server


def espeak_world(folder: Path) -> Callable[[str], TextToSpeech]:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")

    def make(behaviour: str) -> TextToSpeech:
        program = "espeak-ng"
        if behaviour != "good":
            file = folder / behaviour
            file.write_text(SLOW if behaviour == "slow" else HALF)
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
            program = str(file)
        return BEST_FIRST["espeak"](
            VoiceSettings(espeak_program=program, timeout_s=wait(behaviour))
        )

    return make


def openai_world(api: SpeechServer) -> Callable[[str], TextToSpeech]:
    models = {"good": "good", "slow": "silent", "half": "half"}

    def make(behaviour: str) -> TextToSpeech:
        return BEST_FIRST["openai"](
            VoiceSettings(
                openai_url=api.url, openai_model=models[behaviour], timeout_s=wait(behaviour)
            )
        )

    return make


def local_world(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: threading.Event
) -> Callable[[str], TextToSpeech]:
    import pocket_tts

    real = pocket_tts.TTSModel.generate_audio_stream

    def half(*args: object, **named: object) -> Iterator[object]:
        yield next(real(*args, **named))
        raise RuntimeError("a tensor of the wrong shape")

    def slow(*args: object, **named: object) -> Iterator[object]:
        done.wait(20)
        yield from real(*args, **named)

    def make(behaviour: str) -> TextToSpeech:
        if behaviour != "good":
            faulty = half if behaviour == "half" else slow
            monkeypatch.setattr(pocket_tts.TTSModel, "generate_audio_stream", faulty)
        return BEST_FIRST["local"](VoiceSettings(local_model=str(path), timeout_s=wait(behaviour)))

    return make


def wait(behaviour: str) -> float:
    return 0.1 if behaviour == "slow" else 20.0


@pytest.fixture(params=["espeak", "openai", "local"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    done = threading.Event()
    if request.param == "espeak":
        make = espeak_world(tmp_path)
    elif request.param == "openai":
        make = openai_world(request.getfixturevalue("api"))
    else:
        make = local_world(request.getfixturevalue("tiny_voice"), monkeypatch, done)
    made: list[TextToSpeech] = []

    def kept(behaviour: str) -> TextToSpeech:
        made.append(make(behaviour))
        return made[-1]

    yield World(kept)
    done.set()


async def hear(speech: TextToSpeech, text: str = TEXT, voice: str | None = None) -> list[Spoken]:
    try:
        async with asyncio.timeout(30):
            return [piece async for piece in speech.speak(text, voice)]
    finally:
        await speech.aclose()


async def fault_of(speech: TextToSpeech, text: str = TEXT, voice: str | None = None) -> VoiceFault:
    with pytest.raises(VoiceFault) as caught:
        await hear(speech, text, voice)
    assert caught.value.message and caught.value.hint
    assert "Hello" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


async def test_a_text_becomes_sound_with_its_words_in_order(world: World) -> None:
    pieces = await hear(world.make("good"))
    sound = np.concatenate([piece.pcm for piece in pieces])
    assert sound.dtype == np.int16 and sound.ndim == 1
    assert len({piece.sample_rate_hz for piece in pieces}) == 1
    assert np.abs(sound.astype(int)).max() > 0
    marks = [mark for piece in pieces for mark in piece.marks]
    assert [TEXT[mark.start : mark.end] for mark in marks] == TEXT.split()
    places = [mark.at for mark in marks]
    assert places == sorted(places) and places[-1] <= len(sound)
    assert all(mark.estimated for mark in marks)


async def test_the_first_piece_comes_before_the_last_is_made(world: World) -> None:
    speech = world.make("good")
    stream = speech.speak(TEXT)
    first = await anext(stream)
    rest = [piece async for piece in stream]
    await speech.aclose()
    assert len(first.pcm) and sum(len(piece.pcm) for piece in rest)


async def test_closing_the_iterator_ends_it_at_once(world: World) -> None:
    speech = world.make("good")
    async with asyncio.timeout(30):
        for _ in range(3):
            stream = speech.speak(TEXT * 20)
            assert len((await anext(stream)).pcm)
            await stream.aclose()
        # The next text is not held up by those that were stopped.
        assert len([piece async for piece in speech.speak("Yes.")])
    await speech.aclose()


async def test_who_awaits_can_be_cancelled(world: World) -> None:
    speech = world.make("slow")
    waiting = asyncio.ensure_future(hear(speech))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("text", ["", "  \n ", "... !", "\x00"])
async def test_an_empty_text_is_no_sound_and_no_fault(world: World, text: str) -> None:
    assert await hear(world.make("good"), text) == []


async def test_control_characters_are_spoken_as_blanks(world: World) -> None:
    pieces = await hear(world.make("good"), "one\x00two\x1b[31m \ud800three")
    assert sum(len(piece.pcm) for piece in pieces)


async def test_a_text_of_100_kb_is_refused_with_the_limit(world: World) -> None:
    fault = await fault_of(world.make("good"), "Hello " * 17_000)
    assert isinstance(fault, TextTooLong) and fault.code == "text_too_long"
    assert "102000" in fault.message and str(MAX_TEXT) in fault.message


@pytest.mark.parametrize("name", ["nobody", "", "--help", "../x", "en" * 400])
async def test_an_unknown_voice_is_refused_with_those_there_are(world: World, name: str) -> None:
    speech = world.make("good")
    fault = await fault_of(speech, TEXT, name)
    assert isinstance(fault, UnknownVoice)
    assert speech.voices[0].name in fault.message and len(fault.message) < 400


async def test_a_provider_that_gives_nothing_is_left(world: World) -> None:
    fault = await fault_of(world.make("slow"))
    assert isinstance(fault, VoiceTimeout) and "0.1 s" in fault.message


async def test_half_a_stream_is_told(world: World) -> None:
    speech = world.make("half")
    pieces = []
    with pytest.raises(VoiceCut):
        async for piece in speech.speak(TEXT):
            pieces.append(piece)
    await speech.aclose()
    assert sum(len(piece.pcm) for piece in pieces)


async def test_two_at_once_do_not_mix(world: World) -> None:
    speech = world.make("good")
    one, two = speech.speak("one two three four"), speech.speak("five")
    async with asyncio.timeout(30):
        both = await asyncio.gather(_length(one), _length(two))
    await speech.aclose()
    assert both[0] > both[1] > 0 or speech.name == "local"


async def _length(stream: object) -> int:
    assert hasattr(stream, "__aiter__")
    return sum([len(piece.pcm) async for piece in stream])
