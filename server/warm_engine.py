"""Models and renderer loaded and measured, and the engine thread on them.

Started and stopped on the event loop; loading and measuring happen on a thread of their own.
Never serves before it is warm: the first visitor must not pay for loading.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from engines.backends.runs import Runs
from engines.batching import BatchLimits
from engines.loop import Engine, RendererFactory
from engines.pipeline import Motion
from engines.render.mark import marked
from server.admission import Machine, sustained_s
from server.disclosure import mark_style
from server.drawing import Costs, Drawing, Kind, drawing_of, measure
from server.faces import LocalFaces
from server.gallery import Gallery
from server.models import motion_model
from server.settings import Settings

log = logging.getLogger(__name__)
STUCK_S = 5.0
"""An idle engine turns once a second; one that has not for this long hangs in a step."""
Fault = Callable[[str | None, BaseException], None]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no frame was rendered")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class WarmEngine:
    """The engine of one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        load_motion: Callable[[], Motion] | None = None,
        renderer_factory: RendererFactory | None = None,
        costs: Costs | None = None,
        preferred: bool = True,
    ) -> None:
        """`costs`: as measured before by another of the same settings; None: measured anew.

        `preferred`: the engine's thread goes before others of this machine.
        The others are for tests; None takes what ships.
        """
        self._settings = settings
        self._preferred = preferred
        self._load_motion = load_motion or partial(motion_model, settings)
        self._given_factory = renderer_factory
        self._drawing: Drawing | None = None
        self._motion: Motion | None = None
        self._engine: Engine | None = None
        self._step_512_s = 0.0
        self.costs = costs
        """What frames cost, once it has started."""

    @property
    def lookahead(self) -> int:
        """Samples at 16 kHz that a picture waits for beyond its own time."""
        return self._motion.lookahead if self._motion is not None else 0

    @property
    def turn_age_s(self) -> float:
        """Since when its thread has been at one turn; 0 while there is none."""
        return self._engine.stats().turn_age_s if self._engine is not None else 0.0

    @property
    def running(self) -> bool:
        """Whether it is warm and its thread alive and turning."""
        engine = self._engine
        return engine is not None and engine.running and self.turn_age_s < STUCK_S

    @property
    def renderer(self) -> Kind:
        """Who draws."""
        return self._drawing.kind if self._drawing is not None else "motion-frame"

    def running_on(self) -> dict[str, Runs]:
        """Network -> on what it runs now; empty before it has started."""
        return self._drawing.running() if self._drawing is not None else {}

    def machine(self) -> Machine:
        """Cores this process may use, and the frame time measured at the start."""
        machine = Machine(cores=usable_cores(), step_512_s=self._step_512_s)
        encode_s = self.costs.encode_s if self.costs is not None else 0.0
        return replace(machine, encode_512_s=encode_s) if encode_s else machine

    async def start(self, gallery: Gallery, on_fault: Fault) -> LocalFaces:
        """Load, warm, measure, start. Raises what is wrong with models or avatars."""
        avatar = await gallery.load(gallery.default)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="warm") as warm:
            self._motion = await loop.run_in_executor(warm, self._load_motion)
            self._drawing = await loop.run_in_executor(warm, self._load_drawing)
            # Whatever draws, live or not: no picture leaves without the mark.
            factory = marked(self._drawing.factory, mark_style(self._settings.disclosure))
            if self.costs is None:
                clock = self._drawing.batch_clock
                self.costs = await loop.run_in_executor(
                    warm, measure, self._motion, avatar, factory, clock
                )
        costs = self.costs
        steps = costs.steps_of(0)
        counted = 0 if self._drawing.counted_at_best else len(costs.efforts) - 1
        self._step_512_s = sustained_s(costs.steps_of(counted))
        log.info(
            "engine is warm",
            extra={
                "frame_p50_ms": round(percentile(steps, 0.5) * 1000, 1),
                "frame_p95_ms": round(percentile(steps, 0.95) * 1000, 1),
                "encode_p50_ms": round(costs.encode_s * 1000, 1),
                "cores": usable_cores(),
                "renderer": f"{self._drawing.kind} ({self._drawing.said})",
            },
        )
        batches = BatchLimits() if self._drawing.batch_clock is not None else None
        # A card is waited for, and its time is no work of the thread's.
        worked = time.thread_time if self._settings.render.device == "cpu" else None
        self._engine = Engine(
            self._motion,
            on_fault=on_fault,
            renderer_factory=factory,
            worked=worked,
            batches=batches,
            preferred=self._preferred,
        )
        for name, runs in sorted(self.running_on().items()):
            log.info("network runs", extra={"network": name, "on": str(runs)})
        self._engine.learn(512, costs.efforts, costs.draws_s)
        if costs.by_bucket:
            renderer = await gallery.run(self._engine.prepare, avatar, 512)
            self._engine.learn_batches(renderer, dict(costs.by_bucket))
        self._engine.start()
        return LocalFaces(self._engine, gallery)

    def _load_drawing(self) -> Drawing:
        if self._given_factory is not None:
            return Drawing("motion-frame", self._given_factory, "given")
        places = self._settings.session.max_sessions or usable_cores()
        return drawing_of(self._settings.render, places)

    async def aclose(self) -> None:
        """Stop the engine thread. Idempotent."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        timeout_s = self._settings.engine.stop_timeout_s
        with ThreadPoolExecutor(1, thread_name_prefix="stop") as stopper:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(stopper, engine.stop, timeout_s)
            except TimeoutError:
                log.exception("the engine thread did not end")


def usable_cores() -> int:
    """Cores this process may run on: fewer than the machine's under taskset or in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
