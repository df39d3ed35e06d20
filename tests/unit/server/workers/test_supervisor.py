"""The parent, with children that are quick to start: routing, deaths, giving up, a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from server.settings import ServerSettings, Settings
from server.settings_section import SettingsError
from server.workers import supervisor as module
from server.workers.supervisor import Supervisor, serve_workers
from tests.support import fake_children
from tests.support.fake_backend import FakeStore

SETTINGS = Settings(server=ServerSettings(workers=2, engines=1, port=0, shutdown_timeout_s=5))
Main = Callable[..., None]


class World:
    """A supervisor that runs."""

    def __init__(self, engine: Main, media: Main, settings: Settings = SETTINGS) -> None:
        self.bound = socket.socket()
        self.bound.bind(("127.0.0.1", 0))
        self.announced = asyncio.Event()
        self.supervisor = Supervisor(
            settings, self.bound, self.announced.set, mains=(engine, media)
        )
        self.run = asyncio.create_task(self.supervisor.run())

    async def up(self) -> None:
        async with asyncio.timeout(120):
            await self.announced.wait()

    async def status(self) -> int:
        async with asyncio.timeout(120):
            return await self.run

    async def get(self, path: str) -> str:
        reader, writer = await asyncio.open_connection(*self.bound.getsockname())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        async with asyncio.timeout(60):
            answer = (await reader.read()).decode()
        writer.close()
        return answer.partition("\r\n\r\n")[2]


@asynccontextmanager
async def world(
    engine: Main = fake_children.good_engine,
    media: Main = fake_children.good_media,
    settings: Settings = SETTINGS,
) -> AsyncIterator[World]:
    made = World(engine, media, settings)
    folder = made.supervisor._folder
    try:
        yield made
    finally:
        made.supervisor._stop.set()
        await made.status()
        made.bound.close()
    assert not folder.exists()
    assert not [child for child in made.supervisor.children if child.pid is not None]


async def test_requests_find_their_process_and_a_signal_ends_all() -> None:
    async with world() as made:
        await made.up()
        pids = [child.pid for child in made.supervisor.children]
        assert (await made.get("/v1/sessions/w1.x"))[0] == "1"
        assert (await made.get("/v1/sessions/w0.x"))[0] == "0"
        # media-0 has one session, media-1 two: the next goes to the first, which knows of those.
        assert await made.get("/readyz") == "0 [256, 256]"
        assert (await made.get("/v1/avatars"))[0] == "0"
        metrics = await made.get("/metrics")
        assert 'held{process="engine"} -1.0' in metrics
        assert 'held{process="media-0"} 0.0' in metrics
        assert 'held{process="media-1"} 1.0' in metrics
        os.kill(os.getpid(), signal.SIGTERM)
        assert await made.status() == 0
        assert not [pid for pid in pids if pid is not None and psutil.pid_exists(pid)]


async def test_a_child_that_dies_is_replaced_and_the_others_serve_on() -> None:
    async with world() as made:
        await made.up()
        engine, second = made.supervisor.engines[0], made.supervisor.media[1]
        for child in (engine, second):
            old = child.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            async with asyncio.timeout(60):
                while child.pid in (old, None) or not child.ready:  # noqa: ASYNC110
                    await asyncio.sleep(0)
            assert (await made.get("/v1/sessions/w0.x"))[0] == "0"
        assert (await made.get("/v1/sessions/w1.x"))[0] == "1"


async def test_each_engine_is_watched_by_itself() -> None:
    server = ServerSettings(workers=1, engines=2, port=0, shutdown_timeout_s=5)
    async with world(settings=Settings(server=server)) as made:
        await made.up()
        first, second = made.supervisor.engines
        assert [first.name, second.name] == ["engine-0", "engine-1"]
        old, other = first.pid, second.pid
        assert old is not None and other is not None
        os.kill(old, signal.SIGKILL)
        async with asyncio.timeout(60):
            while first.pid in (old, None) or not first.ready:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert second.pid == other and second.ready


@pytest.mark.parametrize("which", ["engine", "media"])
async def test_what_cannot_start_ends_the_server_with_its_reason(which: str) -> None:
    bad = fake_children.failing
    mains = (
        (fake_children.good_engine, bad) if which == "media" else (bad, fake_children.good_media)
    )
    async with world(*mains) as made:
        assert await made.status() == 1
        assert "wrong hash; reinstall" in made.supervisor._reason
        assert made.supervisor._reason.startswith(which)
        assert not made.announced.is_set()


async def test_one_that_dies_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as made:
        await made.up()
        monkeypatch.setattr(made.supervisor, "_mains", (fake_children.dying, None))
        monkeypatch.setattr("server.workers.restarts.DELAYS_S", (0.0, 0.0))
        assert made.supervisor.engines[0].pid is not None
        os.kill(made.supervisor.engines[0].pid, signal.SIGKILL)
        assert await made.status() == 1
        assert made.supervisor._reason == "engine: it ended with status 7"


def test_a_port_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "install_logging", lambda settings: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(server=ServerSettings(workers=2, port=port))
        with pytest.raises(SettingsError, match=rf"cannot listen on 127.0.0.1 port {port}"):
            serve_workers(settings, FakeStore())


def test_tls_is_for_a_proxy(tmp_path: Path) -> None:
    settings = Settings(server=ServerSettings(workers=2, tls_certificate="a.pem", tls_key="b.pem"))
    with pytest.raises(SettingsError, match="put TLS in a proxy"):
        serve_workers(settings, FakeStore())


def test_a_system_without_unix_sockets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "send_fds")
    with pytest.raises(SettingsError, match="Linux or macOS"):
        serve_workers(SETTINGS, FakeStore())
