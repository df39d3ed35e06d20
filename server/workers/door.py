"""The one port of all media processes: accepts, looks at the first line, hands the socket over.

Runs on the event loop of the parent.
Never reads a request: it peeks, so that whoever gets the connection reads it from its beginning.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable

from server.errors import error_body
from server.metrics import CONTENT_TYPE
from server.workers.routing import MAX_LINE, Everybody, Target, route

log = logging.getLogger(__name__)
BACKLOG = 2048
WAITING = 512
"""Connections whose first line has not come."""
PAUSE_S = 0.2
"""Without new connections while the system gives no more files."""
LINE_S = 10.0
"""Longest wait for it."""
AGAIN_S = 0.02
"""Between two looks at a line of which a part has come: what was peeked at stays readable."""


class Door:
    """Owns the listening socket and every connection that nobody has taken yet."""

    def __init__(
        self,
        bound: socket.socket,
        *,
        hand_over: Callable[[Target, socket.socket], bool],
        count: Callable[[], Awaitable[bytes]],
    ) -> None:
        """`hand_over` gives a connection to a process, False: there is none. `count`: metrics."""
        self._bound = bound
        self._hand_over = hand_over
        self._count = count
        self._waiting: dict[socket.socket, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False

    def open(self) -> None:
        """Take connections from now on."""
        self._loop = asyncio.get_running_loop()
        self._bound.listen(BACKLOG)
        self._bound.setblocking(False)
        self._open = True
        self._listen()

    async def aclose(self) -> None:
        """Take no more. Idempotent."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._bound.fileno())
        for connection in list(self._waiting):
            self._drop(connection)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listen(self) -> None:
        if self._open:
            self._loop.add_reader(self._bound.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._bound.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            # Too many files open, as a rule. The connection stays readable: looking away for a
            # moment keeps this from being asked a million times a second.
            log.exception("no connection can be taken for %s s", PAUSE_S)
            self._loop.remove_reader(self._bound.fileno())
            self._loop.call_later(PAUSE_S, self._listen)
            return
        connection.setblocking(False)
        if len(self._waiting) >= WAITING:
            connection.close()
            return
        self._waiting[connection] = self._loop.time() + LINE_S
        self._look(connection)

    def _look(self, connection: socket.socket) -> None:
        """Peek at what has come of the first line."""
        if connection not in self._waiting:
            return
        self._loop.remove_reader(connection.fileno())
        try:
            head = connection.recv(MAX_LINE, socket.MSG_PEEK)
            target = route(head)
        except BlockingIOError:
            self._loop.add_reader(connection.fileno(), self._look, connection)
            left_s = self._waiting[connection] - self._loop.time()
            self._loop.call_later(max(left_s, 0), self._expire, connection)
            return
        except (OSError, ValueError):
            self._drop(connection)
            return
        if target is not None:
            self._pass(connection, target)
        elif not head or self._loop.time() > self._waiting[connection]:
            self._drop(connection)
        else:
            self._loop.call_later(AGAIN_S, self._look, connection)

    def _expire(self, connection: socket.socket) -> None:
        if self._loop.time() >= self._waiting.get(connection, float("inf")):
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._waiting.pop(connection, None)
        self._loop.remove_reader(connection.fileno())
        connection.close()

    def _pass(self, connection: socket.socket, target: Target) -> None:
        del self._waiting[connection]
        if isinstance(target, Everybody):
            self._start(self._answer_metrics(connection))
        elif self._hand_over(target, connection):
            connection.close()
        else:
            self._start(self._refuse(connection))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_metrics(self, connection: socket.socket) -> None:
        await self._reply(connection, "200 OK", CONTENT_TYPE, await self._count())

    async def _refuse(self, connection: socket.socket) -> None:
        body = error_body("starting", "the server is starting", "try again in 2 s")
        data = json.dumps(body).encode()
        await self._reply(connection, "503 Service Unavailable", "application/json", data)

    async def _reply(self, connection: socket.socket, status: str, kind: str, body: bytes) -> None:
        """The parent's own few answers."""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Retry-After: 2\r\nConnection: close\r\n\r\n"
        )
        try:
            async with asyncio.timeout(LINE_S):
                # Closing a socket with unread bytes would reset it before the answer is read.
                await self._loop.sock_recv(connection, 65536)
                await self._loop.sock_sendall(connection, head.encode() + body)
        except (OSError, TimeoutError):
            log.debug("a client did not take its answer")
        finally:
            connection.close()
