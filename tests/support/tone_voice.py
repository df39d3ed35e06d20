"""A voice for tests: each letter is 50 ms of a level, up or down, and words have true times."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

import numpy as np

from server.voices.choice import Chosen
from server.voices.faults import VoiceCut
from server.voices.values import Spoken, Voice, WordMark

RATE_HZ = 16_000
LETTER = RATE_HZ // 20
LEVEL = 16_384


class ToneVoice:
    """`server.voices.values.TextToSpeech`; `up` and `down` are its voices."""

    name = "tone"
    voices = (Voice("up", "en", "Up"), Voice("down", "de", "Down"))

    def __init__(self, silent_s: float = 0.0, fails_after: int = -1) -> None:
        self.silent = round(silent_s * RATE_HZ)
        self.fails_after = fails_after
        """Pieces of 100 ms of each text, then it breaks off."""
        self.go = asyncio.Event()
        """Cleared: nothing comes."""
        self.go.set()
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.closed = 0

    async def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        if not text.strip():
            return
        self.asked.append((text, voice, language))
        level = -LEVEL if voice == "down" else LEVEL
        silence = np.zeros(self.silent, np.int16)
        sound = np.concatenate([silence, np.full(len(text) * LETTER, level, np.int16)])
        words = [
            WordMark(each.start(), each.end(), self.silent + each.start() * LETTER, False)
            for each in re.finditer(r"\S+", text)
        ]
        try:
            for index, start in enumerate(range(0, len(sound), 2 * LETTER)):
                await self.go.wait()
                if index == self.fails_after:
                    raise VoiceCut("the tone broke off", "try again")
                end = start + 2 * LETTER
                here = tuple(word for word in words if start <= word.at < end)
                yield Spoken(sound[start:end], RATE_HZ, here)
        finally:
            self.closed += 1

    async def aclose(self) -> None:
        """Nothing is held."""


def chosen(voice: ToneVoice) -> Chosen:
    return Chosen(voice, "for tests", voice.voices[0])
