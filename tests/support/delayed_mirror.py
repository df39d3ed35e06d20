"""A small server with a known delay, for testing the bench: what is heard is said and shown later.

A process of its own: one event loop. Speaks just enough of the API for the product's client.
Never uses the product's media path, so that the bench is not checked against itself.

Every 20 ms of microphone is returned after exactly `--delay-ms`, and every second one with a
picture whose strip carries its media time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from fractions import Fraction
from typing import Any

import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, VideoFrame
from fastapi import FastAPI, Request, Response

from engines.values import AudioChunk
from server.probe import Probe, stamp
from server.rtc.install import install
from server.settings import RtcSettings

SIZE = 512
RING = 64


class Outlet(MediaStreamTrack):
    """A track fed by hand; drops the oldest when nobody takes."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._frames: asyncio.Queue[Any] = asyncio.Queue(RING)

    def give(self, frame: Any) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    async def recv(self) -> Any:
        return await self._frames.get()


class Mirror:
    """One call."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.sound, self.picture = Outlet("audio"), Outlet("video")
        self.channel: Any = None
        self.probe = Probe(self.tell)
        self.face = np.random.default_rng(0).integers(60, 200, (SIZE, SIZE, 3), dtype=np.uint8)
        self.face[:] = self.face[::64, ::64].repeat(64, 0).repeat(64, 1)
        self.tasks: set[asyncio.Task[None]] = set()
        self.pc.on("datachannel", lambda channel: setattr(self, "channel", channel))
        self.pc.on("track", self.on_track)

    def tell(self, event: dict[str, Any]) -> None:
        if self.channel is not None:
            import json

            self.channel.send(json.dumps(event))

    def on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            task = asyncio.ensure_future(self.listen(track))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def listen(self, track: MediaStreamTrack) -> None:
        from aiortc.mediastreams import MediaStreamError

        pts = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                frame: Any = await track.recv()
            except MediaStreamError:
                return
            channels = len(frame.layout.channels)
            pcm = frame.to_ndarray().reshape(-1, channels)[:, 0].astype(np.int16)
            heard = pcm[::3].astype(np.float32) / 32768
            self.probe.hear(AudioChunk(pts, 0, heard))
            loop.call_later(self.delay_s, self.release, pts, pcm)
            pts += len(heard)

    def release(self, pts: int, pcm: Any) -> None:
        sound = AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
        sound.sample_rate, sound.pts, sound.time_base = 48000, pts * 3, Fraction(1, 48000)
        self.sound.give(sound)
        if (pts // 320) % 2 == 0:
            image = stamp(self.face, pts // 640, round(time.time() * 1000))
            picture = VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            picture.pts, picture.time_base = pts * 90 // 16, Fraction(1, 90000)
            self.picture.give(picture)

    async def answer(self, sdp: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in self.pc.getTransceivers():
            outlet = self.sound if transceiver.kind == "audio" else self.picture
            transceiver.sender.replaceTrack(outlet)
            transceiver.direction = "sendrecv" if transceiver.kind == "audio" else "sendonly"
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return str(self.pc.localDescription.sdp)

    async def close(self) -> None:
        await self.pc.close()
        for task in list(self.tasks):
            task.cancel()


def app(delay_s: float) -> FastAPI:
    api = FastAPI()
    calls: dict[str, Mirror] = {}

    @api.get("/readyz")
    @api.get("/v1/capabilities")
    async def ready() -> dict[str, Any]:
        return {"fps": 25, "playout_delay_ms": delay_s * 1000}

    @api.get("/metrics")
    async def metrics() -> Response:
        return Response("avatar_sessions_active 0.0\n", media_type="text/plain")

    @api.post("/v1/sessions", status_code=201)
    async def create(request: Request) -> dict[str, Any]:
        assert (await request.json())["probe"] is True
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
        await calls["one"].close()

    return api


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=float, default=0.0)
    delay_s = parser.parse_args().delay_ms / 1000
    install(RtcSettings(bind_addresses=("127.0.0.1",)))
    port = int(os.environ["SYNCHRORAMA_SERVER_PORT"])
    uvicorn.run(app(delay_s), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
