"""The mirror in one process with the plain peer: the delay is what was asked for."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np

from server.bench.mirror import SIZE, Outlet, face, mirror_app
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
    transport = httpx.ASGITransport(app=mirror_app(0.05))
    async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
        assert (await client.get("/v1/capabilities")).json()["playout_delay_ms"] == 50
        assert parse_metrics((await client.get("/metrics")).text) == {"avatar_sessions_active": 0}
        created = await client.post("/v1/sessions", json={"probe": True})
        assert created.status_code == 201 and created.json()["id"] == "one"
        assert (await client.patch("/v1/sessions/one/offer", json={})).status_code == 204
        assert (await client.delete("/v1/sessions/one")).status_code == 204
