"""`serve --workers 2` as real processes: routing, no cross-talk, deaths, a clean end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from engines.values import F32, MOTION_INDEX
from synchrorama_client import Speech
from tests.integration.loopback import Client, beeps
from tests.support.server_process import ServerProcess

SETTINGS = {
    "SYNCHRORAMA_SERVER_WORKERS": "2",
    # One for all, so that its death is everybody's; two are in test_engine_processes.py.
    "SYNCHRORAMA_SERVER_ENGINES": "1",
    "SYNCHRORAMA_SESSION_SIZE": "256",
    "SYNCHRORAMA_SESSION_MAX_SESSIONS": "4",
    "SYNCHRORAMA_RENDER_RENDERER": "motion-frame",
}
log = logging.getLogger(__name__)
JAW, CLOSE = MOTION_INDEX["jawOpen"], MOTION_INDEX["mouthClose"]


def shared_memory() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    before = shared_memory()
    folder = tmp_path_factory.mktemp("workers")
    running = ServerProcess(folder / "server.log", {**SETTINGS, "TMPDIR": str(folder)})
    running.start()
    children = psutil.Process(running.pid).children(recursive=True)
    yield running
    children += psutil.Process(running.pid).children(recursive=True)
    running.stop()
    # Nothing is left: no process (the tracker of shared memory ends last), no memory, no folder.
    _, left = psutil.wait_procs(children, timeout=20)
    assert not left
    assert shared_memory() == before
    assert not list(folder.glob("synchrorama-*"))


def child(server: ServerProcess, name: str) -> int:
    """Process id of a child by its place: the engine is started first, then the media."""
    lines = [line for line in server.log.splitlines() if f"child={name} pid=" in line]
    return int(lines[-1].split("pid=")[1].split()[0])


def niceness(pid: int) -> set[int]:
    """Of every thread of a process; empty where there is no /proc."""
    threads = Path(f"/proc/{pid}/task").glob("*")
    return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads}


def silence(first: int, count: int) -> F32:
    return np.zeros(count, np.float32)


@asynccontextmanager
async def live(server: ServerProcess, client: Client, **wishes: object) -> AsyncIterator[str]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        created = await http.post("/v1/sessions", json={"seed": 1, **wishes})
        assert created.status_code == 201, created.text
        session = str(created.json()["id"])
        offer = {"sdp": await client.offer(), "type": "offer"}
        answer = await http.post(f"/v1/sessions/{session}/offer", json=offer)
        assert answer.status_code == 201, answer.text
        await client.take(answer.json()["sdp"])
        async with asyncio.timeout(60):
            await client.connected.wait()
        try:
            yield session
        finally:
            await client.aclose()
            await http.delete(f"/v1/sessions/{session}")


def motions(client: Client) -> F32:
    """f32[N,58]: every motion it was told."""
    told = [json.loads(event) for event in client.events]
    return np.array([event["values"] for event in told if event["type"] == "motion"], np.float32)


async def test_sessions_of_both_processes_are_reached_and_do_not_mix(
    server: ServerProcess,
) -> None:
    loud, quiet = Client(beeps), Client(silence)
    async with live(server, loud) as one, live(server, quiet) as two:
        assert {one[:3], two[:3]} == {"w0.", "w1."}
        for client in (loud, quiet):
            await client.video.at_least(10)
            client.channel.send('{"type": "subscribe", "motion": true}')
        async with asyncio.timeout(60):
            while min(len(motions(loud)), len(motions(quiet))) < 60:
                seen = len(quiet.video.frames)
                await quiet.video.at_least(seen + 5)
        # Each request on a connection of its own: they all find the process that holds it.
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            for session in (one, two, one, two):
                stats = await http.get(f"/v1/sessions/{session}/stats")
                assert stats.json()["state"] == "live" and stats.headers["connection"] == "close"
                assert stats.json()["engine"]["frames_rendered"] > 0
            told = await http.post(f"/v1/sessions/{two}/tell", json={"type": "act", "name": "nod"})
            assert told.status_code in (204, 422)
            active = (await http.get("/v1/capabilities")).json()["active_sessions"]
            metrics = (await http.get("/metrics")).text
        assert active == 2
        assert 'avatar_sessions_active{process="media-0"} 1.0' in metrics
        assert 'avatar_sessions_active{process="media-1"} 1.0' in metrics
        assert metrics.count("\navatar_engine_use{") == 1
        # Nothing of the engine stands before sound where the processor is short.
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        assert all(value >= usual for value in niceness(child(server, "engine")))
        # Only one of them hears anything.
        spread = {name: np.ptp(motions(c)[:, JAW]) for name, c in (("l", loud), ("q", quiet))}
        assert spread["l"] > 0.02 and spread["q"] < spread["l"] / 2


async def test_pushed_speech_finds_its_session_too(server: ServerProcess) -> None:
    clients = [Client(mic=False), Client(mic=False)]
    async with live(server, clients[0], voice="push") as one:
        async with live(server, clients[1], voice="push") as two:
            assert one[:3] != two[:3]
            for session in (one, two):
                url = f"{server.url.replace('http', 'ws')}/v1/sessions/{session}/audio"
                async with Speech(url) as speech:
                    await (await speech.speak(bytes(2 * 16_000), 16_000)).started(60)


async def test_a_media_process_that_is_killed_takes_its_own_sessions_alone(
    server: ServerProcess,
) -> None:
    first, second = Client(silence), Client(silence)
    async with live(server, first) as one, live(server, second) as two:
        assert one[:3] != two[:3]
        mine = {"w0.": "media-0", "w1.": "media-1"}[two[:3]]
        old = child(server, mine)
        os.kill(old, signal.SIGKILL)
        seen = len(first.video.frames)
        await first.video.at_least(seen + 25)
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            assert (await http.get(f"/v1/sessions/{one}")).json()["state"] == "live"
            assert (await http.get(f"/v1/sessions/{two}")).status_code == 404
            async with asyncio.timeout(60):
                while (
                    child(server, mine) == old
                    or (
                        await http.get(f"/v1/sessions/{mine.replace('media-', 'w')}.nobody")
                    ).status_code
                    != 404
                ):
                    await first.video.at_least(len(first.video.frames) + 5)


async def test_an_engine_that_is_killed_is_told_and_comes_back(server: ServerProcess) -> None:
    client = Client(silence)
    async with live(server, client) as session:
        await client.video.at_least(5)
        told: asyncio.Future[tuple[float, str]] = asyncio.get_running_loop().create_future()

        def heard(message: str) -> None:
            if json.loads(message)["type"] == "closed" and not told.done():
                told.set_result((time.monotonic(), message))

        client.channel.on("message", heard)
        killed_s = time.monotonic()
        os.kill(child(server, "engine"), signal.SIGKILL)
        async with asyncio.timeout(60):
            told_s, message = await told
        assert "engine" in json.loads(message)["reason"]
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            assert (await http.get(f"/v1/sessions/{session}")).status_code == 410
            refused = await http.post("/v1/sessions", json={})
            assert refused.status_code in (201, 503)
            async with asyncio.timeout(60):
                while (again := await http.post("/v1/sessions", json={})).status_code != 201:
                    assert again.headers["retry-after"]
                    await asyncio.to_thread(server.get, "/healthz")
            back_s = time.monotonic()
            await http.delete(f"/v1/sessions/{again.json()['id']}")
    log.info("told after %.2f s, back after %.1f s", told_s - killed_s, back_s - killed_s)
    other = Client(silence)
    async with live(server, other):
        await other.video.at_least(10)
