"""One child process as its parent sees it: started, heard, stopped, killed when it falls silent.

Runs on the event loop of the parent.
Never leaves a process behind: what does not end in time is killed.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import socket
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias

from server.warm_engine import STUCK_S
from server.workers.lifeline import Alive, Failed, Ready, Stop, lifeline
from server.workers.link import Link
from server.workers.wire import BadMessage

log = logging.getLogger(__name__)
SPAWN = multiprocessing.get_context("spawn")
"""A fork would copy threads' locks as they happen to stand."""
FIRST_WORD_S = 60.0
"""Longest wait for a child's first heartbeat: its imports take a second or two."""
SILENT_S = 4.0
"""Without a heartbeat (each 0.25 s) for so long it has stalled."""
END_S = 2.0
"""A child whose lifeline is closed ends within this, or is killed."""


Spawn: TypeAlias = Callable[[socket.socket], tuple[BaseProcess, Sequence[socket.socket]]]
"""Makes the process, not yet started, on its end of the lifeline; and tells what other sockets are
its alone once it runs."""


class Child:
    """Started again and again; each life ends with one call of `on_end(child, reason)`."""

    def __init__(
        self,
        name: str,
        spawn: Spawn,
        *,
        on_ready: Callable[[Child], None],
        on_end: Callable[[Child, str], None],
        hear: Callable[[Child, Any], None] = lambda child, message: None,
        silent_s: float = SILENT_S,
    ) -> None:
        """`silent_s`: without a heartbeat for so long it is killed."""
        self.name = name
        self._spawn = spawn
        self._on_ready = on_ready
        self._on_end = on_end
        self._hear = hear
        self._silent_s = silent_s
        self._process: BaseProcess | None = None
        self._link: Link | None = None
        self._life: asyncio.Task[None] | None = None
        self.ready = False
        self.stopping = False
        self.sizes: tuple[int, ...] = ()
        """Of its sessions, by its last word."""
        self.elsewhere: tuple[int, ...] = ()
        """What it was told last of the others."""

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Begin a life. Call when there is none."""
        self._life = asyncio.create_task(self._live(), name=self.name)

    def send(self, message: object) -> None:
        """Say something, if it is there to hear."""
        if self._link is not None:
            self._link.send(message)

    async def stop(self, timeout_s: float) -> None:
        """End its life, in order if it can within `timeout_s`. Idempotent."""
        self.stopping = True
        self.send(Stop())
        if self._life is None:
            return
        _, late = await asyncio.wait({self._life}, timeout=timeout_s)
        if late:
            log.error("a process did not stop in time: killed", extra={"child": self.name})
            self._kill()
            await asyncio.wait(late, timeout=END_S)

    async def _live(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            process = self._begin(theirs)
        except OSError as error:
            ours.close()
            self._on_end(self, f"it could not be started: {error}")
            return
        log.info("process starts", extra={"child": self.name, "pid": process.pid})
        self._link = link = await lifeline(ours)
        reason = ""
        try:
            reason = await self._listen(link)
        except TimeoutError:
            self._kill()
            reason = "it has stalled"
        except BadMessage:
            reason = "it is not understood"
        finally:
            self.ready, self._link = False, None
            self.sizes = self.elsewhere = ()
            link.cut()
            status = await self._bury(process)
        if not self.stopping:
            reason = reason or f"it ended with status {status}"
            log.error("process is gone", extra={"child": self.name, "reason": reason})
        self._on_end(self, reason)

    def _begin(self, theirs: socket.socket) -> BaseProcess:
        """Raises OSError when the system gives no process."""
        others: Sequence[socket.socket] = ()
        # Ctrl+C reaches the whole group of processes: the parent alone may hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process, others = self._spawn(theirs)
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            for end in (theirs, *others):
                end.close()
        self._process = process
        return process

    async def _listen(self, link: Link) -> str:
        """What it says of its end. Raises TimeoutError when it falls silent, BadMessage."""
        loop = asyncio.get_running_loop()
        reason = ""
        async with asyncio.timeout(FIRST_WORD_S) as limit:
            async for message in link.messages():
                limit.reschedule(loop.time() + self._silent_s)
                match message:
                    case Ready():
                        self.ready = True
                        self._on_ready(self)
                    case Failed(why):
                        reason = why
                    case Alive(sizes, turn_age_s):
                        self.sizes = sizes
                        if turn_age_s > STUCK_S:
                            self._kill()
                            return f"its engine hangs in a step for {turn_age_s:.0f} s"
                self._hear(self, message)
        return reason

    async def _bury(self, process: BaseProcess) -> int | None:
        """Its exit status, once nothing is left of it."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, process.join, END_S)
        if process.is_alive():
            self._kill()
            await loop.run_in_executor(None, process.join)
        status = process.exitcode
        process.close()
        self._process = None
        return status

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
