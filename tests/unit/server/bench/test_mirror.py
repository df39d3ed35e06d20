"""The mirror in one process with the plain peer: the delay is what was asked for."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np
import pytest

from server.bench.mirror import LONGEST_MS, SIZE, DelayLine, Inserted, Outlet, face, mirror_app
from server.bench.service import parse_metrics


async def test_outlet_gives_in_order_and_waits_when_empty() -> None:
    outlet = Outlet("audio")
    outlet.give(1)
    outlet.give(2)
    assert [await outlet.recv(), await outlet.recv()] == [1, 2]
    waiting = asyncio.ensure_future(outlet.recv())
    await asyncio.sleep(0)
    assert not waiting.done()
    outlet.give(3)
    assert await waiting == 3


def test_face_is_a_picture() -> None:
    assert face().shape == (SIZE, SIZE, 3) and face().dtype == np.uint8


async def test_it_speaks_the_part_of_the_api_that_the_client_needs() -> None:
    inserted = Inserted(50)
    transport = httpx.ASGITransport(app=mirror_app(inserted))
    async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
        assert (await client.get("/v1/capabilities")).json()["playout_delay_ms"] == 50
        for asked, ms in ((200, 200), (-1, 0), (10**6, LONGEST_MS)):
            assert (await client.put("/delay", json={"ms": asked})).status_code == 204
            assert inserted.ms == ms
        assert parse_metrics((await client.get("/metrics")).text) == {"avatar_sessions_active": 0}
        created = await client.post("/v1/sessions", json={"probe": True})
        assert created.status_code == 201 and created.json()["id"] == "one"
        assert (await client.patch("/v1/sessions/one/offer", json={})).status_code == 204
        assert (await client.delete("/v1/sessions/one")).status_code == 204


@pytest.mark.parametrize("ms", [0, 50, 200, 333, LONGEST_MS])
def test_sound_comes_back_after_the_delay_to_the_sample(ms: int) -> None:
    line = DelayLine(Inserted(ms))
    came = np.arange(1, 60 * 960 + 1, dtype=np.int64) % 30_000
    blocks = came.astype(np.int16).reshape(60, 960)
    gone = np.concatenate([line.step(block) for block in blocks])
    assert (gone[: ms * 48] == 0).all()
    assert (gone[ms * 48 :] == blocks.ravel()[: len(gone) - ms * 48]).all()


def test_packets_come_evenly_through_a_change_of_the_delay() -> None:
    inserted = Inserted(0)
    line = DelayLine(inserted)
    block = np.ones(960, np.int16)
    sizes = []
    for ms in (0, 50, 200, 50, 0):
        inserted.ms = ms
        sizes += [len(line.step(block)) for _ in range(20)]
    assert set(sizes) == {960}
