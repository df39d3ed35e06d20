"""Several engine processes as one: each session is drawn by the one that has most room.

Runs on the event loop of a media process; one link to each engine.
Never moves a session: an engine that goes takes its own, and the others draw on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from engines.loop import EngineStopped
from engines.mailbox import Mailbox
from engines.meters import EngineStats
from engines.values import FRAME_RATE_HZ, Picture
from server.faces import FacePlan
from server.workers.messages import Welcome
from server.workers.remote import SILENT_S, RemoteFace, RemoteFaces

log = logging.getLogger(__name__)
SETTLE_S = 2.0
"""So long a session that was just opened may not show in what its engine says of itself."""


class RemoteEngines:
    """`server.faces.Faces` on all engines there are."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        on_fault: Callable[[str | None, BaseException], None],
        silent_s: float = SILENT_S,
    ) -> None:
        """`on_fault` as of `RemoteFaces`: None and EngineAway only when no engine is left."""
        self._on_fault = on_fault
        self._engines = [
            RemoteFaces(path, on_fault=partial(self._fault, index), silent_s=silent_s)
            for index, path in enumerate(paths)
        ]
        self._opened: list[list[float]] = [[] for _ in paths]
        """When sessions were opened on each, the last `SETTLE_S`."""

    @property
    def welcome(self) -> Welcome | None:
        """What the first engine that ever came said of itself: they are alike."""
        return next((each.welcome for each in self._engines if each.welcome is not None), None)

    @property
    def running(self) -> bool:
        """Whether there is one that can take a session."""
        return any(each.running for each in self._engines)

    @property
    def count(self) -> int:
        """Engines that can take a session now."""
        return sum(each.running for each in self._engines)

    async def start(self, timeout_s: float) -> None:
        """Wait until all are warm. Raises TimeoutError."""
        await asyncio.gather(*(each.start(timeout_s) for each in self._engines))

    async def aclose(self) -> None:
        """Let go of all. Idempotent."""
        for each in self._engines:
            await each.aclose()

    async def open(self, plan: FacePlan, frames: Mailbox[Picture]) -> RemoteFace:
        """As `Faces.open`, on the engine with most room; on the next one if it has just gone."""
        gone = EngineStopped("the engine is being started again")
        for index in sorted(range(len(self._engines)), key=self._load):
            if not self._engines[index].running:
                continue
            self._opened[index].append(asyncio.get_running_loop().time())
            try:
                return await self._engines[index].open(plan, frames)
            except EngineStopped as error:
                gone = error
                log.warning("another engine is taken", extra={"was": index, "reason": str(error)})
        raise gone

    def stats(self) -> EngineStats:
        """As `Faces.stats`: the sum of what they draw, the fullest one's use, the oldest turn."""
        every = [each.stats() for each in self._engines]
        return EngineStats(
            sessions=sum(each.sessions for each in every),
            use=max(each.use for each in every),
            turn_age_s=max(each.turn_age_s for each in every),
            turns=sum(each.turns for each in every),
            steps_down=sum(each.steps_down for each in every),
            steps_up=sum(each.steps_up for each in every),
        )

    def _load(self, index: int) -> tuple[float, int, int]:
        """What is asked of an engine, with what was opened there just now."""
        engine, now_s = self._engines[index], asyncio.get_running_loop().time()
        recent = [at_s for at_s in self._opened[index] if now_s - at_s < SETTLE_S]
        self._opened[index] = recent
        step_s = engine.welcome.machine.step_512_s if engine.welcome is not None else 0.0
        use = engine.stats().use + len(recent) * step_s * FRAME_RATE_HZ
        return use, engine.stats().sessions + len(recent), index

    def _fault(self, index: int, session_id: str | None, error: BaseException) -> None:
        if session_id is None and any(
            each.running for at, each in enumerate(self._engines) if at != index
        ):
            for name in self._engines[index].sessions:
                self._on_fault(name, error)
        else:
            self._on_fault(session_id, error)
