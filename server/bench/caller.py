"""One session of a load: a plain aiortc peer that counts what comes and decodes nothing.

Runs on the event loop of a process of its own (`server.bench.load_peer`).
Never judges: it tells what came, and when.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription

from engines.values import F32, MOTION_INDEX
from server.bench.needs import BenchError
from server.bench.peer import CONNECT_TIMEOUT_S
from server.bench.service import Service
from server.bench.tally import Tally, listen
from server.bench.tape import Tape

POLL_S = 0.05
GAP_S = 0.06
"""Sound comes each 20 ms: a wait longer than this is heard where the buffer is short."""
CLOCK_HZ = 90_000
_JAW = MOTION_INDEX["jawOpen"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What came to one session while it was measured."""

    seconds: float
    speaking: bool
    """Whether its microphone spoke."""
    pictures: int
    drawn: int
    """Pictures the server drew for it: of those sent, the ones that were not held."""
    interval_ms: list[float]
    late_ms: list[float]
    """Of each picture: how much later it came than the promptest one, by its own time stamp."""
    sounds: int
    gaps: int
    """Waits for sound of more than 60 ms."""
    longest_gap_ms: float
    rung: str
    render_ms: float
    work_ms: float = 0.0
    """Of `render_ms`, what the engine's thread worked."""


@dataclass(slots=True)
class Caller:
    """One session: a peer with a microphone of its own, speaking or silent."""

    service: Service
    sound: F32
    speaking: bool
    session: str = ""
    pc: RTCPeerConnection = field(
        default_factory=lambda: RTCPeerConnection(RTCConfiguration(iceServers=[]))
    )
    arrived: list[tuple[float, int]] = field(default_factory=list)
    """Monotonic time and RTP time stamp of each picture."""
    heard: list[tuple[float, int]] = field(default_factory=list)
    """The same of each 20 ms of sound."""
    told: dict[str, float] = field(default_factory=dict)
    """Monotonic time of the last message of each type on the event channel."""
    jaw: list[float] = field(default_factory=list)
    """Of each motion since it began to watch."""
    _channel: RTCDataChannel | None = None
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, wishes: dict[str, Any]) -> None:
        """Until it is live. Raises BenchError."""
        created = await self.service.json("POST", "/v1/sessions", {"voice": "mirror", **wishes})
        self.session = str(created["id"])
        self._channel = channel = self.pc.createDataChannel("events")
        channel.on("message", self._on_message)
        channel.on("open", self._open.set)
        sound = self.pc.addTransceiver(Tape(self.sound), direction="sendrecv")
        video = self.pc.addTransceiver("video", direction="recvonly")
        tallies = [Tally(way.receiver) for way in (sound, video)]
        self.heard, self.arrived = (tally.arrived for tally in tallies)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        offer = {"type": "offer", "sdp": self.pc.localDescription.sdp}
        answer = await self.service.json("POST", f"/v1/sessions/{self.session}/offer", offer)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open.wait()
                # The channel opens last: by now both know what they may be sent.
                listen(video.receiver.transport, tallies)
                while not self.arrived:  # noqa: ASYNC110
                    # A tally tells nobody.
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise BenchError(f"no picture within {CONNECT_TIMEOUT_S:g} s") from error

    async def watch(self, seconds: float) -> float:
        """Be told of every motion for so long: the standard deviation of the jaw.

        Never while pictures are counted: no ordinary page asks for it. Raises BenchError when
        nothing is told.
        """
        self.jaw.clear()
        self._subscribe(True)
        await asyncio.sleep(seconds)
        self._subscribe(False)
        if not self.jaw:
            raise BenchError(f"no motion told within {seconds:g} s")
        return float(np.std(self.jaw))

    def _subscribe(self, on: bool) -> None:
        assert self._channel is not None
        self._channel.send(json.dumps({"type": "subscribe", "motion": on}))

    async def figures(self) -> dict[str, Any]:
        """The server's figures of this session."""
        found: dict[str, Any] = await self.service.json("GET", f"/v1/sessions/{self.session}/stats")
        return found

    async def hang_up(self) -> None:
        """End it; idempotent."""
        session, self.session = self.session, ""
        if session:
            await self.service.json("DELETE", f"/v1/sessions/{session}")
        await self.pc.close()

    def _on_message(self, text: str | bytes) -> None:
        message = json.loads(text)
        self.told[str(message.get("type"))] = time.monotonic()
        if message.get("type") == "motion":
            self.jaw.append(float(message["values"][_JAW]))


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a measurement began."""

    at_s: float
    pictures: int
    sounds: int
    drawn: int


async def mark(caller: Caller) -> Mark:
    """Begin to measure."""
    drawn = int((await caller.figures())["engine"]["frames_rendered"])
    return Mark(time.monotonic(), len(caller.arrived), len(caller.heard), drawn)


async def report(caller: Caller, since: Mark) -> Figures:
    """What came since the mark."""
    now_s = time.monotonic()
    arrived = caller.arrived[since.pictures :]
    heard_s = [at_s for at_s, _ in caller.heard[since.sounds :]]
    engine = (await caller.figures())["engine"]
    waits_ms = [1000 * float(gap) for gap in np.diff([since.at_s, *heard_s, now_s])]
    return Figures(
        seconds=now_s - since.at_s,
        speaking=caller.speaking,
        pictures=len(arrived),
        drawn=int(engine["frames_rendered"]) - since.drawn,
        interval_ms=[1000 * float(gap) for gap in np.diff([at_s for at_s, _ in arrived])],
        late_ms=lateness(arrived),
        sounds=len(heard_s),
        gaps=sum(gap > 1000 * GAP_S for gap in waits_ms),
        longest_gap_ms=max(waits_ms),
        rung=str(engine["rung_name"]),
        render_ms=float(engine["render_mean_ms"]),
        work_ms=float(engine.get("work_mean_ms", 0.0)),
    )


def lateness(arrived: Sequence[tuple[float, int]]) -> list[float]:
    """Ms by which each picture came later than the promptest, by its RTP time stamp."""
    if not arrived:
        return []
    first = arrived[0][1]
    # Time stamps are modulo 2^32 and start anywhere (RFC 3550).
    late = [
        1000 * (at_s - ((stamp - first + 2**31) % 2**32 - 2**31) / CLOCK_HZ)
        for at_s, stamp in arrived
    ]
    least = min(late)
    return [value - least for value in late]
