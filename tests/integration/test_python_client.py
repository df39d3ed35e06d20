"""The Python client against a whole server over loopback: speech in, synced face out."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from server.app import create_app
from synchrorama_client import Item, Picture, Refused, Server, SessionClosed, Sound
from synchrorama_client.media import Media
from tests.support.live_server import serve
from tests.support.real_backend import LOOPBACK, real_backend

ROOT = Path(__file__).parents[2]


def tone(seconds: float, rate: int = 24_000) -> bytes:
    wave = 0.4 * 32767 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate)
    return wave.astype("<i2").tobytes()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve(create_app(LOOPBACK, real_backend(), page=False)) as http:
        async with Server(str(http.base_url)) as client, asyncio.timeout(60):
            yield client


async def until_quiet_again(media: Media) -> list[Item]:
    """Everything from now until sound came and went."""
    items, loud = list[Item](), False
    async for item in media:
        items.append(item)
        if isinstance(item, Sound):
            if loud and item.silent:
                return items
            loud = loud or not item.silent
    raise AssertionError("the media ended")


async def test_a_server_tells_what_it_can_do(server: Server) -> None:
    found = await server.capabilities()
    assert found.fps == 25 and 24_000 in found.sample_rates_hz and 256 in found.sizes
    assert [avatar.name for avatar in await server.avatars()] == ["ada", "ben"]
    with pytest.raises(Refused, match="size") as caught:
        await server.create_session(size=17)
    assert caught.value.status == 422


async def test_speech_comes_back_as_synced_sound_and_pictures(server: Server) -> None:
    async with await server.create_session(seed=1, size=256) as session:
        media = await session.media()
        async with session.speech() as speech, media.events() as told:
            segment = await speech.speak(tone(1.0), 24_000)
            items = await until_quiet_again(media)
            done = await segment.finished()
            assert done.position_s == pytest.approx(1.0, abs=0.01) and not done.interrupted
            kinds = [message["type"] for message in [await anext(told) for _ in range(3)]]
            assert "disclosure" in kinds
        assert (await session.stats())["state"] == "live"
    times = [item.pts_s for item in items]
    assert times == sorted(times) and media.dropped == 0
    pictures = [item for item in items if isinstance(item, Picture)]
    sounds = [item for item in items if isinstance(item, Sound)]
    assert all(b.pts_s - a.pts_s == pytest.approx(0.04) for a, b in pairwise(pictures))
    assert all(b.pts_s - a.pts_s == pytest.approx(0.02) for a, b in pairwise(sounds))
    loud = [item.pts_s for item in sounds if not item.silent]
    assert loud[-1] - loud[0] == pytest.approx(1.0, abs=0.06)
    assert (pictures[0].width, len(pictures[0].rgb())) == (256, 256 * 256 * 3)
    # Each picture comes right before the sound of its time.
    for picture in pictures[5:-5]:
        after = items[items.index(picture) + 1]
        assert isinstance(after, Sound) and after.pts_s == pytest.approx(picture.pts_s)


async def test_an_interrupt_ends_the_segment_where_it_is(server: Server) -> None:
    async with await server.create_session() as session:
        await session.media()
        async with session.speech() as speech:
            segment = await speech.speak(tone(8.0), 24_000)
            await segment.started()
            await speech.interrupt()
            done = await segment.finished()
            assert done.interrupted and done.position_s < 4.0
            after = await speech.speak(tone(0.2), 24_000)
            assert not (await after.finished()).interrupted


async def test_the_end_of_a_session_is_told_on_every_door(server: Server) -> None:
    tasks = asyncio.all_tasks()
    session = await server.create_session()
    media = await session.media()
    speech = session.speech()
    await speech.connect()
    segment = await speech.speak(tone(5.0), 24_000)
    other = await server.create_session()
    await segment.started()
    await session._rest.call("DELETE", session.path)
    with pytest.raises(SessionClosed, match="ended"):
        await segment.finished()
    async for _ in media:
        pass
    assert media.reason
    with pytest.raises(SessionClosed):
        await session.state()
    await session.aclose()
    await session.aclose()
    await server.aclose()
    assert other.closed
    for task in asyncio.all_tasks() - tasks:
        async with asyncio.timeout(5):
            await asyncio.wait({task})


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(server: Server) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        async with await server.create_session() as session:
            await session.media()
            async with session.speech() as speech:
                await speech.speak(tone(15.0), 24_000)
                raise RuntimeError("on purpose")
    async with Server(server.url) as another:
        found = await another.capabilities()
        assert found.raw["active_sessions"] == 0
    assert {t.get_name() for t in asyncio.all_tasks()}.isdisjoint(
        {"synchrorama-speech", "synchrorama-audio", "synchrorama-video"}
    )


async def test_the_example_of_the_readme_runs(server: Server) -> None:
    readme = ROOT / "plugins" / "client" / "README.md"
    code = readme.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    environment = os.environ | {
        "SYNCHRORAMA_URL": server.url,
        "PYTHONPATH": str(ROOT / "plugins" / "client"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", code, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert out.decode().startswith("1.0 s spoken") and "interrupted: False" in out.decode()
