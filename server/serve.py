"""Runs the server in this process until a signal or a fault ends it.

Runs on the main thread, which becomes the event loop.
Never returns 0 when the engine died.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from server.app import create_app
from server.gallery import default_avatar
from server.logs import install_logging, rest_logging
from server.plain_startup import PlainStartup
from server.push_protocol import MAX_MESSAGE_BYTES
from server.services import Backend
from server.settings import ServerSettings, Settings
from server.settings_section import SettingsError

log = logging.getLogger(__name__)
GRACE_S = 2
"""Longest wait for open requests to end before sessions are closed."""


def bind(settings: ServerSettings) -> socket.socket:
    """A listening socket. Raises SettingsError that names the address and the next step."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    # TypeError: a name that cannot even be asked for.
    except (OSError, TypeError) as error:
        bound.close()
        raise SettingsError(_unbound(settings, error)) from error
    bound.set_inheritable(False)
    return bound


def _unbound(settings: ServerSettings, error: OSError | TypeError) -> str:
    """Why nothing listens there: which of the two settings is at fault, and the next step."""
    why = getattr(error, "strerror", None) or error
    wanted = "an address of this machine, as 127.0.0.1 (it alone) or 0.0.0.0 (all networks)"
    if isinstance(error, socket.gaierror | TypeError):
        return f"server.host: {settings.host!r} cannot be resolved: {why}; give --host {wanted}"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EINVAL):
        return f"server.host: cannot listen on {settings.host}: {why}; give --host {wanted}"
    return (
        f"server.port: cannot listen on {settings.host} port {settings.port}: {why}; "
        "choose another with --port, or 0 for any"
    )


def address(settings: ServerSettings, bound: socket.socket) -> str:
    """The URL to open in a browser on this machine."""
    scheme = "https" if settings.tls_certificate else "http"
    host = settings.host
    if host in ("0.0.0.0", "::", ""):
        host = "localhost"
    elif ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{host}:{bound.getsockname()[1]}"


class Announcing(uvicorn.Server):
    """Uvicorn that says when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, after the app has started; then announce it."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def make_server(
    app: FastAPI, settings: ServerSettings, announce: Callable[[], None] = lambda: None
) -> Announcing:
    """Uvicorn as this project runs it."""
    config = uvicorn.Config(
        PlainStartup(app),
        # uvloop is not made for Windows.
        loop="asyncio" if sys.platform == "win32" else "uvloop",
        http="httptools" if _has("httptools") else "h11",
        # The implementation on the current API of websockets; the older one is deprecated there.
        ws="websockets-sansio",
        # Twice what the protocol takes: a little too much is then refused in words.
        ws_max_size=2 * MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    return Announcing(config, announce)


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def serve(
    settings: Settings,
    backend: Backend,
    *,
    announce: Callable[[str], None] = lambda url: None,
) -> int:
    """Serve until a signal comes; the exit status: 0 after a signal, 1 after a fault.

    `announce` is told the address once it answers. Raises SettingsError when the port
    is taken or there is no avatar.
    """
    install_logging(settings.log)
    default_avatar(backend.store, settings.avatars.default)
    bound = bind(settings.server)
    faults: list[str] = []
    url = address(settings.server, bound)

    def on_fatal(reason: str) -> None:
        faults.append(reason)
        server.should_exit = True

    app = create_app(settings, backend, on_fatal=on_fatal)
    server = make_server(app, settings.server, lambda: announce(url))
    # Uvicorn raises a caught signal again when it has stopped: that must not kill a clean end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with bound:
        _run(server, bound)
    if faults:
        log.error("ended by a fault", extra={"reason": faults[0]})
    rest_logging()
    return 0 if server.started and not faults else 1


def _run(server: uvicorn.Server, bound: socket.socket) -> None:
    factory = server.config.get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(server.serve(sockets=[bound]))
