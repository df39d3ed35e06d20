"""The voice that an assistant speaks with: one of `server.voices`, its faults as the page's.

Runs on the event loop; one for each session.
Never makes sound itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from server.assistant.faults import Fault
from server.voices.faults import VoiceFault
from server.voices.values import Spoken, TextToSpeech

CODES: Mapping[str, str] = {
    "voice_denied": "tts_unauthorized",
    "voice_busy": "tts_busy",
    "voice_timeout": "tts_timeout",
    "voice_unavailable": "tts_missing",
    "unknown_voice": "tts_unknown",
}
"""Code of a VoiceFault -> of ours; the others are tts_broken."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A provider with the choices of one session."""

    provider: TextToSpeech
    voice: str | None = None
    language: str | None = None

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        """The text's sound in pieces. Raises Fault."""
        try:
            async with aclosing(self.provider.speak(text, self.voice, self.language)) as pieces:
                async for piece in pieces:
                    yield piece
        except VoiceFault as error:
            code = CODES.get(error.code, "tts_broken")
            raise Fault(code, f"the voice failed: {error.message}", error.hint) from error
