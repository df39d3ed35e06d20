"""Messages over a stream socket: each a length and its bytes.

Runs on the event loop.
Never waits to send: whoever does not read what he is sent is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

from server.workers.wire import BadMessage, Wire

log = logging.getLogger(__name__)
_LENGTH = struct.Struct("<I")
MAX_MESSAGE = 8 * 1024 * 1024
"""A stage with a picture of somebody's own is 3 MiB; all else is below 10 kB."""
MAX_BACKLOG = 16 * 1024 * 1024
"""Bytes that may wait to be read by the other side: a minute of eight sessions' sound."""
MAX_UNREAD = 256 * 1024
"""Bytes of whole messages that may wait for whoever reads them here."""


class Link(asyncio.Protocol):
    """One end. Straight on the transport: streams cost as much again for each message."""

    _transport: asyncio.Transport

    def __init__(self, wire: Wire, greet: Callable[[Link], object] = lambda link: None) -> None:
        """`wire` packs what may be said on it; `greet` is called when it is connected."""
        self._wire = wire
        self._greet = greet
        self._unread = bytearray()
        self._ended = False
        self._paused = False
        self._more: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(cls, path: Path, wire: Wire) -> Link:
        """To a socket in the file system. Raises OSError."""
        loop = asyncio.get_running_loop()
        return (await loop.create_unix_connection(lambda: cls(wire), str(path)))[1]

    @classmethod
    async def over(cls, end: socket.socket, wire: Wire) -> Link:
        """On a connected socket, which is the link's from here on."""
        loop = asyncio.get_running_loop()
        return (await loop.create_unix_connection(lambda: cls(wire), sock=end))[1]

    @classmethod
    async def listen(
        cls, path: Path, wire: Wire, greet: Callable[[Link], object]
    ) -> asyncio.Server:
        """`greet` is called with each link that somebody makes to this path. Raises OSError."""
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(lambda: cls(wire, greet), str(path))

    @property
    def closed(self) -> bool:
        """Whether it was closed or cut off on this side."""
        return self._transport.is_closing()

    def send(self, message: object) -> None:
        """Send a message; one to a link that is closed is forgotten."""
        if self.closed:
            return
        data = self._wire.pack(message)
        self._transport.write(_LENGTH.pack(len(data)) + data)
        if self._transport.get_write_buffer_size() > MAX_BACKLOG:
            log.error("a process does not read what it is sent: cut off")
            self._transport.abort()

    async def messages(self) -> AsyncIterator[Any]:
        """Every message until the other side has gone. Raises BadMessage."""
        while True:
            while (data := self._next()) is not None:
                yield self._wire.unpack(data)
            if self._ended:
                return
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            self._more = asyncio.get_running_loop().create_future()
            await self._more

    def cut(self) -> None:
        """Close at once, with what waits unsent. Idempotent."""
        self._transport.abort()

    async def aclose(self) -> None:
        """Send what waits, as far as the other side reads it within a second. Idempotent."""
        self._transport.close()
        await asyncio.wait({self._lost}, timeout=1.0)
        self.cut()

    def _next(self) -> bytes | None:
        """The next whole message. Raises BadMessage."""
        unread = self._unread
        if len(unread) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(unread)
        if size > MAX_MESSAGE:
            raise BadMessage(f"a message of {size} bytes, wanted at most {MAX_MESSAGE}")
        end = _LENGTH.size + size
        if len(unread) < end:
            return None
        data = bytes(unread[_LENGTH.size : end])
        del unread[:end]
        return data

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    # -- what the transport calls --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._greet(self)

    def data_received(self, data: bytes) -> None:
        """Some of the other side's bytes."""
        self._unread += data
        if len(self._unread) > MAX_UNREAD:
            # Until somebody reads; he lets it go on if that is not a whole message yet.
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The last that is called."""
        self._ended = True
        if not self._lost.done():
            self._lost.set_result(None)
        self._wake()
