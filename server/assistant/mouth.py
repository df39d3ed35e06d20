"""The assistant's side of its session's speech: segments with their words, and what was heard.

Runs on the event loop; one for each session.
Never waits by polling: playing out makes room, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server.assistant.history import heard_part
from server.push_protocol import PushVoice

LETTERS_PER_S = 15.0
"""Read aloud: how long words are whose sound has not all come yet."""
AHEAD = 2
"""Segments that may wait behind the one being spoken: more would be made for nothing if
interrupted."""


@dataclass(slots=True)
class Segment:
    """A piece of an answer, from its first sound to its acknowledgement."""

    name: str
    text: str
    """Without markers."""
    raw: str = ""
    """With them."""
    given_s: float = 0.0
    """Sound given so far."""
    ended: bool = False
    started: bool = False
    finished: bool = False
    interrupted: bool = False
    position_s: float = 0.0

    @property
    def heard(self) -> str:
        """The words that were played."""
        if self.finished and not self.interrupted:
            return self.text
        length_s = self.given_s
        if not self.ended:
            length_s = max(length_s, len(self.text) / LETTERS_PER_S)
        return heard_part(self.text, self.position_s, length_s)


class Cut(Exception):
    """The segment was interrupted while it was being fed."""


class Mouth:
    """Feeds a PushVoice and keeps what became of it."""

    def __init__(
        self,
        voice: PushVoice,
        on_started: Callable[[Segment], None],
        on_finished: Callable[[Segment], None],
    ) -> None:
        self._voice = voice
        self._on_started = on_started
        self._on_finished = on_finished
        self._segments: dict[str, Segment] = {}
        """Those of this answer, by name, in order."""
        self._count = 0
        self._moved = asyncio.Event()
        voice.listen(self._hear)

    @property
    def busy(self) -> bool:
        """Whether anything is being spoken or waits to be."""
        return any(not each.finished for each in self._segments.values())

    @property
    def speaking(self) -> bool:
        """Whether an answer is being heard now; the gaps between its segments are part of it."""
        return self.busy and any(each.started for each in self._segments.values())

    def open(self, text: str, rate_hz: int, raw: str = "") -> Segment:
        """Begin a segment of sound at `rate_hz`. Raises PushRefused."""
        self._count += 1
        name = self._voice.start(rate_hz, f"assistant-{self._count}")
        segment = self._segments[name] = Segment(name, text, raw or text)
        return segment

    async def feed(self, segment: Segment, pcm: bytes, rate_hz: int) -> None:
        """PCM16 of the open segment, when there is room. Raises Cut, PushRefused."""
        length_s = len(pcm) / 2 / rate_hz
        # A half of a second of room at the least: the resampler holds some back.
        while not segment.finished and self._voice.room_s < length_s + 0.05:
            await self.moved()
        if segment.finished:
            raise Cut
        self._voice.feed(pcm)
        segment.given_s += length_s

    def end(self, segment: Segment) -> None:
        """All its sound was given. Raises PushRefused."""
        segment.ended = True
        if not segment.finished:
            self._voice.end(segment.name)

    async def turn(self) -> None:
        """Wait until few enough segments wait that another one is worth making."""
        while sum(not each.finished for each in self._segments.values()) > AHEAD:
            await self.moved()

    async def silent(self) -> None:
        """Wait until all has been spoken."""
        while self.busy:
            await self.moved()

    async def moved(self) -> None:
        """Wait for the next time that something was played or acknowledged."""
        self._moved.clear()
        await self._moved.wait()

    def pulse(self) -> None:
        """20 ms have been played."""
        self._moved.set()

    def interrupt(self) -> None:
        """Silence, now; each open segment is acknowledged before this returns."""
        self._voice.interrupt()

    def take(self) -> list[Segment]:
        """The segments of this answer, in order; forgotten afterwards."""
        taken = list(self._segments.values())
        self._segments.clear()
        return taken

    def _hear(self, message: Mapping[str, object]) -> None:
        segment = self._segments.get(str(message.get("segment")))
        if segment is None or segment.finished:
            return
        if message["type"] == "started":
            segment.started = True
            self._on_started(segment)
        elif message["type"] == "finished":
            position, segment.finished = message["position_s"], True
            segment.position_s = float(position) if isinstance(position, int | float) else 0.0
            segment.interrupted = bool(message["interrupted"])
            self._on_finished(segment)
        self._moved.set()
