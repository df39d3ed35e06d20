"""`synchrorama bench sessions`: many sessions at once; is each still drawn, sent and its own?

Runs in the bench's process with plain aiortc peers, which count pictures and do not decode them.
Never judges by one session: every row has a sample for each.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiortc.rtcrtpreceiver as receiver
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.base import Decoder
from aiortc.mediastreams import MediaStreamError

from engines.values import F32, MOTION_INDEX
from server.bench.latency import Plan
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.peer import CONNECT_TIMEOUT_S, Microphone, prepare
from server.bench.report import Bar, Result, row
from server.bench.service import Service, service
from server.bench.sounds import train

FPS_BAR = Bar("low", low=24.5)
INTERVAL_BAR = Bar("p99", high=60)
STILL_BAR = Bar("p50", high=0.25)
POLL_S = 0.05
WARM_S = 3.0
"""Not counted: sessions that come in make those before them step down and up again."""
_JAW = MOTION_INDEX["jawOpen"]


@dataclass(slots=True)
class Figures:
    """What one session did while it was measured."""

    drawn_hz: float
    sent_hz: float
    interval_ms: list[float]
    rung: str
    render_ms: float
    jaw: float
    """Standard deviation of the jaw: how much the mouth moved."""
    speaking: bool
    """Whether its microphone spoke."""


class Counting(Decoder):
    """Decodes nothing, and notes when each picture was whole."""

    def __init__(self, arrived_s: list[float]) -> None:
        self._arrived_s = arrived_s

    def decode(self, encoded_frame: Any) -> list[Any]:
        """On the receiver's thread."""
        self._arrived_s.append(time.monotonic())
        return []


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
    arrived_s: list[float] = field(default_factory=list)
    jaw: list[float] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, wishes: dict[str, Any]) -> None:
        """Until it is live. Raises BenchError."""
        created = await self.service.json("POST", "/v1/sessions", {"voice": "mirror", **wishes})
        self.session = str(created["id"])
        self.pc.on("track", self._on_track)
        channel = self.pc.createDataChannel("events")
        channel.on("message", self._on_message)
        channel.on("open", self._open.set)
        self.pc.addTransceiver(Microphone(self.sound), direction="sendrecv")
        self.pc.addTransceiver("video", direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        offer = {"type": "offer", "sdp": self.pc.localDescription.sdp}
        answer = await self.service.json("POST", f"/v1/sessions/{self.session}/offer", offer)
        with counted(self.arrived_s):
            await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._open.wait()
                    while not self.arrived_s:  # noqa: ASYNC110
                        # The decoder's thread counts; it tells nobody.
                        await asyncio.sleep(POLL_S)
            except TimeoutError as error:
                raise BenchError(f"no picture within {CONNECT_TIMEOUT_S:g} s") from error
        channel.send('{"type": "subscribe", "motion": true}')

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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_track(self, track: Any) -> None:
        self._tasks.append(asyncio.create_task(self._drain(track)))

    async def _drain(self, track: Any) -> None:
        try:
            while True:
                await track.recv()
        except MediaStreamError:
            return

    def _on_message(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") == "motion":
            self.jaw.append(float(message["values"][_JAW]))


@contextmanager
def counted(arrived_s: list[float]) -> Iterator[None]:
    """Receivers that start now count their pictures into `arrived_s` and decode none."""
    # No public way: aiortc decodes whatever it receives.
    usual = vars(receiver)["get_decoder"]

    def decoder(codec: Any) -> Any:
        return Counting(arrived_s) if codec.name in ("VP8", "H264") else usual(codec)

    vars(receiver)["get_decoder"] = decoder
    try:
        yield
    finally:
        vars(receiver)["get_decoder"] = usual


async def sessions(plan: Plan, tell: Callable[[str], None]) -> Result:
    """Hold `plan.connects` sessions for `plan.seconds`; every second one's microphone is silent."""
    where = machine()
    async with service(plan.url, plan.settings) as under_test:
        prepare(under_test.url)
        callers: list[Caller] = []
        try:
            for index in range(plan.connects):
                speaking = index % 2 == 0
                sound = train(20, seed=index)[0] if speaking else np.zeros(48_000, np.float32)
                callers.append(Caller(under_test, sound, speaking))
                await callers[-1].connect(dict(plan.wishes))
                tell(f"{index + 1} of {plan.connects} sessions are live")
            await asyncio.sleep(WARM_S)
            found = await measure(callers, plan.seconds)
            metrics = await under_test.metrics()
        finally:
            await asyncio.gather(*(each.hang_up() for each in callers), return_exceptions=True)
    return judge(plan, found, metrics, where, under_test)


async def measure(callers: list[Caller], seconds: float) -> list[Figures]:
    """What each did in so many seconds."""
    before = [await each.figures() for each in callers]
    begun_s = time.monotonic()
    marks = [(len(each.arrived_s), len(each.jaw)) for each in callers]
    await asyncio.sleep(seconds)
    arrived = [each.arrived_s[mark:] for each, (mark, _) in zip(callers, marks, strict=True)]
    took_s = time.monotonic() - begun_s
    after = [await each.figures() for each in callers]
    found = []
    for index, each in enumerate(callers):
        old, new = before[index]["engine"], after[index]["engine"]
        jaw = each.jaw[marks[index][1] :]
        found.append(
            Figures(
                drawn_hz=(new["frames_rendered"] - old["frames_rendered"]) / took_s,
                sent_hz=len(arrived[index]) / took_s,
                interval_ms=[float(gap) * 1000 for gap in np.diff(arrived[index])],
                rung=str(new["rung_name"]),
                render_ms=float(new["render_mean_ms"]),
                jaw=float(np.std(jaw)) if jaw else 0.0,
                speaking=each.speaking,
            )
        )
    return found


def judge(
    plan: Plan,
    found: list[Figures],
    metrics: dict[str, float],
    where: dict[str, Any],
    under_test: Service,
) -> Result:
    """From each session's figures to rows with bars."""
    spoke = [each.jaw for each in found if each.speaking]
    silent = [each.jaw for each in found if not each.speaking]
    loudest = float(np.median(spoke)) if spoke else 0.0
    rungs = sorted({each.rung for each in found})
    use = metrics.get("avatar_engine_use", 0.0)
    return Result(
        kind="sessions",
        command=plan.command,
        rows=[
            row("pictures drawn a second, each session", "", [f.drawn_hz for f in found], FPS_BAR),
            row("pictures received a second", "", [f.sent_hz for f in found], FPS_BAR),
            row(
                "between two pictures received",
                "ms",
                [gap for each in found for gap in each.interval_ms],
                INTERVAL_BAR,
            ),
            row("one picture drawn", "ms", [each.render_ms for each in found]),
            row("jaw of those who speak", "", spoke),
            row(
                "jaw of the silent, as a share of it",
                "",
                [value / loudest for value in silent] if loudest else [],
                STILL_BAR,
            ),
        ],
        notes=[
            f"{len(found)} sessions for {plan.seconds:g} s with aiortc peers on the same machine; "
            "every second one is silent. A picture held is received again and not drawn again.",
            f"At the end they were on: {', '.join(rungs)}. Engine use {use:.2f} of its time.",
        ],
        machine=where,
        versions=versions(),
        settings=dict(under_test.settings),
        raw={"sessions": [each.rung for each in found], "metrics": metrics},
    )
