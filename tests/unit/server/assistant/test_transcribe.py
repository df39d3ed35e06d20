"""Words of a turn: over real sockets, and by the server's own ears."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engines.values import F32
from server.assistant.faults import Fault
from server.assistant.transcribe import MAX_LETTERS, ApiScribe, LocalScribe, wav_of
from server.listener import Ears
from tests.support.provider import Provider

SECOND = np.zeros(16_000, np.float32)


async def whole(source: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in source])


async def heard(provider: Provider, model: str, timeout_s: float = 5.0) -> str:
    scribe = ApiScribe(provider.url, model, None, timeout_s, "en")
    try:
        return await whole(scribe.transcribe(SECOND))
    finally:
        await scribe.aclose()


async def test_a_turn_is_sent_as_a_file(provider: Provider) -> None:
    assert (await heard(provider, "good")).startswith("This was turn")
    assert provider.seen("transcription")[-1]["seconds"] == pytest.approx(1.0, abs=0.1)
    assert await heard(provider, "none") == ""


@pytest.mark.parametrize(
    ("model", "code"),
    [("denied", "asr_unauthorized"), ("busy", "asr_busy"), ("odd", "asr_broken")],
)
async def test_each_failure_has_its_name(provider: Provider, model: str, code: str) -> None:
    with pytest.raises(Fault) as caught:
        await heard(provider, model)
    assert caught.value.code == code


async def test_silence_has_an_end(provider: Provider) -> None:
    with pytest.raises(Fault) as caught:
        await heard(provider, "silent", 0.2)
    assert caught.value.code == "asr_timeout"


class Model:
    """Says the same always, or fails."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def transcribe(self, phrase: F32) -> str:
        if self.text is None:
            raise ValueError("no such language")
        return self.text


async def test_the_servers_own_ears_do_as_well() -> None:
    with ThreadPoolExecutor(1) as thread:
        long = LocalScribe(Ears(Model("word " * 10_000), thread), 5.0)
        assert len(await whole(long.transcribe(SECOND))) == MAX_LETTERS
        with pytest.raises(Fault) as caught:
            await whole(LocalScribe(Ears(Model(None), thread), 5.0).transcribe(SECOND))
        assert caught.value.code == "asr_broken"
        await long.aclose()


def test_sound_is_a_wav_file_whatever_its_level() -> None:
    with wave.open(io.BytesIO(wav_of(np.array([0.0, 2.0, -2.0], np.float32)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 3)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 32767, -32767]
