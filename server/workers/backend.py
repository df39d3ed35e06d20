"""The machinery behind one media process: the engine of another process, aiortc's hardening.

Started and stopped on the event loop.
Never loads a model: the engine process has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from server.admission import Machine
from server.assistant.maker import AssistantMaker
from server.avatar_folders import avatar_store
from server.backend import load_ears
from server.codec_pool import CodecPool
from server.drawing import Kind
from server.gallery import Gallery, Store
from server.listener import Ears
from server.media import Machinery, media_factory
from server.metrics import Metrics
from server.rtc.install import Installed, install
from server.services import Fault
from server.sessions import MediaFactory
from server.settings import Settings
from server.voices.choice import NO_VOICE, choose_voice
from server.workers.engines import RemoteEngines
from server.workers.messages import Welcome

WARM_S = 120.0
"""Longest wait for an engine that is being started."""


class RemoteBackend:
    """`server.services.Backend` on the engines that listen at some paths."""

    def __init__(
        self, settings: Settings, paths: Sequence[Path], store: Store | None = None
    ) -> None:
        """`store` is for tests; None takes what ships."""
        self._settings = settings
        self._paths = tuple(paths)
        self._store: Store = store or avatar_store(settings)
        self._faces: RemoteEngines | None = None
        self._installed: Installed | None = None
        self._ears: Ears | None = None
        self._assistants: AssistantMaker | None = None
        self.speech = NO_VOICE
        """Who speaks texts, once it has started."""

    @property
    def store(self) -> Store:
        """Where avatars lie."""
        return self._store

    @property
    def assistant_missing(self) -> tuple[tuple[str, str], ...]:
        """(part, what to set) of what an assistant does not have here; known once it started."""
        return () if self._assistants is None else self._assistants.missing

    @property
    def _welcome(self) -> Welcome | None:
        return self._faces.welcome if self._faces is not None else None

    @property
    def lookahead(self) -> int:
        """Samples at 16 kHz that a picture waits for beyond its own time."""
        return self._welcome.lookahead if self._welcome is not None else 0

    @property
    def running(self) -> bool:
        """Whether an engine process is there and turns."""
        return self._faces is not None and self._faces.running

    @property
    def renderer(self) -> Kind:
        """Who draws."""
        return cast(Kind, self._welcome.renderer) if self._welcome is not None else "motion-frame"

    def machine(self) -> Machine:
        """As an engine process measured it, with the engine and media processes there are."""
        found = self._welcome.machine if self._welcome is not None else Machine(1, 0.0)
        engines = max(self._faces.count, 1) if self._faces is not None else 1
        return replace(found, processes=self._settings.server.workers, engines=engines)

    async def start(
        self, gallery: Gallery, metrics: Metrics, pool: CodecPool, on_fault: Fault
    ) -> MediaFactory:
        """Wait for the engine. Raises TimeoutError when there is none."""
        self._installed = install(self._settings.rtc)
        self._ears = await load_ears(self._settings.emotion)
        self._faces = faces = RemoteEngines(self._paths, on_fault=on_fault)
        # The engine's own figures are told once, by its process.
        await faces.start(WARM_S)
        self.speech = await gallery.run(choose_voice, self._settings.voices)
        self._assistants = await gallery.run(
            AssistantMaker, self._settings.assistant, self._ears, self.speech.speech
        )
        shared = (self._ears, self._assistants, self.speech)
        return media_factory(Machinery(self._settings, faces, pool, metrics, *shared))

    async def aclose(self) -> None:
        """Let go of the engine and take aiortc's hardening back. Idempotent."""
        if self._faces is not None:
            await self._faces.aclose()
        if self._assistants is not None:
            await self._assistants.aclose()
        if self.speech.speech is not None:
            await self.speech.speech.aclose()
        if self._ears is not None:
            self._ears.close()
            self._ears = None
        if self._installed is not None:
            self._installed.undo()
            self._installed = None
