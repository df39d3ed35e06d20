"""Messages over a stream socket: each a length and its bytes.

Runs on the event loop.
Never waits to send: whoever does not read what he is sent is cut off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from server.workers.wire import BadMessage, Wire

log = logging.getLogger(__name__)
_LENGTH = struct.Struct("<I")
MAX_MESSAGE = 8 * 1024 * 1024
"""A stage with a picture of somebody's own is 3 MiB; all else is below 10 kB."""
MAX_BACKLOG = 16 * 1024 * 1024
"""Bytes that may wait to be read by the other side: a minute of eight sessions' sound."""


class Link:
    """One end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire
    ) -> None:
        """`wire` packs what may be said on it."""
        self._reader = reader
        self._writer = writer
        self._wire = wire

    @classmethod
    async def connect(cls, path: Path, wire: Wire) -> Link:
        """To a socket in the file system. Raises OSError."""
        return cls(*await asyncio.open_unix_connection(path), wire)

    @classmethod
    async def over(cls, end: socket.socket, wire: Wire) -> Link:
        """On a connected socket, which is the link's from here on."""
        return cls(*await asyncio.open_unix_connection(sock=end), wire)

    @property
    def closed(self) -> bool:
        """Whether it was closed or cut off on this side."""
        return self._writer.is_closing()

    def send(self, message: object) -> None:
        """Send a message; one to a link that is closed is forgotten."""
        if self.closed:
            return
        data = self._wire.pack(message)
        self._writer.write(_LENGTH.pack(len(data)) + data)
        if self._writer.transport.get_write_buffer_size() > MAX_BACKLOG:
            log.error("a process does not read what it is sent: cut off")
            self._writer.transport.abort()

    async def messages(self) -> AsyncIterator[Any]:
        """Every message until the other side has gone. Raises BadMessage."""
        while True:
            try:
                (size,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
                if size > MAX_MESSAGE:
                    raise BadMessage(f"a message of {size} bytes, wanted at most {MAX_MESSAGE}")
                data = await self._reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            yield self._wire.unpack(data)

    def cut(self) -> None:
        """Close at once, with what waits unsent. Idempotent."""
        self._writer.transport.abort()

    async def aclose(self) -> None:
        """Send what waits, as far as the other side reads it within a second. Idempotent."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self.cut()
