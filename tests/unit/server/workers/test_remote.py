"""The media's side: an engine that is away, goes, stalls, refuses, or comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engines.loop import EngineStopped
from engines.mailbox import Mailbox
from engines.values import Picture
from server.errors import ApiError
from server.manager import EngineAway
from server.workers.host import EngineHost
from server.workers.link import Link
from server.workers.messages import WIRE, Close, Drawn
from server.workers.remote import RemoteFaces
from server.workers.segment import Segment, SegmentRefused
from tests.support.faces_world import WELCOME, Faults, engine_room, opened, plan_of, shared_memory


@asynccontextmanager
async def linked(path: Path, silent_s: float = 20) -> AsyncIterator[tuple[RemoteFaces, Faults]]:
    faults = Faults()
    faces = RemoteFaces(path, on_fault=faults.hear, silent_s=silent_s)
    await faces.start(20)
    try:
        yield faces, faults
    finally:
        await faces.aclose()
        await faces.aclose()


def mailbox() -> Mailbox[Picture]:
    return Mailbox("frames", 8, "drop-oldest")


async def test_an_engine_that_never_comes_is_waited_for_in_vain(tmp_path: Path) -> None:
    faces = RemoteFaces(tmp_path / "engine.sock", on_fault=lambda *_: None)
    with pytest.raises(TimeoutError):
        await faces.start(0)
    before = shared_memory()
    with pytest.raises(EngineStopped):
        await faces.open(plan_of("one"), mailbox())
    assert shared_memory() == before and not faces.running
    await faces.aclose()


async def test_an_engine_that_goes_is_told_at_once_and_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    before = shared_memory()
    async with engine_room(path) as room:
        async with linked(path) as (faces, faults):
            seen = await opened(faces, "one")
            assert room.host is not None
            await room.host.aclose()
            session, error = await faults.first()
            assert session is None and isinstance(error, EngineAway)
            assert "gone" in str(error) and not faces.running
            assert faces.stats().sessions == 0
            seen.face.close()
            path.unlink(missing_ok=True)
            room.host = EngineHost(room.local, WELCOME)
            await room.host.start(path)
            async with asyncio.timeout(20):
                await faces._up.wait()
            again = await opened(faces, "two")
            assert len(await again.told(0.1)) == 10
            again.face.close()
    assert shared_memory() == before


@asynccontextmanager
async def mute(path: Path, *words: object) -> AsyncIterator[list[Link]]:
    """An engine that says these words, and no more."""
    links: list[Link] = []

    def greet(link: Link) -> None:
        links.append(link)
        for word in words:
            link.send(word)

    server = await Link.listen(path, WIRE, greet)
    yield links
    for link in links:
        link.cut()
    server.close()
    await server.wait_closed()


async def test_an_engine_that_falls_silent_has_stalled(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with mute(path, WELCOME), linked(path, silent_s=0.05) as (_, faults):
        _, error = await faults.first()
        assert isinstance(error, EngineAway) and "stalled" in str(error)


async def test_an_engine_that_is_not_understood_is_left(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with mute(path, WELCOME, Close("one")), linked(path) as (_, faults):
        assert isinstance((await faults.first())[1], EngineAway)


async def test_a_call_is_not_waited_for_longer_than_the_engine_lives(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    before = shared_memory()
    async with mute(path, WELCOME) as links, linked(path) as (faces, _):
        waiting = asyncio.create_task(faces.open(plan_of("one"), mailbox()))
        while not faces._calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
        links[0].cut()
        with pytest.raises(EngineStopped):
            await waiting
    assert shared_memory() == before


async def test_a_call_that_is_given_up_leaves_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    before = shared_memory()
    async with mute(path, WELCOME), linked(path) as (faces, _):
        waiting = asyncio.create_task(faces.open(plan_of("one"), mailbox()))
        while not faces._calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert shared_memory() == before and not faces._calls


async def test_no_shared_memory_refuses_one_session_and_spares_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "engine.sock"
    async with engine_room(path), linked(path) as (faces, faults):
        seen = await opened(faces, "one")

        def refuse(size: int) -> Segment:
            raise SegmentRefused("no 1.2 MiB of shared memory left")

        with monkeypatch.context() as patch:
            patch.setattr(Segment, "create", refuse)
            with pytest.raises(ApiError) as caught:
                await faces.open(plan_of("two"), mailbox())
        assert (caught.value.status, caught.value.code) == (503, "no_shared_memory")
        assert len(await seen.told(0.1)) == 10 and not faults.told
        seen.face.close()


async def test_a_picture_that_was_overwritten_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with engine_room(path), linked(path) as (faces, _):
        seen = await opened(faces, "one")
        faces._take(Drawn("one", 999))
        faces._take(Drawn("nobody", 1))
        assert len(seen.frames) == 0
        assert len(await seen.told(0.1)) == 10
        seen.face.close()
