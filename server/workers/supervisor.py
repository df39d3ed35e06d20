"""The parent of `serve --workers N`: engine processes, N media processes, one port.

Runs on the main thread, which becomes the event loop.
Never carries media or requests: it starts, watches, restarts and stops those who do, and hands
each new connection to one of them.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from server.gallery import default_avatar
from server.logs import install_logging
from server.serve import address, bind
from server.settings import Settings
from server.settings_section import SettingsError
from server.workers.child import SPAWN, Child, Spawn
from server.workers.devices import engine_devices, with_device
from server.workers.door import Door
from server.workers.engine_process import engine_main
from server.workers.lifeline import Count, Counted, Elsewhere, MeasuredCosts, Ready
from server.workers.media_process import media_main
from server.workers.merging import merged
from server.workers.restarts import Restarts
from server.workers.routing import Freest, Target, choose
from server.workers.spawning import plain

log = logging.getLogger(__name__)
COUNT_S = 2.0
"""Longest wait for a process's metrics."""
LEAVE_S = 6.0
"""Beyond the sessions' own shutdown: uvicorn's grace and what each part takes to stop."""


class StartFailed(Exception):
    """A process could not start; the message names it and says why."""


def serve_workers(
    settings: Settings, store: Any, *, announce: Callable[[str], None] = lambda url: None
) -> int:
    """As `server.serve.serve`, with several processes.

    Raises SettingsError when the port is taken, there is no avatar, or TLS is asked for.
    """
    _check(settings)
    install_logging(settings.log)
    default_avatar(store, settings.avatars.default)
    bound = bind(settings.server)
    url = address(settings.server, bound)
    with bound:
        supervisor = Supervisor(settings, bound, lambda: announce(url))
        return asyncio.run(supervisor.run())


def _check(settings: Settings) -> None:
    if not hasattr(socket, "AF_UNIX") or not hasattr(socket, "send_fds"):
        raise SettingsError(
            "server.workers, server.engines: more than one needs Linux or macOS; give 1"
        )
    if settings.server.tls_certificate is not None:
        raise SettingsError(
            "server.tls_certificate: with server.workers or server.engines above 1 put TLS in a "
            "proxy before the server, or give 1 of each"
        )


class Supervisor:
    """Owner of all child processes."""

    def __init__(
        self,
        settings: Settings,
        bound: socket.socket,
        announce: Callable[[], None],
        mains: tuple[Callable[..., None], Callable[..., None]] = (engine_main, media_main),
    ) -> None:
        """`mains`, what runs in the engine's and in the media processes, is given by tests."""
        self._mains = mains
        self._settings = settings
        self._announce = announce
        self._folder = Path(tempfile.mkdtemp(prefix="synchrorama-"))
        self._values = plain(settings)
        self._costs: MeasuredCosts | None = None
        self._stop = asyncio.Event()
        self._reason = ""
        self._announced = False
        devices = engine_devices(settings)
        self._engine_paths = [
            str(self._folder / f"engine-{index}.sock") for index in range(len(devices))
        ]
        self.engines = [
            self._child(
                "engine" if len(devices) == 1 else f"engine-{index}", self._engine(index, device)
            )
            for index, device in enumerate(devices)
        ]
        self.media = [
            self._child(f"media-{index}", self._media(index))
            for index in range(settings.server.workers)
        ]
        self._doors: dict[str, socket.socket] = {}
        self._coming: dict[str, int] = {}
        self._restarts = {child.name: Restarts() for child in self.children}
        self._waking: set[asyncio.TimerHandle] = set()
        self._counting: dict[str, asyncio.Future[str]] = {}
        self._door = Door(bound, hand_over=self._hand_over, count=self._count)

    @property
    def children(self) -> list[Child]:
        """Every process, the engines first."""
        return [*self.engines, *self.media]

    def _child(self, name: str, spawn: Spawn) -> Child:
        return Child(name, spawn, on_ready=self._on_ready, on_end=self._on_end, hear=self._hear)

    def _engine(self, index: int, device: str) -> Spawn:
        values = with_device(self._values, device)

        def make(end: socket.socket) -> tuple[BaseProcess, Sequence[socket.socket]]:
            arguments = (end, self._engine_paths[index], values, self._costs)
            made = SPAWN.Process(target=self._mains[0], args=arguments, name="engine", daemon=True)
            return made, ()

        return make

    def _media(self, index: int) -> Spawn:
        def make(end: socket.socket) -> tuple[BaseProcess, Sequence[socket.socket]]:
            name = f"media-{index}"
            if (old := self._doors.pop(name, None)) is not None:
                old.close()
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            self._doors[name] = ours
            arguments = (end, theirs, self._engine_paths, index, self._values)
            made = SPAWN.Process(target=self._mains[1], args=arguments, name=name, daemon=True)
            return made, (theirs,)

        return make

    # -- life --------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until a signal (0), or until a process cannot be kept alive (1)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            for child in self.children:
                child.start()
            await self._stop.wait()
        finally:
            await self._aclose()
        if self._reason:
            log.error("ended by a fault", extra={"reason": self._reason})
        return 1 if self._reason else 0

    async def _aclose(self) -> None:
        """Media first: their sessions are told, and still need the engines for that moment."""
        log.info("stopping")
        for timer in self._waking:
            timer.cancel()
        await self._door.aclose()
        limit_s = self._settings.server.shutdown_timeout_s + LEAVE_S
        await asyncio.gather(*(child.stop(limit_s) for child in self.media))
        limit_s = self._settings.engine.stop_timeout_s + LEAVE_S
        await asyncio.gather(*(child.stop(limit_s) for child in self.engines))
        for door in self._doors.values():
            door.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _on_ready(self, child: Child) -> None:
        log.info("process is ready", extra={"child": child.name})
        if not self._announced and all(each.ready for each in self.children):
            self._announced = True
            self._door.open()
            self._announce()

    def _on_end(self, child: Child, reason: str) -> None:
        self._coming.pop(child.name, None)
        if (waiting := self._counting.pop(child.name, None)) is not None and not waiting.done():
            waiting.cancel()
        if self._stop.is_set():
            return
        loop = asyncio.get_running_loop()
        wait_s = self._restarts[child.name].died(loop.time())
        if not self._announced or wait_s is None:
            # What cannot even start is not tried again: its reason is what somebody must mend.
            self._reason = f"{child.name}: {reason}"
            self._stop.set()
            return
        self._waking.add(loop.call_later(wait_s, child.start))
        self._share()

    def _hear(self, child: Child, message: Any) -> None:
        if isinstance(message, Ready) and message.costs is not None:
            self._costs = message.costs
        if isinstance(message, Counted):
            waiting = self._counting.pop(child.name, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message.text)
        elif child not in self.engines:
            self._coming.pop(child.name, None)
            self._share()

    def _share(self) -> None:
        """Tell each media process what runs in the others: places are counted over all."""
        for child in self.media:
            others = [each.sizes for each in self.media if each is not child]
            sizes = tuple(size for each in others for size in each)
            if child.ready and child.elsewhere != sizes:
                child.elsewhere = sizes
                child.send(Elsewhere(sizes))

    # -- connections -------------------------------------------------------------------------

    def _hand_over(self, target: Target, connection: socket.socket) -> bool:
        loads = [
            len(child.sizes) + self._coming.get(child.name, 0) if child.ready else None
            for child in self.media
        ]
        index = choose(target, loads)
        if index is None:
            return False
        name = self.media[index].name
        try:
            socket.send_fds(self._doors[name], [b"."], [connection.fileno()])
        except OSError:
            log.exception("a connection could not be handed over", extra={"child": name})
            return False
        if isinstance(target, Freest) and target.takes_place:
            self._coming[name] = self._coming.get(name, 0) + 1
        return True

    async def _count(self) -> bytes:
        loop = asyncio.get_running_loop()
        asked: dict[str, asyncio.Future[str]] = {}
        for child in self.children:
            if child.ready:
                # Somebody else may be waiting for the same.
                if child.name not in self._counting:
                    self._counting[child.name] = loop.create_future()
                    child.send(Count())
                asked[child.name] = self._counting[child.name]
        if asked:
            await asyncio.wait(asked.values(), timeout=COUNT_S)
        return merged(
            {
                name: future.result()
                for name, future in asked.items()
                if future.done() and not future.cancelled()
            }
        )
