"""A client without a browser: an aiortc peer that plays the sounds and reads the strips.

Runs on the bench's event loop. Latencies end where a picture is decoded: there is no screen.
Never shares a process with the server it measures.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from engines.values import F32
from server.bench.analyse import Recording, Report, Shown
from server.bench.needs import BenchError
from server.bench.service import Service
from server.probe import OnsetDetector, read
from server.rtc.install import install
from server.settings import RtcSettings

RATE_HZ = 48_000
PACKET = 960
PACKET_S = PACKET / RATE_HZ
CONNECT_TIMEOUT_S = 20.0


def prepare(url: str) -> None:
    """Let aiortc use loopback when the server is there, with the product's own hardening.

    Process-wide; call once before the first connection.
    """
    local = urlsplit(url).hostname in ("127.0.0.1", "localhost")
    install(RtcSettings(bind_addresses=("127.0.0.1",) if local else ()))


def wall_ms() -> float:
    """Milliseconds since 1970: the clock that the server's reports are on."""
    return time.time() * 1000


class Microphone(MediaStreamTrack):
    """Plays f32[N] at 48 kHz in a loop at real pace and notes when each onset is captured."""

    kind = "audio"

    def __init__(self, sound: F32) -> None:
        super().__init__()
        whole = -(-len(sound) // PACKET) * PACKET
        padded = np.concatenate([sound, np.zeros(whole - len(sound), np.float32)])
        self._pcm = np.clip(np.round(padded * 32767), -32768, 32767).astype(np.int16)
        # Every third sample: the detector's rate.
        self._heard = (self._pcm[::3] / 32768).astype(np.float32)
        self._detector = OnsetDetector()
        self._state = self._detector.new_state()
        self._count = 0
        self._start_s = 0.0
        self.onsets_ms: list[float] = []

    async def recv(self) -> AudioFrame:
        """The next 20 ms, once they have been captured."""
        if self._count == 0:
            self._start_s = time.time()
        captured_s = self._start_s + (self._count + 1) * PACKET_S
        await asyncio.sleep(max(0.0, captured_s - time.time()))
        at = self._count * PACKET % len(self._pcm)
        heard = self._heard[at // 3 : (at + PACKET) // 3]
        for onset in self._detector.step(self._state, self._count * PACKET // 3, heard):
            self.onsets_ms.append((self._start_s + onset / 16_000) * 1000)
        frame = AudioFrame.from_ndarray(
            self._pcm[None, at : at + PACKET], format="s16", layout="mono"
        )
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = self._count * PACKET
        self._count += 1
        return frame


class PeerClient:
    """One connection at a time, recording as the measuring page does."""

    version = ""

    def __init__(self, service: Service, sound: F32) -> None:
        self._service = service
        self._sound = sound
        self._pc: RTCPeerConnection | None = None
        self._session = ""
        self._microphone: Microphone | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._first = asyncio.Event()
        self._recording = Recording()
        self._unreadable = 0
        self._drawn_ms: dict[int, float] = {}
        self.problems: list[str] = []

    async def connect(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Connect; return {click_ms, live_ms, first_ms, session} once a picture was decoded.

        Raises BenchError when none came in 20 s.
        """
        await self.hang_up()
        click_ms = wall_ms()
        asked = {"voice": "mirror", "probe": True, **wishes}
        created = await self._service.json("POST", "/v1/sessions", asked)
        self._session = str(created["id"])
        self._pc = pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._first = asyncio.Event()
        live = asyncio.Event()
        self._microphone = self._open_microphone()
        pc.on("track", self._on_track)
        pc.on("connectionstatechange", lambda: self._on_state(pc, live))
        pc.createDataChannel("events").on("message", self._on_message)
        pc.addTransceiver(self._microphone, direction="sendrecv")
        pc.addTransceiver("video", direction="recvonly")
        await pc.setLocalDescription(await pc.createOffer())
        offer = {"type": "offer", "sdp": pc.localDescription.sdp}
        answer = await self._service.json("POST", f"/v1/sessions/{self._session}/offer", offer)
        await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await live.wait()
                live_ms = wall_ms()
                await self._first.wait()
        except TimeoutError as error:
            raise BenchError(f"no picture within {CONNECT_TIMEOUT_S:g} s") from error
        return {
            "click_ms": click_ms,
            "live_ms": live_ms,
            "first_ms": wall_ms(),
            "session": self._session,
        }

    async def collect(self) -> None:
        """Nothing to fetch: the recording is made here."""

    async def stats(self) -> dict[str, Any]:
        """A plain peer has no browser statistics."""
        return {}

    async def state(self) -> str:
        """`live` while the connection holds."""
        held = self._pc is not None and self._pc.connectionState == "connected"
        return "live" if held else "closed"

    async def interruptions(self, count: int) -> list[dict[str, float | None]]:
        """A plain peer pushes no speech."""
        return []

    async def hang_up(self) -> None:
        """End the session and the connection; idempotent."""
        pc, self._pc = self._pc, None
        session, self._session = self._session, ""
        if session:
            await self._service.json("DELETE", f"/v1/sessions/{session}")
        if pc is not None:
            await pc.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def taken(self) -> tuple[Recording, dict[str, list[Any]]]:
        """Everything recorded since the last call: as recording, and raw for the JSON."""
        done, self._recording = self._recording, Recording()
        # Told on another channel than the picture: joined only now.
        drawn, self._drawn_ms = self._drawn_ms, {}
        done.shown = [replace(each, drawn_ms=drawn.get(each.frame)) for each in done.shown]
        if self._microphone is not None:
            done.heard_ms, self._microphone.onsets_ms = self._microphone.onsets_ms, []
        raw: dict[str, list[Any]] = {
            "heard": list(done.heard_ms),
            "echo": list(done.echo_ms),
            "reports": [[r.arrived_ms, r.onset_pts, r.heard_ms] for r in done.reports],
            "shown": [[s.at_ms, s.frame, s.sent_ms] for s in done.shown],
            "unreadable": [self._unreadable],
        }
        self._unreadable = 0
        return done, raw

    def _open_microphone(self) -> Microphone:
        return Microphone(self._sound)

    def _on_state(self, pc: RTCPeerConnection, live: asyncio.Event) -> None:
        if pc.connectionState == "connected":
            live.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        consume = self._listen if track.kind == "audio" else self._watch
        self._tasks.append(asyncio.create_task(consume(track), name=f"bench-{track.kind}"))

    def _on_message(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") == "probe":
            report = Report(wall_ms(), int(message["onset_pts"]), float(message["heard_ms"]))
            self._recording.reports.append(report)
        elif message.get("type") == "probe_frame":
            self._drawn_ms[int(message["frame"])] = float(message["drawn_ms"])

    async def _watch(self, track: MediaStreamTrack) -> None:
        count = 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, VideoFrame)
            at_ms = wall_ms()
            self._first.set()
            count += 1
            seen = read(np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8))
            if seen is None:
                self._unreadable += 1
            else:
                self._recording.shown.append(Shown(at_ms, seen.frame, seen.sent_ms, count))

    async def _listen(self, track: MediaStreamTrack) -> None:
        detector = OnsetDetector()
        state = detector.new_state()
        pts = 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            at_ms = wall_ms()
            channels = len(frame.layout.channels)
            heard = frame.to_ndarray().reshape(-1, channels)[::3, 0] / 32768
            for onset in detector.step(state, pts, heard.astype(np.float32)):
                self._recording.echo_ms.append(at_ms + (onset - pts) / 16)
            pts += len(heard)
