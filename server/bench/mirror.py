"""A small server with a known delay, against which the bench is checked.

A process of its own (`python -m server.bench.mirror --delay-ms 50`), one event loop, on loopback.
Never uses the product's media path, so that the bench is not checked against itself.

Every 20 ms of microphone is returned after exactly the delay, and every second one with a picture
whose strip carries its media time. It speaks just enough of the API for the product's client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from fractions import Fraction
from typing import Any

import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from fastapi import FastAPI, Request, Response

from engines.mailbox import Mailbox
from engines.values import U8, AudioChunk
from server.probe import Probe, stamp
from server.rtc.install import install
from server.settings import RtcSettings
from server.settings_load import env_name

SIZE = 512
KEPT = 64
"""Frames that may wait for the connection to take them."""
METRICS = "# TYPE avatar_sessions_active gauge\navatar_sessions_active 0\n"


class Outlet(MediaStreamTrack):
    """A track fed by hand."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._there = asyncio.Event()
        self._frames: Mailbox[Any] = Mailbox(kind, KEPT, "drop-oldest", on_put=self._there.set)

    def give(self, frame: Any) -> None:
        """Hand over the next frame."""
        self._frames.put(frame)

    async def recv(self) -> Any:
        """The next frame, once there is one."""
        while (frame := self._frames.get()) is None:
            self._there.clear()
            await self._there.wait()
        return frame


def face() -> U8:
    """u8[512,512,3]: coarse coloured squares, about as hard to encode as a portrait."""
    squares = np.random.default_rng(0).integers(60, 200, (8, 8, 3), dtype=np.uint8)
    return squares.repeat(SIZE // 8, 0).repeat(SIZE // 8, 1)


class Mirror:
    """One call."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sound, self._picture = Outlet("audio"), Outlet("video")
        self._channel: Any = None
        self._probe = Probe(self._tell)
        self._face = face()
        self._listening: asyncio.Task[None] | None = None
        self._pc.on("datachannel", self._on_channel)
        self._pc.on("track", self._on_track)

    async def answer(self, sdp: str) -> str:
        """Answer the offer; sound and picture go out on what it asks for."""
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in self._pc.getTransceivers():
            audio = transceiver.kind == "audio"
            transceiver.sender.replaceTrack(self._sound if audio else self._picture)
            transceiver.direction = "sendrecv" if audio else "sendonly"
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return str(self._pc.localDescription.sdp)

    async def close(self) -> None:
        """End the call."""
        if self._listening is not None:
            self._listening.cancel()
        await self._pc.close()

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel

    def _tell(self, event: dict[str, Any]) -> None:
        if self._channel is not None:
            self._channel.send(json.dumps(event))

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listening = asyncio.create_task(self._listen(track), name="mirror")

    async def _listen(self, track: MediaStreamTrack) -> None:
        pts = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            channels = len(frame.layout.channels)
            pcm = frame.to_ndarray().reshape(-1, channels)[:, 0].astype(np.int16)
            heard = (pcm[::3] / 32768).astype(np.float32)
            self._probe.hear(AudioChunk(pts, 0, heard))
            loop.call_later(self._delay_s, self._release, pts, pcm)
            pts += len(heard)

    def _release(self, pts: int, pcm: Any) -> None:
        sound = AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
        sound.sample_rate, sound.pts, sound.time_base = 48_000, pts * 3, Fraction(1, 48_000)
        self._sound.give(sound)
        if (pts // 320) % 2 == 0:
            image = stamp(self._face, pts // 640, round(time.time() * 1000))
            picture = VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            picture.pts, picture.time_base = pts * 90 // 16, Fraction(1, 90_000)
            self._picture.give(picture)


def mirror_app(delay_s: float) -> FastAPI:
    """The API for one call at a time."""
    api = FastAPI()
    calls: dict[str, Mirror] = {}

    @api.get("/readyz")
    @api.get("/v1/capabilities")
    async def ready() -> dict[str, Any]:
        return {"fps": 25, "playout_delay_ms": delay_s * 1000}

    @api.get("/metrics")
    async def metrics() -> Response:
        return Response(METRICS, media_type="text/plain")

    @api.post("/v1/sessions", status_code=201)
    async def create() -> dict[str, Any]:
        calls["one"] = Mirror(delay_s)
        return {"id": "one", "ice_servers": []}

    @api.post("/v1/sessions/one/offer")
    async def offer(request: Request) -> dict[str, Any]:
        return {"type": "answer", "sdp": await calls["one"].answer((await request.json())["sdp"])}

    @api.patch("/v1/sessions/one/offer", status_code=204)
    async def trickle() -> None:
        return None

    @api.get("/v1/sessions/one/stats")
    async def stats() -> dict[str, Any]:
        return {}

    @api.delete("/v1/sessions/one", status_code=204)
    async def end() -> None:
        await calls.pop("one").close()

    return api


def main() -> None:
    """Serve on the port in SYNCHRORAMA_SERVER_PORT until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    delay_s = parser.parse_args().delay_ms / 1000
    install(RtcSettings(bind_addresses=("127.0.0.1",)))
    port = int(os.environ[env_name("server.port")])
    uvicorn.run(mirror_app(delay_s), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
