"""The speech socket of a session: segments out, acknowledgements in, opened again when lost.

One reader task on the caller's event loop.
Never sends the sound of a segment on another socket than the one it began on: the server has
ended it there.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from synchrorama_client.errors import (
    AvatarError,
    ConnectionLost,
    Refused,
    SegmentOver,
    SessionClosed,
    TimedOut,
)
from synchrorama_client.events import (
    Buffered,
    Closed,
    Event,
    Finished,
    Hello,
    Started,
    Trouble,
    parse_event,
)
from synchrorama_client.inbox import Inbox
from synchrorama_client.pacing import Pacing
from synchrorama_client.segment import Segment
from synchrorama_client.timeouts import Retry, Timeouts

PIECE_BYTES = 32_768
"""Of one message: about 0.7 s at 24 kHz."""
EVENTS_KEPT = 256
FINAL_CODES = frozenset({1001, 1007, 1008, 1009})
"""The server closed on purpose: the session has ended, or the client broke the protocol."""
SLOWEST_CHARACTERS_S = 6.0
"""Spoken in a second at the slowest: how long a wait for a text's end may take."""


class Speech:
    """Use it with `async with`, or `connect` and `aclose`. One task speaks at a time."""

    def __init__(
        self,
        url: str,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        ahead_s: float = 20.0,
    ) -> None:
        """`url` is ws:// or wss:// of `/v1/sessions/{id}/audio`."""
        self._url = url
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or Retry()
        self._headers = dict(headers or {})
        self._pacing = Pacing(ahead_s)
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._segments: dict[str, Segment] = {}
        """Those whose end is not known, in order."""
        self._listeners: list[Inbox[Event]] = []
        self._prefix = secrets.token_hex(3)
        self._count = 0
        self._back = asyncio.Event()
        """Set while there is a socket, or never will be."""
        self._error: AvatarError | None = None
        self.hello: Hello | None = None
        self.reconnections = 0

    async def __aenter__(self) -> Speech:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()

    async def connect(self) -> None:
        """Open the socket. Raises ConnectionLost, Refused or TimedOut.

        The server reads it once the session has got its offer.
        """
        self._socket = await self._open()
        self._back.set()
        self._reader = asyncio.create_task(self._run(), name="synchrorama-speech")

    async def aclose(self) -> None:
        """Close the socket; what was sent is still spoken. Idempotent."""
        reader, self._reader = self._reader, None
        self._end(SessionClosed("speech_closed", "this speech was closed by the client"))
        socket, self._socket = self._socket, None
        if reader is not None:
            reader.cancel()
            await asyncio.wait({reader}, timeout=self._timeouts.close_s)
        if socket is not None:
            await socket.close()

    @property
    def buffered_s(self) -> float:
        """Speech that waits to be spoken, reckoned."""
        return self._pacing.waiting_s(time.monotonic())

    async def start(self, sample_rate: int, name: str | None = None) -> Segment:
        """Begin a segment of sound; one before that is open is complete with this."""
        segment = Segment(name or self._name(), sample_rate, self._feed, self._end_segment)
        message = {"type": "start", "sample_rate": sample_rate, "segment": segment.name}
        await self._begin(segment, message)
        return segment

    async def speak(self, pcm: bytes, sample_rate: int, name: str | None = None) -> Segment:
        """A whole segment of PCM16 mono. Returns when it has been sent; see `Segment.finished`."""
        segment = await self.start(sample_rate, name)
        await segment.audio(pcm)
        await segment.end()
        return segment

    async def say(
        self,
        text: str,
        *,
        voice: str | None = None,
        emotion: Mapping[str, Any] | str | None = None,
        name: str | None = None,
    ) -> Segment:
        """A segment of text, spoken by the server's own voice. Cues as `[nods]` are acted out."""
        segment = Segment(name or self._name(), 0, self._feed, self._end_segment)
        wishes = {"voice": voice, "emotion": emotion}
        message: dict[str, Any] = {"type": "speak", "segment": segment.name, "text": text}
        message |= {key: wish for key, wish in wishes.items() if wish is not None}
        await self._begin(segment, message)
        segment.allowed_s += len(text) / SLOWEST_CHARACTERS_S
        return segment

    async def interrupt(self) -> None:
        """Be silent now: everything that waits is forgotten, each segment finishes."""
        await self._silence("interrupt")

    async def clear(self) -> None:
        """Forget what waits; the segment being spoken goes on to its end."""
        self._close_open()
        await self._control({"type": "clear"})

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Inbox[Event]]:
        """Everything the server tells from now on: `async with ... as events: async for ...`.

        Ends with the socket. Of more than 256 that nobody reads the oldest are dropped.
        """
        inbox: Inbox[Event] = Inbox(EVENTS_KEPT)
        self._listeners.append(inbox)
        if self._error is not None:
            inbox.close()
        try:
            yield inbox
        finally:
            self._listeners.remove(inbox)
            inbox.close()

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"

    async def _begin(self, segment: Segment, message: Mapping[str, Any]) -> None:
        if segment.name in self._segments:
            raise ValueError(f"segment {segment.name!r} is still being spoken")
        self._close_open()
        segment.allowed_s = self.buffered_s + self._timeouts.event_s
        await self._ready()
        self._segments[segment.name] = segment
        try:
            await self._control(message)
        except BaseException:
            self._segments.pop(segment.name, None)
            raise

    def _close_open(self) -> None:
        for segment in self._segments.values():
            segment.open = False

    async def _silence(self, kind: str) -> None:
        self._close_open()
        self._pacing.forgotten()
        await self._control({"type": kind})

    async def _feed(self, segment: Segment, pcm: bytes) -> None:
        for at in range(0, len(pcm), PIECE_BYTES):
            piece = pcm[at : at + PIECE_BYTES]
            length_s = len(piece) / 2 / segment.sample_rate
            while (wait_s := self._pacing.wait_s(length_s, time.monotonic())) > 0:
                # Speech drains in real time: this is the time itself that is waited for.
                await asyncio.sleep(wait_s)
                segment.check()
            # Sending to a socket that takes it at once does not yield: the reader has a turn too.
            await asyncio.sleep(0)
            await self._ready()
            segment.check()
            self._pacing.sent(length_s, time.monotonic())
            segment.sent_s += length_s
            segment.allowed_s = self.buffered_s + self._timeouts.event_s
            if not await self._sent(piece):
                hint = "what was sent of it is spoken; start a new one"
                raise SegmentOver("socket_lost", "the socket was lost in this segment", hint)

    async def _end_segment(self, segment: Segment) -> None:
        await self._ready()
        # Where the socket was lost, or it was interrupted meanwhile, the server has ended it.
        if segment.open:
            segment.open = False
            await self._sent(json.dumps({"type": "end", "segment": segment.name}))

    async def _control(self, message: Mapping[str, Any]) -> None:
        """Send it, on the next socket where this one turns out to be lost."""
        for _ in range(2):
            await self._ready()
            if await self._sent(json.dumps(message)):
                return
        raise ConnectionLost("connection_lost", "the socket was lost twice", "is the line stable?")

    async def _ready(self) -> None:
        """Until there is a socket. Raises why there is none."""
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                await self._back.wait()
        except TimeoutError as error:
            raise TimedOut(
                "no_socket", "the speech socket is not open", "call connect()"
            ) from error
        if self._error is not None:
            raise self._error

    async def _sent(self, message: str | bytes) -> bool:
        """Whether it went out; False when the socket turns out to be lost."""
        socket = self._socket
        if socket is None:
            raise SessionClosed("speech_closed", "this speech was closed by the client")
        try:
            async with asyncio.timeout(self._timeouts.send_s):
                await socket.send(message)
        except TimeoutError as error:
            wait = f"the server took no message for {self._timeouts.send_s:g} s"
            raise TimedOut("not_sent", wait, "see Session.stats()") from error
        except ConnectionClosed:
            if self._error is None and self._socket is socket:
                # The reader will say so too: nothing more is to be sent until then.
                self._back.clear()
            return False
        return True

    async def _run(self) -> None:
        """The reader: until closed for good."""
        while True:
            assert self._socket is not None
            final = await self._read(self._socket)
            if final is not None:
                self._end(final)
                return
            self._back.clear()
            self._lose_open()
            try:
                self._socket = await self._open_again()
            except AvatarError as error:
                self._end(error)
                return
            self.reconnections += 1
            self._back.set()

    async def _read(self, socket: ClientConnection) -> AvatarError | None:
        """Until the socket is closed: why, where that is final."""
        why: AvatarError | None = None
        try:
            while True:
                event = parse_event(await socket.recv())
                self._hear(event)
                if isinstance(event, Closed):
                    why = SessionClosed("session_closed", f"the session has ended: {event.reason}")
                elif isinstance(event, Trouble) and event.raw.get("type") == "error":
                    why = Refused(event.code, event.message)
        except ConnectionClosed as closed:
            if closed.rcvd is None or closed.rcvd.code not in FINAL_CODES:
                return None
            if why is None or closed.rcvd.code == 1001:
                gone = f"the session has ended: {closed.rcvd.reason}"
                why = (
                    why if isinstance(why, SessionClosed) else SessionClosed("session_closed", gone)
                )
            return why

    def _hear(self, event: Event) -> None:
        if isinstance(event, Hello):
            self.hello = event
        elif isinstance(event, Buffered):
            self._pacing.told(event.seconds, time.monotonic())
        elif isinstance(event, Started) and event.segment in self._segments:
            self._segments[event.segment].note_started()
        elif isinstance(event, Finished):
            self._finish(event)
        for inbox in self._listeners:
            inbox.put(event)

    def _finish(self, event: Finished) -> None:
        if event.interrupted:
            self._pacing.forgotten()
        names = list(self._segments)
        if event.segment not in names:
            return
        before = names[: names.index(event.segment)]
        segment = self._segments.pop(event.segment)
        segment.note_finished(event)
        if not event.position_s:
            return
        # Spoken in their order: one before, whose end was not told, ended while we were away.
        for name in before:
            if self._segments[name].orphaned:
                unseen = f"segment {name} ended while the socket was lost"
                self._segments.pop(name).fail(SegmentOver("end_unknown", unseen))

    def _lose_open(self) -> None:
        """The socket is gone: the server has ended the open segment there."""
        for segment in self._segments.values():
            segment.open = False
            segment.orphaned = True

    def _end(self, error: AvatarError) -> None:
        if self._error is None:
            self._error = error
        for segment in self._segments.values():
            segment.fail(self._error)
        self._segments.clear()
        for inbox in self._listeners:
            inbox.close()
        self._back.set()

    async def _open_again(self) -> ClientConnection:
        last: AvatarError | None = None
        for attempt in range(self._retry.attempts):
            await asyncio.sleep(self._retry.wait_s(attempt))
            try:
                return await self._open()
            except (ConnectionLost, TimedOut) as error:
                last = error
        hint = "the session ends by itself; create a new one"
        raise ConnectionLost("connection_lost", f"{self._retry.attempts} attempts: {last}", hint)

    async def _open(self) -> ClientConnection:
        limit_s = self._timeouts.connect_s
        try:
            async with asyncio.timeout(limit_s):
                return await connect(
                    self._url,
                    additional_headers=self._headers,
                    open_timeout=None,
                    close_timeout=self._timeouts.close_s,
                    compression=None,
                )
        except TimeoutError as error:
            raise TimedOut("timeout", f"the socket did not open in {limit_s:g} s") from error
        except (OSError, WebSocketException) as error:
            raise ConnectionLost("unreachable", f"the socket cannot be opened: {error}") from error
