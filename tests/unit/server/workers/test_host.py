"""The engine's side: who is not understood, who goes, what is asked too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engines.render.stage import AS_IT_IS
from server.workers.host import EngineHost
from server.workers.link import Link
from server.workers.messages import (
    WIRE,
    Close,
    Drawn,
    Faulted,
    Obey,
    Open,
    Opened,
    Refused,
    Show,
    Welcome,
)
from server.workers.ring import RingReader, format_ring, ring_bytes
from server.workers.segment import Segment
from tests.support.faces_world import SIZE, WELCOME, EngineRoom, engine_room, plan_of

ROOM = SIZE * SIZE * 3 + 4096


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[EngineRoom]:
    async with engine_room(tmp_path / "engine.sock") as made:
        yield made


async def first(link: Link, kind: type) -> Any:
    async with asyncio.timeout(20):
        async for message in link.messages():
            if isinstance(message, kind):
                return message
    raise AssertionError("it was cut off")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        # The engine's thread does it, and tells nobody here.
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


def segment(room: int = ROOM) -> Segment:
    made = Segment.create(ring_bytes(3, room))
    view = made.view()
    format_ring(view, 3, room)
    view.release()
    return made


async def test_a_face_is_opened_drawn_into_the_ring_and_closed_with_its_guest(
    room: EngineRoom, tmp_path: Path
) -> None:
    link = await Link.connect(tmp_path / "engine.sock", WIRE)
    assert await first(link, Welcome) == WELCOME
    memory = segment()
    link.send(Open(1, plan_of("one"), memory.name))
    opened = await first(link, Opened)
    view = memory.view()
    record = RingReader(view).read(opened.still)
    assert record is not None and len(record.body) == SIZE * SIZE * 3
    link.cut()
    await until(lambda: room.engine.stats().sessions == 0)
    view.release()
    memory.unlink()
    memory.close()


@pytest.mark.parametrize("what", ["gone", "small", "no ring"])
async def test_memory_that_cannot_be_used_is_refused_in_words(
    room: EngineRoom, tmp_path: Path, what: str
) -> None:
    link = await Link.connect(tmp_path / "engine.sock", WIRE)
    memory = Segment.create(200) if what == "no ring" else segment(50)
    link.send(Open(1, plan_of("one"), "psm_nobody" if what == "gone" else memory.name))
    refused = await first(link, Refused)
    assert (refused.call, refused.status, refused.code) == (1, 503, "no_shared_memory")
    # Once it has answered nothing is left of the face.
    link.send(Close("one"))
    await until(lambda: room.engine.stats().sessions == 0)
    memory.unlink()
    memory.close()
    link.cut()


async def test_what_is_asked_of_a_session_that_is_not_there(
    room: EngineRoom, tmp_path: Path
) -> None:
    link = await Link.connect(tmp_path / "engine.sock", WIRE)
    link.send(Obey("nobody", plan_of("x").stage))  # type: ignore[arg-type]
    link.send(Close("nobody"))
    link.send(Show(7, "nobody", AS_IT_IS))
    refused = await first(link, Refused)
    assert (refused.call, refused.status) == (7, 410)
    link.cut()


async def test_one_that_says_what_is_not_for_the_engine_is_cut_off(
    room: EngineRoom, tmp_path: Path
) -> None:
    link, well = [await Link.connect(tmp_path / "engine.sock", WIRE) for _ in range(2)]
    link.send(Drawn("one", 1))
    with pytest.raises(AssertionError, match="cut off"):
        await first(link, Refused)
    well.send(Show(1, "nobody", AS_IT_IS))
    assert (await first(well, Refused)).status == 410
    for each in (link, well):
        each.cut()


async def test_the_engines_own_end_is_told_to_all(room: EngineRoom, tmp_path: Path) -> None:
    links = [await Link.connect(tmp_path / "engine.sock", WIRE) for _ in range(2)]
    for link in links:
        await first(link, Welcome)
    assert isinstance(room.host, EngineHost)
    room.host.fault(None, MemoryError("full"))
    for link in links:
        assert await first(link, Faulted) == Faulted(None, "MemoryError")
        link.cut()
