"""The real machinery behind the server in one process: engine, ears, aiortc's hardening.

Started and stopped on the event loop.
Never serves before it is warm: the first visitor must not pay for loading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engines.loop import RendererFactory
from engines.pipeline import Motion
from server.admission import Machine
from server.assistant.maker import AssistantMaker
from server.avatar_folders import avatar_store
from server.codec_pool import CodecPool
from server.drawing import Kind
from server.gallery import Gallery, Store
from server.listener import Ears
from server.media import Machinery, media_factory
from server.metrics import Metrics
from server.models import transcriber
from server.rtc.install import Installed, install
from server.services import Fault
from server.sessions import MediaFactory
from server.settings import EmotionSettings, Settings
from server.voices.choice import NO_VOICE, choose_voice
from server.warm_engine import WarmEngine, percentile, usable_cores

__all__ = ["EngineBackend", "avatar_store", "load_ears", "percentile", "usable_cores"]


async def load_ears(settings: EmotionSettings) -> Ears | None:
    """Who writes down what microphones say, on a thread of its own; None where nobody shall.

    Raises SettingsError for a model that cannot be had.
    """
    if settings.asr_model is None:
        return None
    thread = ThreadPoolExecutor(1, thread_name_prefix="asr")
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(thread, transcriber, settings)
    except BaseException:
        thread.shutdown(wait=False, cancel_futures=True)
        raise
    assert found is not None
    return Ears(found, thread)


class EngineBackend:
    """`server.services.Backend` on the engine of this process."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store | None = None,
        load_motion: Callable[[], Motion] | None = None,
        renderer_factory: RendererFactory | None = None,
    ) -> None:
        """The last three are for tests; None takes what ships."""
        self._settings = settings
        self._store: Store = store or avatar_store(settings)
        self._engine = WarmEngine(
            settings, load_motion=load_motion, renderer_factory=renderer_factory
        )
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
    def lookahead(self) -> int:
        """Samples at 16 kHz that a picture waits for beyond its own time."""
        return self._engine.lookahead

    @property
    def running(self) -> bool:
        """Whether the engine is warm and its thread alive and turning."""
        return self._engine.running

    @property
    def renderer(self) -> Kind:
        """Who draws."""
        return self._engine.renderer

    @property
    def assistant_missing(self) -> tuple[tuple[str, str], ...]:
        """(part, what to set) of what an assistant does not have here; known once it started."""
        return () if self._assistants is None else self._assistants.missing

    def machine(self) -> Machine:
        """Cores this process may use, and the frame time measured at the start."""
        return self._engine.machine()

    async def start(
        self, gallery: Gallery, metrics: Metrics, pool: CodecPool, on_fault: Fault
    ) -> MediaFactory:
        """Load, warm, measure, start. Raises what is wrong with models or avatars."""
        self._installed = install(self._settings.rtc)
        self._ears = await load_ears(self._settings.emotion)
        faces = await self._engine.start(gallery, on_fault)
        metrics.watch_engine(faces.stats, self._engine.running_on)
        self.speech = await gallery.run(choose_voice, self._settings.voices)
        self._assistants = await gallery.run(
            AssistantMaker, self._settings.assistant, self._ears, self.speech.speech
        )
        shared = (self._ears, self._assistants, self.speech)
        return media_factory(Machinery(self._settings, faces, pool, metrics, *shared))

    async def aclose(self) -> None:
        """Stop the engine thread and take aiortc's hardening back. Idempotent."""
        await self._engine.aclose()
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
