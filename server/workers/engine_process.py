"""The engine process: one warm engine, served to media processes.

Runs on the main thread of a child process, which becomes the event loop.
Never ends without a word: a fault is told to the parent, which starts another.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from server.avatar_folders import avatar_store
from server.drawing import Costs
from server.gallery import Gallery, Store
from server.metrics import engine_text
from server.settings import Settings
from server.warm_engine import WarmEngine
from server.workers.devices import take_device
from server.workers.host import EngineHost
from server.workers.lifeline import (
    Alive,
    Count,
    Counted,
    Failed,
    MeasuredCosts,
    Ready,
    breathe,
    lifeline,
    obey,
)
from server.workers.link import Link
from server.workers.messages import Welcome
from server.workers.spawning import begin

log = logging.getLogger(__name__)


def engine_main(
    end: socket.socket, path: str, values: dict[str, dict[str, Any]], costs: MeasuredCosts | None
) -> None:
    """Serve on the socket `path` until the parent says so or is gone.

    `costs`: as the engine before this one measured them.
    """
    settings = begin(values)
    take_device(settings)
    known = None
    if costs is not None:
        known = Costs(costs.steps_s, costs.efforts, costs.draws_s, costs.by_bucket, costs.encode_s)
    # Not made for Windows, where there are no workers either.
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_run(settings, Path(path), known, end)))


async def _run(settings: Settings, path: Path, costs: Costs | None, end: socket.socket) -> int:
    # With all cores full it would be sound that waits for pictures.
    warm = WarmEngine(settings, costs=costs, preferred=False)
    return await EngineProcess(settings, path, warm).run(end)


class FreshGallery(Gallery):
    """Loads an avatar again whose files another process has changed."""

    def __init__(self, store: Store, default: str | None) -> None:
        super().__init__(store, default)
        self._files = store
        self._seen: dict[str, tuple[int, int]] = {}

    async def load(self, name: str) -> Any:
        """As `Gallery.load`."""
        stamp = await self.run(self._stamp, self.check(name))
        if self._seen.get(name, stamp) != stamp:
            self.forget(name)
        self._seen[name] = stamp
        return await super().load(name)

    def _stamp(self, name: str) -> tuple[int, int]:
        """A folder is put in place whole, so another one has another number or time."""
        try:
            found = self._files.info(name).folder.stat()
        except OSError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)


class EngineProcess:
    """What runs in it."""

    def __init__(
        self, settings: Settings, path: Path, warm: WarmEngine, store: Store | None = None
    ) -> None:
        """`store` is for tests; None takes what ships."""
        self._settings = settings
        self._path = path
        self._warm = warm
        self._store: Store = store or avatar_store(settings)
        self._host: EngineHost | None = None
        self._ended = asyncio.Event()
        self._reason = ""

    async def run(self, end: socket.socket) -> int:
        """The exit status: 0 when the parent wanted the end."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        self._link = link = await lifeline(end)
        tasks = [
            asyncio.create_task(obey(link, self._ended.set, self._hear)),
            asyncio.create_task(breathe(link, self._alive)),
        ]
        gallery = FreshGallery(self._store, self._settings.avatars.default)
        try:
            await self._serve(link, gallery)
        except Exception as error:
            log.exception("the engine process failed")
            self._reason = f"{type(error).__name__}: {error}"
        finally:
            if self._host is not None:
                await self._host.aclose()
            await self._warm.aclose()
            gallery.close()
            if self._reason:
                link.send(Failed(self._reason))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await link.aclose()
        return 1 if self._reason else 0

    async def _serve(self, link: Link, gallery: Gallery) -> None:
        faces = await self._warm.start(gallery, self._on_fault)
        about = Welcome(self._warm.lookahead, self._warm.renderer, self._warm.machine())
        self._host = EngineHost(faces, about)
        await self._host.start(self._path)
        link.send(Ready(self._costs()))
        await self._ended.wait()

    def _on_fault(self, session_id: str | None, error: BaseException) -> None:
        """On the engine thread."""
        if self._host is not None:
            self._host.fault(session_id, error)
        if session_id is None:
            self._reason = f"the engine stopped: {type(error).__name__}"
            self._loop.call_soon_threadsafe(self._ended.set)

    def _hear(self, message: object) -> None:
        if isinstance(message, Count) and self._host is not None:
            self._link.send(Counted(self._figures()))

    def _figures(self) -> str:
        assert self._host is not None
        return engine_text(self._host.faces.stats, self._warm.running_on).decode()

    def _costs(self) -> MeasuredCosts | None:
        found = self._warm.costs
        if found is None:
            return None
        return MeasuredCosts(
            found.steps_s, found.efforts, found.draws_s, found.by_bucket, found.encode_s
        )

    def _alive(self) -> Alive:
        return Alive((), self._warm.turn_age_s)
