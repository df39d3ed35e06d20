"""Words of a turn: by an OpenAI-compatible `/audio/transcriptions`, or by a local model.

Runs on the event loop; the local model works on the thread it was given.
Never sends more than one turn at a time for a session, and keeps no sound.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ
from server.assistant.client import connect, faults_of
from server.assistant.faults import broken, late
from server.listener import Ears

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_LETTERS = 8_000
"""Of one turn: half a minute of speech has 500."""


class ApiScribe:
    """`server.assistant.interfaces.SpeechToText` on `/audio/transcriptions`."""

    def __init__(
        self, url: str, model: str, key_env: str | None, timeout_s: float, language: str | None
    ) -> None:
        self._url, self._model, self._key_env = url, model, key_env
        self._timeout_s, self._language = timeout_s, language
        self._client: AsyncOpenAI | None = None

    async def transcribe(self, sound: F32) -> AsyncGenerator[str, None]:
        """The words of f32[N] at 16 kHz, in one piece: these endpoints hear whole files."""
        if self._client is None:
            self._client = connect(self._url, self._key_env, self._timeout_s, "asr")
        from openai import omit

        with faults_of("asr", self._timeout_s):
            found = await self._client.audio.transcriptions.create(
                model=self._model,
                file=("turn.wav", wav_of(sound), "audio/wav"),
                response_format="json",
                language=self._language or omit,
            )
            text = found.text
        if not isinstance(text, str):
            raise broken("asr", "gave no text")
        yield text.strip()[:MAX_LETTERS]

    async def aclose(self) -> None:
        """Close connections. Idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


class LocalScribe:
    """The same by the server's own ears (`emotion.asr_model`)."""

    def __init__(self, ears: Ears, timeout_s: float) -> None:
        self._ears = ears
        self._timeout_s = timeout_s

    async def transcribe(self, sound: F32) -> AsyncGenerator[str, None]:
        """The words of f32[N] at 16 kHz, in one piece."""
        loop = asyncio.get_running_loop()
        working = loop.run_in_executor(self._ears.thread, self._ears.transcriber.transcribe, sound)
        try:
            async with asyncio.timeout(self._timeout_s):
                text = await working
        except TimeoutError as error:
            raise late("asr", self._timeout_s) from error
        except (RuntimeError, ValueError) as error:
            raise broken("asr", f"failed ({type(error).__name__})") from error
        yield text[:MAX_LETTERS]

    async def aclose(self) -> None:
        """The ears are the server's."""


def wav_of(sound: F32) -> bytes:
    """f32[N] at 16 kHz as a 16-bit WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()
