"""The voice that an assistant speaks with: one of `server.voices`, its errors as Faults.

Runs on the event loop; one for each session.
Never makes sound itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Sound(Protocol):
    """A piece of speech, as `server.voices` gives it."""

    @property
    def pcm(self) -> NDArray[np.int16]:
        """i16[N], mono."""

    @property
    def sample_rate_hz(self) -> int:
        """Hz."""


class TextToSpeech(Protocol):
    """As `server.voices` has it."""

    def speak(self, text: str, voice: str | None, language: str | None) -> AsyncIterator[Any]:
        """The text's sound in pieces; closing the iterator cancels."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A provider with the choices of one session."""

    provider: TextToSpeech
    name: str | None = None
    language: str | None = None

    async def speak(self, text: str) -> AsyncGenerator[Sound, None]:
        """The text's sound in pieces. Raises Fault."""
        source = self.provider.speak(text, self.name, self.language)
        try:
            async for piece in source:
                yield piece
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()
