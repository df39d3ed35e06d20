"""Speech from an OpenAI-compatible API: POST /audio/speech, read as it comes, PCM of 24 kHz.

Runs on the event loop; the client library is imported with the first text.
Never sends anything but to the address that was set, never retries, never logs a text or a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from server.openai_client import NoKey, connect
from server.voices.checks import choose, clean, is_silent
from server.voices.faults import (
    VoiceBusy,
    VoiceCut,
    VoiceDenied,
    VoiceTimeout,
    VoiceUnavailable,
)
from server.voices.settings import VoiceSettings
from server.voices.values import Spoken, Voice
from server.voices.words import WordReckoner

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

RATE_HZ = 24_000
"""Of response_format pcm: 16-bit little endian, mono, no header."""
MAX_BYTES = 15 * 60 * RATE_HZ * 2
"""Of one text as sound: a reply without end is cut."""
WHERE = "see voices.openai_url, voices.openai_model and voices.openai_key_env"


class OpenAiVoice:
    """`server.voices.values.TextToSpeech` by HTTP."""

    def __init__(self, settings: VoiceSettings) -> None:
        """Raises VoiceUnavailable without an address or where the extra `llm` is missing."""
        if settings.openai_url is None:
            raise VoiceUnavailable("no speech API is set", "set voices.openai_url")
        try:
            import openai  # noqa: F401
        except ImportError as error:
            raise VoiceUnavailable(
                "the extra `llm` is not installed", "pip install 'synchrorama-live[llm]'"
            ) from error
        self._settings = settings
        self._voices = tuple(Voice(name, "", name.title()) for name in settings.openai_voices)
        self._client: AsyncOpenAI | None = None

    @property
    def name(self) -> str:
        """`openai`."""
        return "openai"

    @property
    def voices(self) -> tuple[Voice, ...]:
        """As `voices.openai_voices` names them."""
        return self._voices

    async def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """Pieces as they come. Raises VoiceFault; closing it closes the connection."""
        text = clean(text)
        chosen = choose(self._voices, voice, language)
        if is_silent(text):
            return
        words = WordReckoner(text, RATE_HZ)
        odd = b""
        async with self._ask(text, chosen) as pieces:
            while (data := await self._next(pieces)) is not None:
                data = odd + data
                odd = data[len(data) & ~1 :]
                pcm = np.frombuffer(data, "<i2", len(data) // 2).astype(np.int16, copy=False)
                if len(pcm):
                    yield Spoken(pcm, RATE_HZ, words.hear(pcm))
        if odd:
            raise VoiceCut("the sound ended within a sample", WHERE)
        yield Spoken(np.zeros(0, np.int16), RATE_HZ, words.finish())

    async def aclose(self) -> None:
        """Close connections. Idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @asynccontextmanager
    async def _ask(self, text: str, voice: Voice) -> AsyncIterator[AsyncIterator[bytes]]:
        client = self._client = self._client or _connect(self._settings)
        with _named(self._settings.timeout_s):
            asked = client.audio.speech.with_streaming_response.create(
                model=self._settings.openai_model,
                voice=voice.name,
                input=text,
                response_format="pcm",
            )
            async with asyncio.timeout(self._settings.timeout_s):
                reply = await asked.__aenter__()
        try:
            kind = reply.headers.get("content-type", "")
            if kind.startswith(("text/", "application/json")):
                raise VoiceCut(f"the speech API answered with {kind[:40]!r}, not with sound", WHERE)
            yield reply.iter_bytes()
        finally:
            await asked.__aexit__(None, None, None)

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with _named(self._settings.timeout_s):
            async with asyncio.timeout(self._settings.timeout_s):
                return await anext(pieces, None)


@contextmanager
def _named(timeout_s: float) -> Iterator[None]:
    """Whatever goes wrong inside, as a VoiceFault."""
    import httpx2
    import openai

    try:
        yield
    except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise VoiceTimeout(
            f"the speech API sent nothing for {timeout_s:g} s", "try again; see voices.timeout_s"
        ) from error
    except openai.APIStatusError as error:
        raise _of_status(error) from error
    except openai.APIConnectionError as error:
        raise VoiceUnavailable("the speech API is not reachable", WHERE) from error
    except httpx2.HTTPError as error:
        raise VoiceCut("the speech API broke off within the sound", "try again") from error
    except openai.OpenAIError as error:
        raise VoiceCut(f"not understood ({type(error).__name__})", WHERE) from error


def _of_status(error: APIStatusError) -> VoiceDenied | VoiceBusy | VoiceUnavailable:
    status = error.status_code
    if status in (401, 403):
        return VoiceDenied(f"the speech API refused the key ({status})", WHERE)
    if status == 429:
        wait_s = error.response.headers.get("retry-after", "")[:8]
        hint = f"wait {wait_s} s" if wait_s.isdigit() else "wait a little, or raise its quota"
        return VoiceBusy("the speech API takes no more requests now (429)", hint)
    return VoiceUnavailable(f"the speech API answered {status}", WHERE)


def _connect(settings: VoiceSettings) -> AsyncOpenAI:
    try:
        return connect(
            str(settings.openai_url), settings.openai_key_env, settings.timeout_s, MAX_BYTES
        )
    except NoKey as error:
        raise VoiceDenied(str(error), WHERE) from error
