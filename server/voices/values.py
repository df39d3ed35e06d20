"""What text to speech is: a provider with voices, and the pieces of sound that it gives.

Plain data and a Protocol; read by every thread.
Never holds a model, a process or a connection.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

I16: TypeAlias = npt.NDArray[np.int16]
MAX_TEXT = 10_000
"""Characters that one call of `speak` takes: some ten minutes of speech."""


@dataclass(frozen=True, slots=True)
class WordMark:
    """When a word of the text begins to be said."""

    start: int
    """The word is `text[start:end]`."""
    end: int
    at: int
    """In samples of the voice, from the first of the whole text."""
    estimated: bool
    """Reckoned from the letters, where the provider tells no times."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of speech, as it came."""

    pcm: I16
    """i16[N], mono; may be empty where there are only marks."""
    sample_rate_hz: int
    marks: tuple[WordMark, ...] = ()
    """Told in order; each once, with the piece in which it lies or soon after."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of a provider."""

    name: str
    """As `speak` wants it."""
    language: str
    """BCP 47, as `en-us`; empty: whatever the text is written in."""
    title: str
    """For people."""


class TextToSpeech(Protocol):
    """A provider; one for the server, and several sessions may speak at once."""

    @property
    def name(self) -> str:
        """`espeak`, `openai` or `local`."""

    @property
    def voices(self) -> tuple[Voice, ...]:
        """What may be chosen, the default first."""

    def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """Say `text`, in pieces as they are made; of an empty text there are none.

        Close the iterator (`aclose`), or cancel who awaits it, to stop: process, connection or
        thread are then let go. Raises VoiceFault (server.voices.faults) with the first piece or
        later; text and voice are checked before anything is started.
        """

    async def aclose(self) -> None:
        """Let go of everything. Idempotent."""
