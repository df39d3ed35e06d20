"""A media process: the whole server but for the engine, on connections that the parent hands over.

Runs on the main thread of a child process, which becomes the event loop.
Never listens: the parent owns the port and gives it each connection as a file descriptor.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.app import create_app
from server.manager import Shared
from server.serve import Announcing, make_server
from server.settings import Settings
from server.workers.backend import RemoteBackend
from server.workers.lifeline import (
    Alive,
    Count,
    Counted,
    Elsewhere,
    Failed,
    Ready,
    breathe,
    lifeline,
    obey,
)
from server.workers.routing import prefix
from server.workers.spawning import begin

log = logging.getLogger(__name__)
AT_ONCE = 16
"""Connections taken in one go: the loop has others to serve."""


def media_main(
    end: socket.socket,
    door: socket.socket,
    paths: Sequence[str],
    index: int,
    values: dict[str, dict[str, Any]],
) -> None:
    """Serve sessions until the parent says so or is gone."""
    settings = begin(values)
    # Uvicorn raises a caught signal again when it has stopped: that must not kill a clean end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    media = MediaProcess(settings, [Path(path) for path in paths], index)
    with asyncio.Runner(loop_factory=media.server.config.get_loop_factory()) as runner:
        sys.exit(runner.run(media.run(end, door)))


class CloseEach:
    """Closes the connection after each answer, so that the next request is routed anew."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; mark the answer."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "http" else send)


class MediaProcess:
    """What runs in it."""

    def __init__(self, settings: Settings, paths: Sequence[Path], index: int) -> None:
        self._backend = RemoteBackend(settings, paths)
        self._elsewhere: tuple[int, ...] = ()
        self._reason = ""
        self._arriving: set[asyncio.Task[Any]] = set()
        self.app = create_app(
            settings,
            self._backend,
            on_fatal=self._end,
            shared=Shared(
                prefix=prefix(index),
                elsewhere=lambda: self._elsewhere,
                changed=lambda: self._link.send(self._alive()),
                ready=lambda: self._backend.running,
            ),
        )
        self.app.add_middleware(CloseEach)
        self.server: Announcing = make_server(self.app, settings.server, self._announce)

    async def run(self, end: socket.socket, door: socket.socket) -> int:
        """The exit status: 0 when the parent wanted the end."""
        loop = asyncio.get_running_loop()
        self._link = link = await lifeline(end)
        door.setblocking(False)
        self._door = door
        serving = asyncio.create_task(self._serve(), name="serve")

        def stop() -> None:
            self.server.should_exit = True
            if not self.server.started:
                serving.cancel()

        tasks = [
            asyncio.create_task(obey(link, stop, self._hear), name="lifeline"),
            asyncio.create_task(breathe(link, self._alive), name="alive"),
        ]
        try:
            await serving
        except asyncio.CancelledError:
            log.debug("stopped while starting")
        finally:
            loop.remove_reader(door.fileno())
            door.close()
            if self._reason:
                link.send(Failed(self._reason))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await link.aclose()
        return 1 if self._reason else 0

    async def _serve(self) -> None:
        try:
            await self.server.serve(sockets=[])
        except SystemExit:
            # Uvicorn's way to say that the app did not start; it has logged why.
            self._reason = "it could not start; the lines above say why"

    def _announce(self) -> None:
        asyncio.get_running_loop().add_reader(self._door.fileno(), self._take)
        self._link.send(Ready())

    def _take(self) -> None:
        """Connections have been handed over."""
        for _ in range(AT_ONCE):
            try:
                said, handles, _, _ = socket.recv_fds(self._door, 1, 1)
            except BlockingIOError:
                return
            if not said:
                asyncio.get_running_loop().remove_reader(self._door.fileno())
                return
            for handle in handles:
                task = asyncio.create_task(self._adopt(socket.socket(fileno=handle)))
                self._arriving.add(task)
                task.add_done_callback(self._arriving.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        """As if it had been accepted here."""
        connection.setblocking(False)
        config = self.server.config

        def protocol() -> Any:
            return config.http_protocol_class(  # type: ignore[call-arg]
                config=config,
                server_state=self.server.server_state,
                app_state=self.server.lifespan.state,
            )

        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(protocol, connection)
        except OSError:
            log.debug("a connection was gone before it was taken")
            connection.close()

    def _end(self, reason: str) -> None:
        self._reason = reason
        self.server.should_exit = True

    def _hear(self, message: Any) -> None:
        if isinstance(message, Elsewhere):
            self._elsewhere = message.sizes
        elif isinstance(message, Count):
            text = self.app.state.services.metrics.text().decode()
            self._link.send(Counted(text))

    def _alive(self) -> Alive:
        services = getattr(self.app.state, "services", None)
        sessions = services.manager.sessions() if services is not None else []
        return Alive(tuple(each.plan.size for each in sessions))
