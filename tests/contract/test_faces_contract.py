"""What media may count on from faces, in this process or over a link: one suite for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engines.loop import Engine
from engines.mailbox import Mailbox
from engines.motion.wishes import Say
from engines.render.stage import AS_IT_IS, Colour, Image, Stage
from engines.scheduler import Limits
from engines.values import FRAME_SAMPLES, AudioChunk, Picture
from server.admission import Machine
from server.errors import ApiError
from server.faces import Face, FacePlan, Faces, LocalFaces
from server.gallery import Gallery
from server.workers.host import EngineHost
from server.workers.messages import Welcome
from server.workers.remote import RemoteFaces
from tests.support.fake_backend import FakeStore
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import fake_factory

FAILING = 13
SIZE = 64
CHUNK = 320


@dataclass
class World:
    """Faces, and what is behind them."""

    faces: Faces
    engine: Engine
    motion: FakeMotionModel
    faults: list[tuple[str | None, str]]
    changed: asyncio.Event

    async def fault(self) -> tuple[str | None, str]:
        async with asyncio.timeout(20):
            while not self.faults:
                self.changed.clear()
                await self.changed.wait()
        return self.faults[0]


@asynccontextmanager
async def world(kind: str, folder: Path) -> AsyncIterator[World]:
    loop = asyncio.get_running_loop()
    faults: list[tuple[str | None, str]] = []
    changed = asyncio.Event()

    def heard(session_id: str | None, error: BaseException) -> None:
        faults.append((session_id, str(error)))
        loop.call_soon_threadsafe(changed.set)

    told: list[Callable[[str | None, BaseException], None]] = [heard]
    motion = FakeMotionModel(fail_at=3200, fail_seeds=frozenset({FAILING}))
    engine = Engine(
        motion,
        on_fault=lambda *fault: told[0](*fault),
        renderer_factory=fake_factory(),
        # Nothing is late and nothing is left out: what is compared is all there is.
        budget_s=600,
        limits=Limits(max_pending=64, step_down_use=1e9),
    )
    gallery = Gallery(FakeStore(damaged="ben"), None)
    engine.start()
    local = LocalFaces(engine, gallery)
    if kind == "local":
        yield World(local, engine, motion, faults, changed)
    else:
        host = EngineHost(local, Welcome(1280, "motion-frame", Machine(2, 0.004)))
        told[0] = host.fault
        await host.start(folder / "engine.sock")
        remote = RemoteFaces(folder / "engine.sock", on_fault=heard)
        assert (await remote.start(20)).lookahead == 1280
        yield World(remote, engine, motion, faults, changed)
        await remote.aclose()
        await host.aclose()
    await loop.run_in_executor(None, engine.stop)
    gallery.close()


@pytest.fixture(params=["local", "remote"])
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    before = shared_memory()
    async with world(request.param, tmp_path) as made:
        yield made
    assert shared_memory() == before


def shared_memory() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@dataclass
class Seen:
    """A face with its pictures."""

    face: Face
    frames: Mailbox[Picture]
    came: asyncio.Event

    def speak(self, frame: int, level: float) -> None:
        """One frame's sound, all of one loudness."""
        for pts in (frame * FRAME_SAMPLES, frame * FRAME_SAMPLES + CHUNK):
            sound = np.full(CHUNK, level, np.float32)
            self.face.audio.put(AudioChunk(pts, 0, sound))

    async def pictures(self, count: int) -> list[Picture]:
        got: list[Picture] = []
        async with asyncio.timeout(20):
            while len(got) < count:
                self.came.clear()
                got += self.frames.take_all()
                if len(got) < count:
                    await self.came.wait()
        return got


async def opened(there: World, name: str, seed: int = 1, stage: Stage = AS_IT_IS) -> Seen:
    loop = asyncio.get_running_loop()
    came = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(came.set)

    frames: Mailbox[Picture] = Mailbox("frames", 64, "drop-oldest", on_put=wake)
    plan = FacePlan(name, "ada", SIZE, stage, seed, "motion-frame")
    return Seen(await there.faces.open(plan, frames), frames, came)


async def told(seen: Seen, level: float) -> list[Picture]:
    """The first pictures of a steady sound."""
    got: list[Picture] = []
    for frame in range(12):
        # A frame at a time, as it comes: a burst would overwrite what nobody had time to fetch.
        seen.speak(frame, level)
        got += await seen.pictures(max(0, frame - 1 - len(got)))
    return got[:10]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        # What is waited for is another thread's or process's doing: nothing here is told of it.
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_sound_goes_in_and_pictures_come_out(there: World) -> None:
    seen = await opened(there, "one")
    assert seen.face.still.shape == (SIZE, SIZE, 3)
    got = await told(seen, 0.2)
    times = [picture.pts for picture in got]
    assert times == sorted(set(times)) and all(pts % FRAME_SAMPLES == 0 for pts in times)
    assert got[0].image.shape == (SIZE, SIZE, 3) and got[0].motion.shape == (58,)
    assert not (got[-1].image == got[0].image).all()
    seen.face.close()
    seen.face.close()


async def test_each_face_has_its_own_sounds_motion_and_no_others(there: World) -> None:
    """No cross-talk: among others every picture is, bit for bit, what it is alone."""
    levels = {"quiet": 0.0, "loud": 0.25, "middle": 0.08}
    alone: dict[str, list[Picture]] = {}
    for name, level in levels.items():
        seen = await opened(there, f"{name} alone")
        alone[name] = await told(seen, level)
        seen.face.close()
    faces = {name: await opened(there, name) for name in levels}
    together = await asyncio.gather(*(told(faces[name], levels[name]) for name in levels))
    for name, pictures in zip(levels, together, strict=True):
        for mine, same in zip(pictures, alone[name], strict=True):
            assert mine.pts == same.pts
            assert (mine.motion == same.motion).all() and (mine.image == same.image).all()
    assert not (alone["loud"][-1].motion == alone["quiet"][-1].motion).all()
    for seen in faces.values():
        seen.face.close()


async def test_another_stage_is_shown_in_still_and_pictures(there: World) -> None:
    own = Image("one", np.full((SIZE, SIZE, 3), 77, np.uint8))
    seen = await opened(there, "one", stage=Stage(own))
    await seen.face.show(Stage(Colour((1, 2, 3))))
    assert (seen.face.still[0] == (1, 2, 3)).all()
    assert ((await told(seen, 0.1))[-1].image[0] == (1, 2, 3)).all()
    seen.face.close()


async def test_wishes_reach_the_face(there: World) -> None:
    states: list[object] = []
    make = there.motion.new_state
    there.motion.new_state = lambda seed: states.append(made := make(seed)) or made  # type: ignore
    seen = await opened(there, "one")
    seen.face.wish(Say("so glad"))
    await told(seen, 0.1)
    assert states[-1].told == [Say("so glad")]  # type: ignore[attr-defined]
    seen.face.close()


async def test_figures_come_within_a_second(there: World) -> None:
    seen = await opened(there, "one")
    await told(seen, 0.1)
    await until(lambda: seen.face.stats().frames_rendered >= 10)
    stats = seen.face.stats()
    assert stats.rung_name == "way 0" and stats.motion.steps >= 10
    assert len(seen.face.steps("motion", 0)) >= 10
    assert seen.face.steps("render", 10_000) == []
    assert there.faces.stats().sessions == 1
    seen.face.close()


async def test_a_closed_face_is_gone_from_the_engine(there: World) -> None:
    seen = await opened(there, "one")
    seen.face.close()
    seen.face.audio.put(AudioChunk(0, 0, np.zeros(CHUNK, np.float32)))
    await until(lambda: there.engine.stats().sessions == 0)
    again = await opened(there, "one")
    again.face.close()


async def test_one_that_cannot_be_opened_is_refused_in_words(there: World) -> None:
    frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
    with pytest.raises(ApiError) as caught:
        await there.faces.open(FacePlan("x", "ben", SIZE, AS_IT_IS, 1, "motion-frame"), frames)
    assert (caught.value.status, caught.value.code) == (500, "damaged_avatar")
    with pytest.raises(ApiError):
        await there.faces.open(FacePlan("x", "zoe", SIZE, AS_IT_IS, 1, "motion-frame"), frames)
    assert there.engine.stats().sessions == 0


async def test_a_fault_names_its_session_and_spares_the_others(there: World) -> None:
    well, ill = await opened(there, "well"), await opened(there, "ill", FAILING)
    for frame in range(8):
        ill.speak(frame, 0.1)
    session, error = await there.fault()
    assert session == "ill" and "Fake" in error or "fails" in error
    assert len(await told(well, 0.1)) == 10
    well.face.close()
    ill.face.close()
