"""`synchrorama bench speak`: typed sentence to moving lips, interrupt to a closed mouth.

Runs in the bench's process with a plain aiortc peer; lips are read from the motion that is shown.
Never counts the voice's own time as ours: the same voice is timed alone, right before.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole

from engines.values import MOTION_INDEX
from server.bench.latency import Plan
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.peer import CONNECT_TIMEOUT_S, prepare
from server.bench.report import Bar, Result, Row, row
from server.bench.service import Service, service
from server.voices.choice import choose_voice
from server.voices.settings import VoiceSettings
from server.voices.values import TextToSpeech
from server.voices.words import QUIET

SENTENCE = "Papa and mama open the door, and everybody is there at last."
LIPS_BAR = Bar("p95", high=700)
OURS_BAR = Bar("p95", high=150)
CLOSED_BAR = Bar("p95", high=200)
OPEN, SHUT = 0.06, 0.05
"""Jaw above its rest: it moves; below it: the mouth is closed."""
WAIT_S = 5.0
PAUSE_S = 1.2
SPOKEN_S = 0.9
_JAW = MOTION_INDEX["jawOpen"]


@dataclass(slots=True)
class Talker:
    """One session in push mode, its motion as it is shown."""

    service: Service
    pc: RTCPeerConnection = field(
        default_factory=lambda: RTCPeerConnection(RTCConfiguration(iceServers=[]))
    )
    session: str = ""
    jaw: float = 0.0
    rest: float = 0.0
    delay_ms: list[float] = field(default_factory=list)
    """Of the playout, as it adapts."""
    _sink: MediaBlackhole = field(default_factory=MediaBlackhole)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _channel: Any = None

    async def connect(self, wishes: dict[str, Any]) -> None:
        """Until motion comes. Raises BenchError."""
        created = await self.service.json("POST", "/v1/sessions", {"voice": "push", **wishes})
        self.session = str(created["id"])
        self.pc.on("track", self._sink.addTrack)
        self._channel = channel = self.pc.createDataChannel("events")
        channel.on("message", self._hear)
        channel.on("open", self._open.set)
        for kind in ("audio", "video"):
            self.pc.addTransceiver(kind, direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        offer = {"type": "offer", "sdp": self.pc.localDescription.sdp}
        answer = await self.service.json("POST", f"/v1/sessions/{self.session}/offer", offer)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await self._sink.start()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open.wait()
                self.send({"type": "subscribe", "motion": True})
                await self._moved.wait()
        except TimeoutError as error:
            raise BenchError(f"no motion within {CONNECT_TIMEOUT_S:g} s") from error

    def send(self, message: dict[str, object]) -> None:
        """On the data channel."""
        self._channel.send(json.dumps(message))

    async def until(self, what: str, true: Callable[[float], bool]) -> float:
        """Milliseconds until the jaw, above its rest, is so. Raises BenchError."""
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(WAIT_S):
                while not true(self.jaw - self.rest):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError as error:
            raise BenchError(f"{what}: not within {WAIT_S:g} s") from error
        return (time.monotonic() - began_s) * 1000

    async def hang_up(self) -> None:
        """End it; idempotent."""
        session, self.session = self.session, ""
        if session:
            await self.service.json("DELETE", f"/v1/sessions/{session}")
        await self._sink.stop()
        await self.pc.close()

    def _hear(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") == "motion":
            self.jaw = float(message["values"][_JAW])
            self._moved.set()
        elif message.get("type") == "stats":
            self.delay_ms.append(float(message["delay_ms"]))
        elif message.get("type") == "error":
            raise BenchError(str(message["message"]))


async def speak(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Say a sentence and interrupt it, `plan.connects` times."""
    where = machine()
    voice = await asyncio.to_thread(choose_voice, VoiceSettings())
    if voice.speech is None:
        raise BenchError(f"no voice on this machine: {voice.reason}")
    alone: list[float] = []
    lips: list[float] = []
    shut: list[float] = []
    async with service(plan.url, plan.settings) as under_test:
        prepare(under_test.url)
        talker = Talker(under_test)
        try:
            await talker.connect(dict(plan.wishes))
            for index in range(plan.connects):
                await asyncio.sleep(PAUSE_S)
                talker.rest = talker.jaw
                alone.append(await first_sound_ms(voice.speech))
                talker.send({"type": "speak", "text": SENTENCE})
                lips.append(await talker.until("lips", lambda jaw: jaw > OPEN))
                await asyncio.sleep(SPOKEN_S)
                await talker.until("an open mouth", lambda jaw: jaw > OPEN)
                talker.send({"type": "interrupt"})
                shut.append(await talker.until("a closed mouth", lambda jaw: jaw < SHUT))
                tell(f"{index + 1} of {plan.connects}: {lips[-1]:.0f} ms to moving lips")
            metrics = await under_test.metrics()
        finally:
            await talker.hang_up()
            await voice.speech.aclose()
    silence = mean_silence_ms(metrics)
    return Result(
        kind="speak",
        command=plan.command,
        rows=[*rows(lips, alone, shut, silence), row("playout delay", "ms", talker.delay_ms)],
        notes=[
            f"Voice {voice.speech.name}. Lips move when the jaw of the motion that is shown is "
            f"{OPEN:g} above its rest; the mouth is closed when it is less than {SHUT:g} above it."
        ],
        machine=where,
        versions=versions(),
        settings=dict(under_test.settings),
        raw={"lips_ms": lips, "alone_ms": alone, "shut_ms": shut, "silence_ms": silence},
    )


def rows(
    lips: list[float], alone: list[float], shut: list[float], silence: float | None
) -> list[Row]:
    """The figures beside their bars; all in milliseconds."""
    ours = [whole - voice for whole, voice in zip(lips, alone, strict=True)]
    return [
        row("typed sentence to moving lips", "ms", lips, LIPS_BAR),
        row("the voice alone, to its first sound", "ms", alone),
        row("what is ours of it", "ms", ours, OURS_BAR),
        row("interrupt to closed mouth", "ms", shut, CLOSED_BAR),
        row("interrupt to silence, mean", "ms", [silence], Bar("p50", high=200)),
    ]


async def first_sound_ms(voice: TextToSpeech) -> float:
    """Until the voice gives a sample that is no silence. Raises BenchError when there is none."""
    began_s = time.monotonic()
    pieces = voice.speak(SENTENCE)
    try:
        async for piece in pieces:
            if len(piece.pcm) and np.abs(piece.pcm.astype(np.int32)).max() > QUIET:
                return (time.monotonic() - began_s) * 1000
    finally:
        await pieces.aclose()
    raise BenchError("the voice gave silence alone")


def mean_silence_ms(metrics: dict[str, float]) -> float | None:
    """Of all interrupts, as the server measured them."""
    count = metrics.get("avatar_interrupt_to_silence_seconds_count", 0.0)
    total_s = metrics.get("avatar_interrupt_to_silence_seconds_sum", 0.0)
    return 1000 * total_s / count if count else None
