"""Two engines as one: who draws whom, and what is left when one goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines.loop import EngineStopped
from engines.mailbox import Mailbox
from engines.values import Picture
from server.manager import EngineAway
from server.workers.engines import RemoteEngines
from tests.support.faces_world import EngineRoom, Faults, engine_room, opened, plan_of


@dataclass
class World:
    faces: RemoteEngines
    rooms: list[EngineRoom]
    faults: Faults

    def held(self) -> list[int]:
        return [room.engine.stats().sessions for room in self.rooms]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        paths = [folder / "one.sock", folder / "two.sock"]
        rooms = [await stack.enter_async_context(engine_room(path)) for path in paths]
        faults = Faults()
        faces = RemoteEngines(paths, on_fault=faults.hear, silent_s=20)
        await faces.start(20)
        stack.push_async_callback(faces.aclose)
        yield World(faces, rooms, faults)


def mailbox() -> Mailbox[Picture]:
    return Mailbox("frames", 8, "drop-oldest")


async def test_sessions_are_spread_over_them_and_each_draws(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        assert made.faces.running and made.faces.count == 2
        assert made.faces.welcome is not None and made.faces.welcome.lookahead == 1280
        for at in range(4):
            seen = await opened(made.faces, f"s{at}")
            seen.speak(0, 0.1)
            seen.speak(1, 0.1)
            assert await seen.pictures(1)
        assert made.held() == [2, 2]


async def test_one_that_goes_takes_its_own_sessions_and_no_other(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        await opened(made.faces, "first")
        other = await opened(made.faces, "second")
        host = made.rooms[0].host
        assert host is not None and made.held() == [1, 1]
        await host.aclose()
        session, error = await made.faults.first()
        assert session == "first" and isinstance(error, EngineAway)
        assert made.faces.running and made.faces.count == 1
        other.speak(0, 0.1)
        other.speak(1, 0.1)
        assert await other.pictures(1)
        await opened(made.faces, "third")
        assert made.held()[1] == 2
        assert [name for name, _ in made.faults.told] == ["first"]
        second = made.rooms[1].host
        assert second is not None
        await second.aclose()
        async with asyncio.timeout(20):
            while len(made.faults.told) < 2:
                made.faults.changed.clear()
                await made.faults.changed.wait()
        # Nobody is left: that ends whoever is still on the way, too.
        assert (made.faults.told[-1][0], made.faces.running) == (None, False)
        with pytest.raises(EngineStopped):
            await made.faces.open(plan_of("fourth"), mailbox())


async def test_their_figures_are_told_as_one(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        for at in range(3):
            await opened(made.faces, f"s{at}")
        async with asyncio.timeout(20):
            while made.faces.stats().sessions < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert made.faces.stats().turns >= 3


async def test_all_are_waited_for(tmp_path: Path) -> None:
    async with engine_room(tmp_path / "one.sock"):
        paths = [tmp_path / "one.sock", tmp_path / "two.sock"]
        faces = RemoteEngines(paths, on_fault=lambda *_: None)
        with pytest.raises(TimeoutError):
            await faces.start(0)
        await faces.aclose()
