"""A child's lives: ready, ended, silent, stuck, deaf."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess

import psutil
import pytest

from server.workers.child import SPAWN, Child
from server.workers.lifeline import Alive, Ready
from tests.support import fake_children


class World:
    """A child of one kind, and what its parent hears."""

    def __init__(self, main: Callable[..., None], silent_s: float = 20.0) -> None:
        self.heard: list[object] = []
        self.ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str] = loop.create_future()

        def spawn(end: socket.socket) -> tuple[BaseProcess, Sequence[socket.socket]]:
            return SPAWN.Process(target=main, args=(end, "", {}, None), daemon=True), ()

        self.child = Child(
            "one",
            spawn,
            on_ready=lambda child: self.ready.set(),
            on_end=lambda child, reason: self.ended.set_result(reason),
            hear=lambda child, message: self.heard.append(message),
            silent_s=silent_s,
        )

    async def begin(self) -> int:
        self.child.start()
        async with asyncio.timeout(60):
            await self.ready.wait()
        assert self.child.pid is not None
        return self.child.pid

    async def end(self) -> str:
        async with asyncio.timeout(60):
            return await self.ended


async def test_one_that_is_told_to_stop_ends_in_order() -> None:
    world = World(fake_children.good_engine)
    pid = await world.begin()
    assert world.child.ready
    # Ctrl+C is sent to the whole group.
    os.kill(pid, signal.SIGINT)
    await world.child.stop(20)
    assert await world.end() == "" and not psutil.pid_exists(pid)
    assert world.child.pid is None
    assert {type(message) for message in world.heard} == {Ready, Alive}
    world.child.send(Alive())
    await world.child.stop(1)


async def test_one_that_is_killed_has_ended_and_may_live_again() -> None:
    world = World(fake_children.good_engine)
    pid = await world.begin()
    os.kill(pid, signal.SIGKILL)
    assert await world.end() == "it ended with status -9"
    world.ended = asyncio.get_running_loop().create_future()
    world.ready.clear()
    assert await world.begin() != pid
    await world.child.stop(20)


@pytest.mark.parametrize(
    ("main", "reason"),
    [
        (fake_children.failing, "weights/x.onnx: wrong hash; reinstall"),
        (fake_children.dying, "it ended with status 7"),
        (fake_children.stuck, "its engine hangs in a step for 99 s"),
    ],
)
async def test_why_it_ended_is_told(main: Callable[..., None], reason: str) -> None:
    world = World(main)
    world.child.start()
    assert await world.end() == reason


async def test_one_that_falls_silent_is_killed() -> None:
    world = World(fake_children.mute, silent_s=0.2)
    pid = await world.begin()
    assert await world.end() == "it has stalled"
    assert not psutil.pid_exists(pid)


async def test_one_that_does_not_stop_in_time_is_killed() -> None:
    world = World(fake_children.mute)
    pid = await world.begin()
    await world.child.stop(0.1)
    await world.end()
    assert not psutil.pid_exists(pid)


async def test_a_system_that_gives_no_process_is_told() -> None:
    world = World(fake_children.good_engine)

    def refuse(end: socket.socket) -> tuple[BaseProcess, Sequence[socket.socket]]:
        raise OSError(11, "Resource temporarily unavailable")

    world.child._spawn = refuse
    world.child.start()
    assert "could not be started" in await world.end()
