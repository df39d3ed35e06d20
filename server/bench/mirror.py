"""A small server with a known delay, against which the bench is checked.

A process of its own (`python -m server.bench.mirror --delay-ms 50`), one event loop, on loopback.
Never uses the product's media path, so that the bench is not checked against itself.

For each 20 ms of microphone that come, 20 ms go back at once: those of the delay ago. So packets
come evenly whatever the delay, and it can change within a call (`PUT /delay`) without the browser's
jitter buffers noticing. With every second one comes a picture, sent exactly the delay later, whose
strip carries its media time. It speaks just enough of the API for the product's client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from fastapi import FastAPI, Request, Response
from numpy.typing import NDArray

from engines.mailbox import Mailbox
from engines.values import FRAME_SAMPLES, SAMPLE_RATE_HZ, U8, AudioChunk
from server.probe import Probe, stamp
from server.rtc.install import install
from server.settings import RtcSettings
from server.settings_load import env_name

I16: TypeAlias = NDArray[np.int16]
SIZE = 512
WIRE_PER_MS = 48
"""Samples of a ms as they come and go; media time is counted at 16 kHz."""
KEPT = 64
"""Frames that may wait for the connection to take them."""
LONGEST_MS = 400
"""Sound that is kept: no delay is longer."""
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


@dataclass(slots=True)
class Inserted:
    """The delay, in ms; may be set at any moment."""

    ms: int = 0
    """0 to 400."""


class DelayLine:
    """Sound that came, and what of it goes out now; one block out for each block in."""

    def __init__(self, inserted: Inserted) -> None:
        self._inserted = inserted
        self._kept = np.zeros(LONGEST_MS * WIRE_PER_MS, np.int16)

    def step(self, pcm: I16) -> I16:
        """Take i16[N] at 48 kHz; return the i16[N] of the delay ago, to the sample."""
        self._kept = np.concatenate((self._kept, pcm))[-(LONGEST_MS * WIRE_PER_MS + len(pcm)) :]
        end = len(self._kept) - self._inserted.ms * WIRE_PER_MS
        return self._kept[end - len(pcm) : end]


class Mirror:
    """One call."""

    def __init__(self, inserted: Inserted) -> None:
        self._inserted, self._line = inserted, DelayLine(inserted)
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
            self._return(pts, self._line.step(pcm))
            if pts % FRAME_SAMPLES < len(heard):
                ms = self._inserted.ms
                loop.call_later(ms / 1000, self._show, pts, pts + ms * SAMPLE_RATE_HZ // 1000)
            pts += len(heard)

    def _return(self, pts: int, pcm: I16) -> None:
        sound = AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
        sound.sample_rate, sound.pts, sound.time_base = 48_000, pts * 3, Fraction(1, 48_000)
        self._sound.give(sound)

    def _show(self, media: int, pts: int) -> None:
        """The picture of media time `media`; it goes out at `pts` of the same clock."""
        image = stamp(self._face, media // FRAME_SAMPLES, round(time.time() * 1000))
        picture = VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        picture.pts, picture.time_base = pts * 90 // 16, Fraction(1, 90_000)
        self._picture.give(picture)


def mirror_app(inserted: Inserted) -> FastAPI:
    """The API for one call at a time; `PUT /delay` with {ms} sets its delay from now on."""
    api = FastAPI()
    calls: dict[str, Mirror] = {}

    @api.get("/readyz")
    @api.get("/v1/capabilities")
    async def ready() -> dict[str, Any]:
        return {"fps": 25, "playout_delay_ms": inserted.ms}

    @api.put("/delay", status_code=204)
    async def delay(request: Request) -> None:
        inserted.ms = min(max(0, int((await request.json())["ms"])), LONGEST_MS)

    @api.get("/metrics")
    async def metrics() -> Response:
        return Response(METRICS, media_type="text/plain")

    @api.post("/v1/sessions", status_code=201)
    async def create() -> dict[str, Any]:
        calls["one"] = Mirror(inserted)
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
    parser.add_argument("--delay-ms", type=int, default=0)
    inserted = Inserted(parser.parse_args().delay_ms)
    install(RtcSettings(bind_addresses=("127.0.0.1",)))
    port = int(os.environ[env_name("server.port")])
    uvicorn.run(mirror_app(inserted), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
