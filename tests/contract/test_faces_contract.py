"""What media may count on from faces, in this process or over a link: one suite for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engines.mailbox import Mailbox
from engines.motion.wishes import Say
from engines.render.stage import Colour, Image, Stage
from engines.values import FRAME_SAMPLES, AudioChunk, Picture
from server.errors import ApiError
from server.faces import Faces
from server.workers.remote import RemoteFaces
from tests.support.faces_world import (
    CHUNK,
    FAILING,
    SIZE,
    EngineRoom,
    Faults,
    engine_room,
    opened,
    plan_of,
    shared_memory,
)


@dataclass
class World:
    """Faces, and what is behind them."""

    faces: Faces
    room: EngineRoom
    faults: Faults


@pytest.fixture(params=["local", "remote"])
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "local":
        async with engine_room() as room:
            yield World(room.local, room, room.faults)
        return
    before = shared_memory()
    path = tmp_path / "engine.sock"
    async with engine_room(path) as room:
        faults = Faults()
        remote = RemoteFaces(path, on_fault=faults.hear)
        await remote.start(20)
        yield World(remote, room, faults)
        await remote.aclose()
    assert shared_memory() == before


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        # What is waited for is another thread's or process's doing: nothing here is told of it.
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_sound_goes_in_and_pictures_come_out(there: World) -> None:
    seen = await opened(there.faces, "one")
    assert seen.face.still.shape == (SIZE, SIZE, 3)
    got = await seen.told(0.2)
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
        seen = await opened(there.faces, f"{name} alone")
        alone[name] = await seen.told(level)
        seen.face.close()
    faces = {name: await opened(there.faces, name) for name in levels}
    together = await asyncio.gather(*(faces[name].told(levels[name]) for name in levels))
    for name, pictures in zip(levels, together, strict=True):
        for mine, same in zip(pictures, alone[name], strict=True):
            assert mine.pts == same.pts
            assert (mine.motion == same.motion).all() and (mine.image == same.image).all()
    assert not (alone["loud"][-1].motion == alone["quiet"][-1].motion).all()
    for seen in faces.values():
        seen.face.close()


async def test_another_stage_is_shown_in_still_and_pictures(there: World) -> None:
    own = Image("one", np.full((SIZE, SIZE, 3), 77, np.uint8))
    seen = await opened(there.faces, "one", stage=Stage(own))
    await seen.face.show(Stage(Colour((1, 2, 3))))
    assert (seen.face.still[0] == (1, 2, 3)).all()
    assert ((await seen.told(0.1))[-1].image[0] == (1, 2, 3)).all()
    seen.face.close()


async def test_wishes_reach_the_face(there: World) -> None:
    states: list[object] = []
    make = there.room.motion.new_state
    there.room.motion.new_state = lambda seed: states.append(made := make(seed)) or made  # type: ignore
    seen = await opened(there.faces, "one")
    seen.face.wish(Say("so glad"))
    await seen.told(0.1)
    assert states[-1].told == [Say("so glad")]  # type: ignore[attr-defined]
    seen.face.close()


async def test_figures_come_within_a_second(there: World) -> None:
    seen = await opened(there.faces, "one")
    await seen.told(0.1)
    await until(lambda: seen.face.stats().frames_rendered >= 10)
    stats = seen.face.stats()
    assert stats.rung_name == "way 0" and stats.motion.steps >= 10
    assert len(seen.face.steps("motion", 0)) >= 10
    assert seen.face.steps("render", 10_000) == []
    assert there.faces.stats().sessions == 1
    seen.face.close()


async def test_a_closed_face_is_gone_from_the_engine(there: World) -> None:
    seen = await opened(there.faces, "one")
    seen.face.close()
    seen.face.audio.put(AudioChunk(0, 0, np.zeros(CHUNK, np.float32)))
    await until(lambda: there.room.engine.stats().sessions == 0)
    again = await opened(there.faces, "one")
    again.face.close()


async def test_one_that_cannot_be_opened_is_refused_in_words(there: World) -> None:
    frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
    with pytest.raises(ApiError) as caught:
        await there.faces.open(plan_of("x", avatar="ben"), frames)
    assert (caught.value.status, caught.value.code) == (500, "damaged_avatar")
    with pytest.raises(ApiError):
        await there.faces.open(plan_of("x", avatar="zoe"), frames)
    assert there.room.engine.stats().sessions == 0


async def test_a_fault_names_its_session_and_spares_the_others(there: World) -> None:
    well, ill = await opened(there.faces, "well"), await opened(there.faces, "ill", FAILING)
    for frame in range(8):
        ill.speak(frame, 0.1)
    session, error = await there.faults.first()
    assert session == "ill" and "Fake" in f"{type(error).__name__} {error}"
    assert len(await well.told(0.1)) == 10
    well.face.close()
    ill.face.close()
