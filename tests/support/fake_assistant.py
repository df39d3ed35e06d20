"""An assistant's parts without providers, and a face without a session; scripted, on virtual time.

Runs on the test's event loop; sound is played only when `FakeFace.play` says so.
Never waits: what a part does is decided by its script.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engines.values import F32
from server.assistant.interfaces import Body, Message
from server.live_voice import LiveVoice
from server.push_protocol import event_message
from server.push_timeline import PushTimeline
from server.timeline import SegmentEvent
from server.voices.values import Spoken, Voice

TICK = 320
RATE_HZ = 16_000


class FakeFace:
    """A session's speech on the real push timeline, played as fast as the test wants."""

    def __init__(self, buffer_s: float = 120.0) -> None:
        self.timeline = PushTimeline(buffer_s)
        self.timeline.begin(0.0)
        self.voice = LiveVoice(self.timeline, self.interrupt)
        self.told: list[dict[str, Any]] = []
        self.acted: list[dict[str, Any]] = []
        self.body = Body(
            self.voice,
            lambda event: self.told.append(dict(event)),
            lambda message: self.acted.append(dict(message)),
        )
        self.on_played: Callable[[F32], None] = lambda samples: None
        self.cursor = 0
        self.heard: list[F32] = []

    @property
    def now_s(self) -> float:
        return self.cursor / RATE_HZ

    def tick(self) -> None:
        """20 ms of playout."""
        self.cursor += TICK
        for chunk in self.timeline.poll(self.now_s):
            self.heard.append(chunk.samples)
            self.on_played(chunk.samples)
        self._publish(self.timeline.passed(self.cursor))

    async def play(self, seconds: float) -> None:
        """Let it be played; parts run in between."""
        for _ in range(round(seconds * 50)):
            self.tick()
            await settle()

    def interrupt(self) -> None:
        self._publish(self.timeline.interrupt(self.cursor, self.cursor))

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == kind]

    def states(self) -> list[str]:
        found: list[str] = []
        for event in self.events("turn"):
            if not found or found[-1] != event["state"]:
                found.append(event["state"])
        return found

    def codes(self) -> list[str]:
        return [event["code"] for event in self.events("warning")]

    def _publish(self, events: Sequence[SegmentEvent]) -> None:
        for event in events:
            self.voice.hear(event_message(event))


async def settle(rounds: int = 12) -> None:
    """Let whatever can run do so."""
    for _ in range(rounds):
        await asyncio.sleep(0)


@dataclass
class FakeScribe:
    """Hears what its script says, one after the other; an exception is raised."""

    script: list[str | Exception] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    gate: asyncio.Event | None = None
    cancelled: int = 0

    async def transcribe(self, sound: F32) -> AsyncGenerator[str, None]:
        self.asked.append(len(sound))
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, Exception):
            raise said
        yield said


@dataclass
class FakeTalker:
    """Says what its script says; each answer is a list of pieces, an exception is raised there."""

    script: list[list[str | Exception]]
    asked: list[list[Message]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    closed: int = 0

    async def reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        self.asked.append(list(messages))
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        try:
            for piece in answer:
                if self.gate is not None:
                    await self.gate.wait()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed += 1


@dataclass
class FakeSpeech:
    """A tone for each text, `letter_s` of it for each letter."""

    letter_s: float = 0.05
    fails: Mapping[str, Exception] = field(default_factory=dict)
    rate_hz: int = RATE_HZ
    said: list[str] = field(default_factory=list)
    closed: int = 0
    name: str = "fake"
    voices: tuple[Voice, ...] = ()

    async def speak(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> AsyncGenerator[Spoken, None]:
        self.said.append(text)
        samples = round(len(text) * self.letter_s * self.rate_hz)
        wave = np.sin(np.arange(samples) * 2 * np.pi * 200 / self.rate_hz) * 8000
        pcm = wave.astype(np.int16)
        try:
            for at in range(0, samples, self.rate_hz // 5):
                yield Spoken(pcm[at : at + self.rate_hz // 5], self.rate_hz)
                if text in self.fails:
                    raise self.fails[text]
        finally:
            self.closed += 1

    async def aclose(self) -> None:
        pass
