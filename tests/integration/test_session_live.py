"""Whole sessions over loopback: HTTP, a real peer, the real engine thread; fakes draw."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from engines.pipeline import Motion
from server.app import create_app
from synchrorama_client import Finished, Speech, Started
from tests.integration.loopback import Client
from tests.support.fake_motion import FakeMotionModel
from tests.support.live_server import serve
from tests.support.real_backend import LOOPBACK, real_backend


@asynccontextmanager
async def live(http: httpx.AsyncClient, client: Client, **wishes: object) -> AsyncIterator[str]:
    """A connected session."""
    created = await http.post("/v1/sessions", json={"seed": 1, **wishes})
    assert created.status_code == 201, created.text
    session = str(created.json()["id"])
    answer = await http.post(
        f"/v1/sessions/{session}/offer", json={"sdp": await client.offer(), "type": "offer"}
    )
    assert answer.status_code == 201, answer.text
    await client.take(answer.json()["sdp"])
    async with asyncio.timeout(60):
        await client.connected.wait()
    try:
        yield session
    finally:
        await client.aclose()


@pytest.fixture
def app() -> FastAPI:
    return create_app(LOOPBACK, real_backend(), page=False)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    before = set(threading.enumerate())
    async with serve(app) as client:
        yield client
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith(("engine", "codec", "loader", "warm"))}


async def gone(http: httpx.AsyncClient, app: FastAPI, session: str) -> None:
    """Wait until the server has ended a session by itself and nothing of it is left."""
    async with asyncio.timeout(60):
        await app.state.services.manager.get(session).ended.wait()
        await http.delete(f"/v1/sessions/{session}")


def told_reason(client: Client) -> asyncio.Future[str]:
    """The reason the page is told when the server ends its session."""
    reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(message: str) -> None:
        event = json.loads(message)
        if event["type"] == "closed" and not reason.done():
            reason.set_result(event["reason"])

    client.channel.on("message", hear)
    return reason


def names_of_tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


async def state_of(http: httpx.AsyncClient, session: str) -> tuple[int, str]:
    reply = await http.get(f"/v1/sessions/{session}")
    body = reply.json()
    return reply.status_code, body["error"]["message"] if "error" in body else body["state"]


async def test_a_mirror_session_gives_pictures_and_sound_and_leaves_nothing(
    http: httpx.AsyncClient,
) -> None:
    client = Client()
    tasks_before = len(asyncio.all_tasks())
    async with live(http, client) as session:
        await client.video.at_least(50)
        await client.audio.at_least(100)
        assert (await state_of(http, session)) == (200, "live")
        stats = (await http.get(f"/v1/sessions/{session}/stats")).json()
        assert stats["engine"]["frames_rendered"] > 20
        assert stats["player"]["sent"] >= 50
        assert stats["source"]["heard"] > 16_000
        assert (await http.delete(f"/v1/sessions/{session}")).status_code == 204
        code, why = await state_of(http, session)
        assert (code, "hung up" in why) == (410, True)
    text = (await http.get("/metrics")).text
    assert "avatar_sessions_active 0.0" in text
    assert 'avatar_sessions_total{result="client"} 1.0' in text
    pictures = [frame.to_ndarray(format="rgb24") for _, frame in client.video.frames]
    assert pictures[0].shape == (256, 256, 3)
    assert len({picture.tobytes() for picture in pictures}) > 10
    assert not {"player", "mic", "peer-close"} & names_of_tasks()
    assert len(asyncio.all_tasks()) <= tasks_before + 1


async def test_the_client_hanging_up_ends_the_session(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    client = Client()
    async with live(http, client) as session:
        await client.video.at_least(5)
        await client.pc.close()
        await gone(http, app, session)
        assert "hung up" in (await state_of(http, session))[1]
    assert not {"player", "mic"} & names_of_tasks()


async def test_pushed_speech_is_spoken_and_acknowledged(http: httpx.AsyncClient) -> None:
    client = Client(mic=False)
    async with live(http, client, voice="push") as session:
        url = str(http.base_url).replace("http", "ws") + f"/v1/sessions/{session}/audio"
        async with Speech(url) as speech, speech.events() as events:
            pcm = (0.4 * 32767 * np.sin(np.arange(24_000) * 2 * np.pi * 220 / 24_000)).astype("<i2")
            whole = await speech.speak(pcm.tobytes(), 24_000)
            done = await whole.finished(60)
            assert done.position_s == pytest.approx(1.0, abs=0.01)
            assert done.interrupted is False

            cut = await speech.start(16_000)
            await cut.audio(bytes(2 * 16_000 * 5))
            await cut.started(60)
            await speech.interrupt()
            assert (await cut.finished(60)).interrupted is True
            assert cut.result is not None and cut.result.position_s < 2.0
        told = [event async for event in events if isinstance(event, Started | Finished)]
        wanted = [Started(whole.name), done, Started(cut.name), cut.result]
        assert told == wanted
        levels = [np.abs(f.to_ndarray()).max() for _, f in client.audio.frames]
        assert max(levels) > 5000
        assert any('"speaking": true' in event for event in client.events)
        first = json.loads(client.events[0])
        assert (first["type"], first["synthetic"]) == ("disclosure", True)


async def test_an_engine_fault_in_one_session_ends_it_alone() -> None:
    def load() -> Motion:
        return FakeMotionModel(fail_at=16_000, fail_seeds=frozenset({13}))

    app = create_app(LOOPBACK, real_backend(load_motion=load), page=False)
    async with serve(app) as http:
        good, bad = Client(), Client()
        async with live(http, good, seed=1) as well, live(http, bad, seed=13) as ill:
            reason = told_reason(bad)
            await gone(http, app, ill)
            assert "engine: FakeFault" in (await state_of(http, ill))[1]
            assert (await state_of(http, well)) == (200, "live")
            async with asyncio.timeout(60):
                assert "server failed" in await reason
            seen = len(good.video.frames)
            await good.video.at_least(seen + 10)
            assert (await http.get("/readyz")).status_code == 200
