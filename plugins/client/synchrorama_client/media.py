"""The face and its voice over WebRTC, as one stream in media time (needs aiortc).

Two reader tasks on the event loop, and aiortc's decoder threads.
Never lets a slow reader cost memory: the oldest two seconds are kept at most, and counted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from synchrorama_client.align import Alignment
from synchrorama_client.errors import SessionClosed, TimedOut
from synchrorama_client.inbox import Inbox
from synchrorama_client.loopback import including_loopback
from synchrorama_client.media_items import SOUND_HZ, Item, Picture, Sound
from synchrorama_client.timeouts import Timeouts
from synchrorama_client.weave import Weave

if TYPE_CHECKING:
    from synchrorama_client.session import Session

ITEMS_KEPT = 150
"""Two seconds: 100 of sound and 50 pictures."""
EVENTS_KEPT = 256
VIDEO_HZ = 90_000


class Media:
    """Iterate it: `Picture` and `Sound` in the order of media time, until the session ends."""

    def __init__(self, session: Session, timeouts: Timeouts) -> None:
        self._session = session
        self._timeouts = timeouts
        servers = [
            RTCIceServer(each["urls"], each.get("username"), each.get("credential"))
            for each in session.info.get("ice_servers", [])
        ]
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._weave = Weave()
        self._alignment = Alignment()
        self._items: Inbox[Item] = Inbox(ITEMS_KEPT)
        self._listeners: list[Inbox[Mapping[str, Any]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self.reason = ""
        """Why it ended, in the server's words."""

    async def __aenter__(self) -> Media:
        """Itself: it is connected already."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        await self.aclose()

    async def connect(self) -> None:
        """Offer, answer, connected. Raises TimedOut, Refused or SessionClosed."""
        self.pc.on("track", self._on_track)
        self.pc.on("connectionstatechange", self._on_state)
        self._channel = self.pc.createDataChannel("events")
        self._channel.on("message", self._on_message)
        self.pc.addTransceiver("audio", direction="recvonly")
        self.pc.addTransceiver("video", direction="recvonly")
        local = urlsplit(self._session.host_url).hostname in ("127.0.0.1", "localhost", "::1")
        limit_s = self._timeouts.connect_s
        try:
            async with asyncio.timeout(limit_s):
                with including_loopback(local):
                    await self.pc.setLocalDescription(await self.pc.createOffer())
                answer = await self._session.answer(self.pc.localDescription.sdp)
                await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                await self._connected.wait()
        except TimeoutError as error:
            await self.aclose()
            if isinstance(error, TimedOut):
                raise
            hint = "is UDP let through? see `synchrorama doctor` on the server"
            raise TimedOut("not_connected", f"no peer in {limit_s:g} s", hint) from error
        except BaseException:
            await self.aclose()
            raise
        if self._items.closed:
            raise SessionClosed("not_connected", f"the peer failed: {self.reason}")

    def __aiter__(self) -> AsyncIterator[Item]:
        return self._items

    @property
    def dropped(self) -> int:
        """Items that were not read in time."""
        return self._items.dropped

    def forget(self) -> None:
        """Drop what was not read yet: after an interrupt, say."""
        self._items.clear()

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Inbox[Mapping[str, Any]]]:
        """What the server tells on the data channel from now on (docs/api.md)."""
        inbox: Inbox[Mapping[str, Any]] = Inbox(EVENTS_KEPT)
        self._listeners.append(inbox)
        if self._items.closed:
            inbox.close()
        try:
            yield inbox
        finally:
            self._listeners.remove(inbox)
            inbox.close()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Tell something on the data channel; False while it is not open."""
        if self._channel.readyState != "open":
            return False
        self._channel.send(json.dumps(dict(message)))
        return True

    async def aclose(self) -> None:
        """Hang up; nothing is left. Idempotent."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="synchrorama-hang-up")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await asyncio.wait({asyncio.create_task(self.pc.close())}, timeout=self._timeouts.close_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._end()

    def _end(self) -> None:
        self._items.close()
        for inbox in self._listeners:
            inbox.close()
        self._connected.set()

    def _on_state(self) -> None:
        if self.pc.connectionState == "connected":
            self._connected.set()
        elif self.pc.connectionState in ("failed", "closed"):
            self.reason = self.reason or f"the connection {self.pc.connectionState}"
            self._end()

    def _on_message(self, text: str | bytes) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        if message.get("type") == "closed":
            self.reason = str(message.get("reason", ""))
        for inbox in self._listeners:
            inbox.put(message)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._read(track), name=f"synchrorama-{track.kind}"))

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame | VideoFrame)
            now_s = time.monotonic()
            item = self._item(frame)
            self._alignment.note(item, now_s)
            if isinstance(item, Picture):
                item = Picture(item.pts_s + self._alignment.shift_s, item.frame)
            self._weave.add(item, now_s)
            for ready in self._weave.take(now_s):
                self._items.put(ready)

    def _item(self, frame: AudioFrame | VideoFrame) -> Item:
        pts = frame.pts or 0
        if isinstance(frame, VideoFrame):
            return Picture(pts / VIDEO_HZ, frame)
        channels = len(frame.layout.channels)
        mono = np.ascontiguousarray(frame.to_ndarray().reshape(-1, channels)[:, 0])
        return Sound(pts / SOUND_HZ, mono.astype("<i2").tobytes())
