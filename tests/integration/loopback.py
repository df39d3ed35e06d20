"""Two ends of a call in one process: our peer with a fake engine, and an aiortc client.

Everything runs on the test's event loop over 127.0.0.1.
Never touches the network; the client's packets can be lost or delayed by a script.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from engines.chunker import Chunker
from engines.mailbox import Mailbox
from engines.values import F32, MOTION_SIZE, AudioChunk, Picture
from server.codec_pool import CodecPool
from server.delay import DelayLimits
from server.ingest import MicReader
from server.peer import Peer
from server.player import Outlets, Player
from server.rtc import jitter
from server.rtc.install import Installed, install
from server.settings import RtcSettings
from server.timeline import MicTimeline, Timeline
from server.tracks import AvatarAudioTrack, AvatarVideoTrack

SIZE = 256
LOOPBACK = RtcSettings(bind_addresses=("127.0.0.1",))
PTIME_S = 0.02


class FakeEngine:
    """Answers each window at once with a picture: bright where its sound is loud."""

    def __init__(self) -> None:
        self.audio: Mailbox[AudioChunk] = Mailbox("audio", 25, "drop-oldest", on_put=self._work)
        self.frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        self._chunker = Chunker(lead=2)
        self._state = self._chunker.new_state()

    def _work(self) -> None:
        while (chunk := self.audio.get()) is not None:
            for window in self._chunker.step(self._state, chunk):
                level = min(255, int(np.abs(window.samples).max() * 400))
                image = np.full((SIZE, SIZE, 3), level, np.uint8)
                motion = np.zeros(MOTION_SIZE, np.float32)
                self.frames.put(Picture(window.pts, window.epoch, image, motion))


@dataclass
class Wire:
    """What happens to the client's RTP packets; `number` counts those of its microphone."""

    lost: Callable[[int], bool] = lambda number: False
    delay_s: Callable[[int], float] = lambda number: 0.0
    number: int = 0

    def on(self, pc: RTCPeerConnection) -> None:
        """Script the sending side of a connected peer connection."""
        connection = pc.getSenders()[0].transport.transport._connection
        send = connection.send

        async def scripted(data: bytes) -> None:
            # SRTP of a media packet, not RTCP (RFC 5761: payload types 64-95 with the marker).
            if not 127 < data[0] < 192 or 191 < data[1] < 224:
                await send(data)
                return
            self.number += 1
            if self.lost(self.number):
                return
            delay_s = self.delay_s(self.number)
            if delay_s <= 0:
                await send(data)
            else:
                loop = asyncio.get_running_loop()
                pair = connection._nominated[1]
                loop.call_later(delay_s, self._send_late, pair, data)

        pc.getSenders()[0].transport.transport._send = scripted

    @staticmethod
    def _send_late(pair: Any, data: bytes) -> None:
        if not pair.protocol.transport.is_closing():
            pair.protocol.transport.sendto(data, pair.remote_addr)


class ToneTrack(MediaStreamTrack):
    """A microphone: `wave(first_sample, count)` gives f32 at 48 kHz, paced by the clock."""

    kind = "audio"

    def __init__(self, wave: Callable[[int, int], F32]) -> None:
        super().__init__()
        self._wave = wave
        self._pts = 0
        self.start_s = 0.0

    async def recv(self) -> AudioFrame:
        now_s = time.monotonic()
        if not self._pts:
            self.start_s = now_s
        due_s = self.start_s + self._pts / 48000
        await asyncio.sleep(max(0.0, due_s - now_s))
        pcm = (self._wave(self._pts, 960) * 32767).astype(np.int16)
        frame = AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self._pts, Fraction(1, 48000)
        self._pts += 960
        return frame


def beeps(first: int, count: int) -> F32:
    """100 ms of 440 Hz in each half second."""
    t = np.arange(first, first + count)
    tone = 0.5 * np.sin(t * (2 * np.pi * 440 / 48000)) * (t % 24000 < 4800)
    return np.asarray(tone, np.float32)


@dataclass
class Heard:
    """What the client received of one kind, with the time of arrival."""

    frames: list[tuple[float, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def at_least(self, count: int, timeout_s: float = 60.0) -> None:
        """Wait until `count` frames have come."""
        async with asyncio.timeout(timeout_s):
            while len(self.frames) < count:
                self.changed.clear()
                await self.changed.wait()


class Client:
    """The page: sends a microphone, receives sound and picture, has a data channel."""

    def __init__(
        self, wave: Callable[[int, int], F32] = beeps, codec: str | None = None, mic: bool = True
    ) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.audio, self.video = Heard(), Heard()
        self.events: list[str] = []
        self.connected = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        if mic:
            self.mic = ToneTrack(wave)
            self.pc.addTrack(self.mic)
        else:
            self.pc.addTransceiver("audio", direction="recvonly")
        video = self.pc.addTransceiver("video", direction="recvonly")
        if codec is not None:
            codecs = RTCRtpSender.getCapabilities("video").codecs
            video.setCodecPreferences([c for c in codecs if c.mimeType == codec])
        self.channel = self.pc.createDataChannel("events")
        self.channel.on("message", self.events.append)
        self.pc.on("track", self._track)
        self.pc.on("connectionstatechange", self._state)

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def take(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def vanish(self) -> None:
        """As a process that was killed: its sockets are gone, and nobody is told."""
        for connection in {t.transport.transport._connection for t in self.pc.getSenders()}:
            for protocol in connection._protocols:
                protocol.transport.abort()

    def onsets(self) -> list[float]:
        """When each beep of the returned sound arrived."""
        loud = [(at, np.abs(f.to_ndarray()).max() > 4000) for at, f in self.audio.frames]
        return [b[0] for a, b in zip(loud, loud[1:], strict=False) if b[1] and not a[1]]

    async def hear_beeps(self, count: int) -> None:
        """Until so many have come back."""
        async with asyncio.timeout(60):
            while len(self.onsets()) < count:
                await self.audio.at_least(len(self.audio.frames) + 5)

    def echo_delays(self) -> list[tuple[float, float]]:
        """(time, seconds from when a beep's packet was sent to its return) of each beep."""
        start_s = self.mic.start_s
        # The packet with the beep's first sample leaves when that sample is due.
        sent = [start_s + 0.5 * k for k in range(1000)]
        return [(at, at - max(s for s in sent if s < at)) for at in self.onsets()]

    async def aclose(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _state(self) -> None:
        if self.pc.connectionState == "connected":
            self.connected.set()

    def _track(self, track: MediaStreamTrack) -> None:
        heard = self.audio if track.kind == "audio" else self.video
        if track.kind == "audio":
            # As a browser's: aiortc's own would hide what the server does behind 80 ms.
            (receiver,) = (r for r in self.pc.getReceivers() if r.track is track)
            jitter.install(receiver)
        self._tasks.append(asyncio.create_task(self._read(track, heard)))

    async def _read(self, track: MediaStreamTrack, heard: Heard) -> None:
        try:
            while True:
                frame = await track.recv()
                heard.frames.append((time.monotonic(), frame))
                heard.changed.set()
        except MediaStreamError:
            return


class Server:
    """Our side: one session's parts, joined as the server joins them."""

    def __init__(
        self, pool: CodecPool, timeline: Timeline | None = None, settings: RtcSettings = LOOPBACK
    ) -> None:
        self.engine = FakeEngine()
        self.audio_track, self.video_track = AvatarAudioTrack(), AvatarVideoTrack(pool)
        mic = MicTimeline()
        self.timeline = timeline or mic
        self.player = Player(
            timeline=self.timeline,
            engine_audio=self.engine.audio,
            engine_frames=self.engine.frames,
            outlets=Outlets(self.audio_track.mailbox, self.video_track.mailbox),
            idle_image=np.full((SIZE, SIZE, 3), 60, np.uint8),
            # Fixed: a busy test machine would make it grow, and hide what the wire does.
            limits=DelayLimits(140, 140, 140),
        )
        self.reader = MicReader(mic, self.player.pump)
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.messages: list[str | bytes] = []
        self.peer = Peer(
            settings,
            size=SIZE,
            audio_track=self.audio_track,
            video_track=self.video_track,
            on_mic=self.reader.feed,
            on_closed=self.closed.set_result,
            on_message=self.messages.append,
            on_connected=self.player.start,
        )

    async def aclose(self) -> None:
        await self.player.aclose()
        await self.peer.aclose()


class LoopLag:
    """How late the test's loop is: on a machine too busy for a call nothing can be measured."""

    PERIOD_S = 0.01
    TOO_BUSY_S = 0.03
    STALLED_S = 0.12

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            begin_s = time.monotonic()
            await asyncio.sleep(self.PERIOD_S)
            self._lags.append(time.monotonic() - begin_s - self.PERIOD_S)

    def must_be_small(self) -> None:
        """Skip the test, saying so, when the loop was often late or once very late."""
        often_s, once_s = (np.percentile(self._lags, (95, 100))) if self._lags else (0.0, 0.0)
        if often_s > self.TOO_BUSY_S or once_s > self.STALLED_S:
            late = f"p95 {often_s * 1000:.0f} ms, most {once_s * 1000:.0f} ms"
            pytest.skip(f"machine too busy to judge timing: loop late by {late}")

    def stop(self) -> None:
        self._task.cancel()


@dataclass
class Call:
    """A connected call."""

    client: Client
    server: Server
    wire: Wire
    lag: LoopLag

    async def run(self, frames: int) -> None:
        """Until the client has `frames` more pictures (25 a second)."""
        await self.client.video.at_least(len(self.client.video.frames) + frames)

    async def aclose(self) -> None:
        self.lag.stop()
        await self.client.aclose()
        await self.server.aclose()


async def connect(
    pool: CodecPool,
    *,
    client: Client | None = None,
    server: Server | None = None,
    wire: Wire | None = None,
) -> Call:
    """Offer, answer, connected."""
    server, client, wire = server or Server(pool), client or Client(), wire or Wire()
    await client.take(await server.peer.answer(await client.offer()))
    async with asyncio.timeout(60):
        await client.connected.wait()
    wire.on(client.pc)
    return Call(client, server, wire, LoopLag())


def hardened(settings: RtcSettings = LOOPBACK) -> Installed:
    """The hardenings, bound to loopback."""
    return install(settings)
