"""A real engine with cheap models behind `LocalFaces`, and if wanted a host for links to it.

Runs on the test's event loop and the engine's thread.
Never drops a frame: what is compared is all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engines.loop import Engine
from engines.mailbox import Mailbox
from engines.render.stage import AS_IT_IS, Stage
from engines.scheduler import Limits
from engines.values import FRAME_SAMPLES, AudioChunk, Picture
from server.admission import Machine
from server.faces import Face, FacePlan, Faces, LocalFaces
from server.gallery import Gallery
from server.workers.host import EngineHost
from server.workers.messages import Welcome
from tests.support.fake_backend import FakeStore
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import fake_factory

SIZE = 64
CHUNK = 320
FAILING = 13
"""Seed of a session whose motion fails after a fifth of a second."""
WELCOME = Welcome(1280, "motion-frame", Machine(2, 0.004))


@dataclass
class Faults:
    """What the engine told of faults."""

    told: list[tuple[str | None, BaseException]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def hear(self, session_id: str | None, error: BaseException) -> None:
        """Any thread may call."""
        self.told.append((session_id, error))
        self._loop.call_soon_threadsafe(self.changed.set)

    async def first(self) -> tuple[str | None, BaseException]:
        """The first one, once it has come."""
        async with asyncio.timeout(20):
            while not self.told:
                self.changed.clear()
                await self.changed.wait()
        return self.told[0]


@dataclass
class EngineRoom:
    """The engine and its faces in this process."""

    engine: Engine
    motion: FakeMotionModel
    local: LocalFaces
    faults: Faults
    host: EngineHost | None = None


@asynccontextmanager
async def engine_room(socket_path: Path | None = None) -> AsyncIterator[EngineRoom]:
    """A running engine; with a path, media processes may link to it there."""
    faults = Faults()
    room: list[EngineRoom] = []

    def fault(session_id: str | None, error: BaseException) -> None:
        host = room[0].host
        (faults.hear if host is None else host.fault)(session_id, error)

    motion = FakeMotionModel(fail_at=3200, fail_seeds=frozenset({FAILING}))
    engine = Engine(
        motion,
        on_fault=fault,
        renderer_factory=fake_factory(),
        budget_s=600,
        limits=Limits(max_pending=64, step_down_use=1e9),
    )
    gallery = Gallery(FakeStore(damaged="ben"), None)
    made = EngineRoom(engine, motion, LocalFaces(engine, gallery), faults)
    room.append(made)
    engine.start()
    if socket_path is not None:
        made.host = EngineHost(made.local, WELCOME)
        await made.host.start(socket_path)
    try:
        yield made
    finally:
        if made.host is not None:
            await made.host.aclose()
        await asyncio.get_running_loop().run_in_executor(None, engine.stop)
        gallery.close()


@dataclass
class Seen:
    """A face with its pictures."""

    face: Face
    frames: Mailbox[Picture]
    came: asyncio.Event

    def speak(self, frame: int, level: float) -> None:
        """One frame's sound, all of one loudness."""
        for pts in (frame * FRAME_SAMPLES, frame * FRAME_SAMPLES + CHUNK):
            self.face.audio.put(AudioChunk(pts, 0, np.full(CHUNK, level, np.float32)))

    async def pictures(self, count: int) -> list[Picture]:
        """At least so many more."""
        got: list[Picture] = []
        async with asyncio.timeout(20):
            while len(got) < count:
                self.came.clear()
                got += self.frames.take_all()
                if len(got) < count:
                    await self.came.wait()
        return got

    async def told(self, level: float) -> list[Picture]:
        """The first ten pictures of a steady sound.

        A frame at a time, as it comes: a burst would overwrite what nobody had time to fetch.
        """
        got: list[Picture] = []
        for frame in range(12):
            self.speak(frame, level)
            got += await self.pictures(max(0, frame - 1 - len(got)))
        return got[:10]


def plan_of(name: str, seed: int = 1, stage: Stage = AS_IT_IS, avatar: str = "ada") -> FacePlan:
    """What a face of these tests is opened with."""
    return FacePlan(name, avatar, SIZE, stage, seed, "motion-frame")


async def opened(faces: Faces, name: str, seed: int = 1, stage: Stage = AS_IT_IS) -> Seen:
    """A face, and what wakes whoever waits for its pictures."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(came.set)

    frames: Mailbox[Picture] = Mailbox("frames", 64, "drop-oldest", on_put=wake)
    return Seen(await faces.open(plan_of(name, seed, stage), frames), frames, came)


def shared_memory() -> set[str]:
    """Names of all there is on this machine."""
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
