"""One answer: from the language model's pieces to sentences, to sound, to the session's speech.

Runs on the event loop; one for each answer.
Never makes more sound than a little ahead of what is being heard, never reads an answer for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from engines.mailbox import Mailbox, MailboxFull
from engines.scene.markers import parse_markers
from server.assistant.faults import Fault, broken, timed
from server.assistant.interfaces import Message, SpeechToText, Talker
from server.assistant.mouth import Cut, Mouth
from server.assistant.speaking import Speaker
from server.push_protocol import RATES_HZ
from server.push_timeline import PushRefused
from server.speech.clauses import Clauses

MAX_SENTENCES = 256
SOON_S = 2.0
"""A provider that asks to wait no longer than this is asked once more."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of; a part that is not there is None."""

    scribe: SpeechToText | None
    talker: Talker | None
    voice: Speaker | None
    prompt: str
    greeting: str = ""
    timeout_s: float = 10.0
    missing: tuple[tuple[str, str], ...] = ()
    """(part, what to set) of those that are not there."""

    def ready_event(self) -> dict[str, object]:
        """For the page: what works, and what to set for the rest."""
        parts = {"asr": self.scribe, "llm": self.talker, "tts": self.voice}
        return {
            "type": "assistant",
            "parts": {name: part is not None for name, part in parts.items()},
            "missing": [{"part": part, "set": setting} for part, setting in self.missing],
        }


class Answer:
    """Thinks and speaks at once."""

    def __init__(
        self,
        parts: Parts,
        mouth: Mouth,
        tell: Callable[[Fault], None],
        write_out: Callable[[str], None],
    ) -> None:
        """`tell` is told of faults that are overcome, `write_out` what no voice can speak."""
        self._write_out = write_out
        self._parts = parts
        self._mouth = mouth
        self._tell = tell
        self._written = asyncio.Event()
        # Refuses: a sentence is never left out; the length of an answer is limited before.
        self._sentences: Mailbox[str] = Mailbox(
            "sentences", MAX_SENTENCES, "refuse", on_put=self._written.set
        )

    async def think(self, messages: Sequence[Message]) -> None:
        """Answer the last message. Raises Fault when nothing of the answer can be spoken."""
        writing = asyncio.create_task(self._write(messages), name="assistant-write")
        writing.add_done_callback(lambda _: self._written.set())
        try:
            while True:
                while (sentence := self._sentences.get()) is not None:
                    await self._say(sentence)
                if writing.done():
                    break
                self._written.clear()
                if not writing.done():
                    await self._written.wait()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        # What it wrote before it failed has been said.
        writing.result()

    async def recite(self, text: str) -> None:
        """Say a text. Raises Fault."""
        cutter = Clauses()
        for sentence in _spoken([*cutter.feed(text), *cutter.flush()]):
            await self._say(sentence)

    async def _write(self, messages: Sequence[Message]) -> None:
        try:
            await self._write_once(messages)
        except Fault as fault:
            if fault.retry_s is None or fault.retry_s > SOON_S or self._sentences.stats().put:
                raise
            self._tell(fault)
            await asyncio.sleep(fault.retry_s)
            await self._write_once(messages)

    async def _write_once(self, messages: Sequence[Message]) -> None:
        assert self._parts.talker is not None
        cutter = Clauses()
        letters = 0
        try:
            source = self._parts.talker.reply(messages)
            async with aclosing(timed(source, self._parts.timeout_s, "llm")) as pieces:
                async for piece in pieces:
                    letters += len(piece.strip())
                    for sentence in _spoken(cutter.feed(piece)):
                        self._sentences.put(sentence)
        except MailboxFull as error:
            raise broken("llm", f"said more than {MAX_SENTENCES} sentences: cut") from error
        finally:
            for sentence in _spoken(cutter.flush()):
                if len(self._sentences) < MAX_SENTENCES:
                    self._sentences.put(sentence)
        if not letters:
            raise broken("llm", "gave an empty answer")

    async def _say(self, raw: str) -> None:
        """One sentence, as soon as few enough wait."""
        text = parse_markers(raw)[0].strip()
        await self._mouth.turn()
        if not any(char.isalnum() for char in text):
            return
        if self._parts.voice is None:
            self._write_out(text)
            return
        try:
            await self._pour(text, raw)
        except Cut:
            return
        except PushRefused as error:
            raise Fault("speech_refused", str(error)) from error

    async def _pour(self, text: str, raw: str) -> None:
        assert self._parts.voice is not None
        segment, rate_hz = None, 0
        source = timed(self._parts.voice.speak(text), self._parts.timeout_s, "tts")
        try:
            async with aclosing(source) as sounds:
                async for sound in sounds:
                    if not len(sound.pcm):
                        continue
                    if segment is None:
                        rate_hz = sound.sample_rate_hz
                        if rate_hz not in RATES_HZ:
                            raise broken("tts", f"gave sound at {rate_hz} Hz")
                        segment = self._mouth.open(text, rate_hz, raw)
                    elif sound.sample_rate_hz != rate_hz:
                        raise broken("tts", "changed its sample rate within a sentence")
                    pcm = np.asarray(sound.pcm, "<i2").tobytes()
                    await self._mouth.feed(segment, pcm, rate_hz)
        finally:
            if segment is not None:
                self._mouth.end(segment)
        if segment is None:
            raise broken("tts", "gave no sound")


def _spoken(pieces: Sequence[str]) -> list[str]:
    """Without the white space around them; what is nothing else is not spoken."""
    return [piece.strip() for piece in pieces if piece.strip()]
