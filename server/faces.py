"""The seam between a session's media and the engine: sound and wishes in, pictures out.

Protocols, and the implementation for an engine in this process (`server.workers.remote` has the
other). Runs on the event loop. Never knows a peer, a track or a socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from engines.loop import Engine
from engines.mailbox import Mailbox
from engines.meters import EngineSessionStats, EngineStats
from engines.motion.wishes import Wish
from engines.pipeline import Renderer
from engines.render.stage import Stage
from engines.runner import EngineSession
from engines.values import MOTION_SIZE, U8, AudioChunk, Picture
from server.drawing import best_of
from server.gallery import Gallery

Step: TypeAlias = Literal["motion", "render"]


@dataclass(frozen=True, slots=True)
class FacePlan:
    """What a face is opened with."""

    session_id: str
    avatar: str
    size: int
    """Pixels, square."""
    stage: Stage
    seed: int
    renderer: str
    """What draws it at best."""


class Face(Protocol):
    """One session's face."""

    @property
    def audio(self) -> Mailbox[AudioChunk]:
        """Where its sound goes; what is put is on its way at once."""

    @property
    def still(self) -> U8:
        """u8[S,S,3]: what is shown until the first picture comes."""

    def wish(self, wish: Wish) -> None:
        """Tell it something; it shows with one of the next pictures."""

    async def show(self, stage: Stage) -> None:
        """Draw on another stage from the next frame on; `still` changes too.

        Raises what kept it from being built.
        """

    def stats(self) -> EngineSessionStats:
        """Figures, at most half a second old."""

    def steps(self, step: Step, since: int) -> Sequence[float]:
        """Seconds of each step after the first `since`, oldest first; at most the last 250."""

    def close(self) -> None:
        """No picture comes any more. Idempotent."""


class Faces(Protocol):
    """The engine as media see it."""

    async def open(self, plan: FacePlan, frames: Mailbox[Picture]) -> Face:
        """A new face, whose pictures are put into `frames`.

        Raises EngineStopped, ApiError for an avatar that cannot be had, and whatever keeps its
        renderer from being built.
        """

    def stats(self) -> EngineStats:
        """The engine as a whole."""


@dataclass(frozen=True, slots=True)
class Look:
    """An avatar ready to be shown."""

    renderer: Renderer
    still: U8


def look_of(engine: Engine, avatar: Any, size: int, stage: Stage) -> Look:
    """Everything that is worked out once; on a worker thread."""
    renderer = engine.prepare(avatar, size, stage)
    still = renderer.render(renderer.new_state(), np.zeros(MOTION_SIZE, np.float32))
    return Look(renderer, still)


class LocalFaces:
    """Faces of an engine in this process."""

    def __init__(self, engine: Engine, gallery: Gallery) -> None:
        self._engine = engine
        self._gallery = gallery

    async def open(self, plan: FacePlan, frames: Mailbox[Picture]) -> LocalFace:
        """As `Faces.open`."""
        avatar = await self._gallery.load(plan.avatar)
        look = await self.look(avatar, plan.size, plan.stage)
        session = self._engine.open(
            plan.session_id,
            look.renderer,
            seed=plan.seed,
            frames=frames,
            best=best_of(plan.renderer, look.renderer.efforts),
        )
        return LocalFace(self, session, avatar, plan.size, look.still)

    async def look(self, avatar: Any, size: int, stage: Stage) -> Look:
        """Some 100 ms for what is new: not on the engine thread, where all wait."""
        look: Look = await self._gallery.run(look_of, self._engine, avatar, size, stage)
        return look

    def close(self, session_id: str) -> None:
        """Close a face; nothing happens when it is closed."""
        self._engine.close(session_id)

    def stats(self) -> EngineStats:
        """As `Faces.stats`."""
        return self._engine.stats()


class LocalFace:
    """One session of an engine in this process."""

    def __init__(
        self, faces: LocalFaces, session: EngineSession, avatar: Any, size: int, still: U8
    ) -> None:
        self._faces = faces
        self._session = session
        self._avatar = avatar
        self._size = size
        self.still = still

    @property
    def audio(self) -> Mailbox[AudioChunk]:
        """As `Face.audio`."""
        return self._session.audio

    def wish(self, wish: Wish) -> None:
        """As `Face.wish`."""
        self._session.wishes.put(wish)

    async def show(self, stage: Stage) -> None:
        """As `Face.show`."""
        look = await self._faces.look(self._avatar, self._size, stage)
        self._session.renderers.put(look.renderer)
        self.still = look.still

    def stats(self) -> EngineSessionStats:
        """As `Face.stats`."""
        return self._session.stats()

    def steps(self, step: Step, since: int) -> Sequence[float]:
        """As `Face.steps`."""
        meter = self._session.motion if step == "motion" else self._session.render
        return meter.since(since)

    def close(self) -> None:
        """As `Face.close`."""
        self._faces.close(self._session.id)
