"""Connections before anybody has them: peeked at, handed over whole, dropped, refused."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from server.workers import door as module
from server.workers.door import Door
from server.workers.routing import Freest, Holder, Target


class World:
    """A door, and whoever takes what comes through it."""

    def __init__(self) -> None:
        self.taken: list[tuple[Target, bytes]] = []
        self.nobody = False
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        self.bound = bound
        self.address: tuple[str, int] = bound.getsockname()
        self.door = Door(bound, hand_over=self._take, count=self._count)

    def _take(self, target: Target, connection: socket.socket) -> bool:
        if self.nobody:
            return False
        with connection.dup() as mine:
            mine.setblocking(True)
            self.taken.append((target, mine.recv(65536)))
            mine.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        return True

    async def _count(self) -> bytes:
        return b"x 1\n"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.address)

    async def ask(self, *parts: bytes) -> bytes:
        reader, writer = await self.connect()
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    made.door.open()
    yield made
    await made.door.aclose()
    await made.door.aclose()
    made.bound.close()


async def test_a_request_is_handed_over_from_its_first_byte(world: World) -> None:
    request = b"GET /v1/sessions/w1.x HTTP/1.1\r\nHost: a\r\n\r\n"
    assert (await world.ask(request)).startswith(b"HTTP/1.1 204")
    assert world.taken == [(Holder(1), request)]


async def test_a_line_that_comes_in_pieces_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0)
    reader, writer = await world.connect()
    writer.write(b"GE")
    while not world.door._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    writer.write(b"T / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(20):
        await reader.read()
    assert world.taken == [(Freest(False), b"GET / HTTP/1.1\r\n\r\n")]
    writer.close()


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x00\n", b"hello\r\n", b"x" * 9000])
async def test_what_is_no_request_is_dropped(world: World, junk: bytes) -> None:
    reader, writer = await world.connect()
    writer.write(junk)
    async with asyncio.timeout(20):
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            writer.close()
    assert not world.taken and not world.door._waiting
    writer.close()


async def test_one_that_says_nothing_is_dropped_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_S", 0)
    reader, writer = await world.connect()
    async with asyncio.timeout(20):
        assert await reader.read() == b""
    writer.close()


async def test_one_that_leaves_is_forgotten(world: World) -> None:
    _, writer = await world.connect()
    while not world.door._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    writer.close()
    async with asyncio.timeout(20):
        while world.door._waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_more_than_may_wait_are_turned_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING", 1)
    _, silent = await world.connect()
    while not world.door._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    reader, writer = await world.connect()
    async with asyncio.timeout(20):
        assert await reader.read() == b""
    for each in (silent, writer):
        each.close()


async def test_too_many_open_files_are_waited_out(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0)
    real = world.door._bound

    class Exhausted:
        tries = 0

        def accept(self) -> tuple[socket.socket, object]:
            self.tries += 1
            if self.tries == 1:
                raise OSError(24, "Too many open files")
            return real.accept()

        def fileno(self) -> int:
            return real.fileno()

    monkeypatch.setattr(world.door, "_bound", Exhausted())
    assert (await world.ask(b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 204")
    assert "no connection can be taken" in caplog.text


async def test_metrics_are_the_parents_own_answer(world: World) -> None:
    answer = await world.ask(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"x 1\n")
    assert not world.taken


async def test_while_there_is_nobody_it_says_so(world: World) -> None:
    world.nobody = True
    answer = await world.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503") and b'"starting"' in answer


async def test_a_closed_door_drops_who_waits(world: World) -> None:
    reader, writer = await world.connect()
    while not world.door._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await world.door.aclose()
    assert await reader.read() == b""
    writer.close()
