"""A media process, run inside the test: connections handed over, counted, stopped."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.settings import RtcSettings, ServerSettings, SessionSettings, Settings
from server.workers import backend
from server.workers.lifeline import (
    Alive,
    Count,
    Counted,
    Elsewhere,
    Failed,
    Ready,
    Stop,
    lifeline,
)
from server.workers.link import Link
from server.workers.media_process import MediaProcess
from tests.support.faces_world import engine_room

SETTINGS = Settings(
    server=ServerSettings(workers=2),
    session=SessionSettings(max_sessions=3),
    rtc=RtcSettings(bind_addresses=("127.0.0.1",)),
)


@dataclass
class World:
    media: MediaProcess
    link: Link
    door: socket.socket
    running: asyncio.Task[int]

    async def said(self, kind: type) -> Any:
        async with asyncio.timeout(60):
            async for message in self.link.messages():
                if isinstance(message, kind):
                    return message
        raise AssertionError("it ended without")

    async def ask(self, method: str, path: str) -> tuple[str, Any]:
        """One request on a connection of its own: the head and the JSON of the answer."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self.door, [b"."], [theirs.fileno()])
        theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
        async with asyncio.timeout(60):
            # To the end: it is closed after one answer.
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return head, json.loads(body) if body else None


@asynccontextmanager
async def process(path: Path) -> AsyncIterator[World]:
    ours, theirs = socket.socketpair()
    door, taken = socket.socketpair()
    media = MediaProcess(SETTINGS, [path], 1)
    link = await lifeline(ours)
    running = asyncio.create_task(media.run(theirs, taken))
    world = World(media, link, door, running)
    yield world
    link.cut()
    await running
    door.close()


async def test_connections_are_answered_one_request_each_and_sessions_named_and_counted(
    tmp_path: Path,
) -> None:
    async with engine_room(tmp_path / "engine.sock"):
        async with process(tmp_path / "engine.sock") as world:
            await world.said(Ready)
            head, ready = await world.ask("GET", "/readyz")
            assert "200 OK" in head and "connection: close" in head.lower()
            assert (ready["sessions_active"], ready["sessions_max"]) == (0, 3)
            _, session = await world.ask("POST", "/v1/sessions")
            assert session["id"].startswith("w1.")
            # It is told at once, so that the next one goes elsewhere.
            while (await world.said(Alive)).sizes != (512,):
                continue
            world.link.send(Elsewhere((256, 256)))
            world.link.send(Count())
            text = (await world.said(Counted)).text
            assert "avatar_sessions_active 1.0" in text
            head, refused = await world.ask("POST", "/v1/sessions")
            assert "503" in head and refused["error"]["message"] == "3 of 3 places are taken"
            head, _ = await world.ask("DELETE", f"/v1/sessions/{session['id']}")
            assert "204" in head
            world.link.send(Stop())
            assert await world.running == 0


async def test_while_the_engine_is_away_new_sessions_are_asked_to_wait(tmp_path: Path) -> None:
    async with engine_room(tmp_path / "engine.sock") as room:
        async with process(tmp_path / "engine.sock") as world:
            await world.said(Ready)
            _, session = await world.ask("POST", "/v1/sessions")
            assert room.host is not None
            await room.host.aclose()
            while (await world.said(Alive)).sizes != ():
                continue
            head, gone = await world.ask("GET", f"/v1/sessions/{session['id']}")
            assert "410" in head and "the engine has gone" in gone["error"]["message"]
            head, refused = await world.ask("POST", "/v1/sessions")
            assert "503" in head and "retry-after: 5" in head.lower()
            assert "being started" in refused["error"]["message"]
            assert "200" in (await world.ask("GET", "/healthz"))[0]


async def test_without_an_engine_it_fails_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "WARM_S", 0)
    async with process(tmp_path / "engine.sock") as world:
        assert "could not start" in (await world.said(Failed)).reason
        assert await world.running == 1


async def test_it_ends_with_its_parent_even_while_it_starts(tmp_path: Path) -> None:
    async with process(tmp_path / "engine.sock") as world:
        world.link.cut()
        async with asyncio.timeout(60):
            assert await world.running == 0
