"""The stage of a running session: HTTP, a real peer, the real engine thread; a fake draws."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from server.app import create_app
from server.settings_disclosure import DisclosureSettings
from tests.integration.loopback import Client
from tests.integration.test_session_live import live
from tests.support.live_server import serve
from tests.support.real_backend import LOOPBACK, real_backend

BLUE: dict[str, Any] = {"kind": "colour", "colour": "#0000ff"}
RED: dict[str, Any] = {"kind": "colour", "colour": "#ff0000"}


@pytest.fixture
def app() -> FastAPI:
    return create_app(LOOPBACK, real_backend(), page=False)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(app) as client:
        yield client


def top(frame: Any) -> Any:
    """f64[3] RGB of the uppermost rows, which the fake renderer fills with the colour."""
    return frame.to_ndarray(format="rgb24")[:2].mean(axis=(0, 1))


async def until_top(client: Client, channel: int) -> None:
    """Until the newest picture's top is more of that colour than of the others."""
    async with asyncio.timeout(60):
        while True:
            seen = len(client.video.frames)
            if seen:
                levels = top(client.video.frames[-1][1])
                if levels[channel] > 1.3 * max(np.delete(levels, channel)):
                    return
            await client.video.at_least(seen + 1)


async def until_event(client: Client, kind: str, **fields: object) -> dict[str, Any]:
    """The first event of `kind` with those fields."""
    found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def look(message: str) -> None:
        event = json.loads(message)
        fits = event["type"] == kind and fields.items() <= event.items()
        if fits and not found.done():
            found.set_result(event)

    for message in client.events:
        look(message)
    client.channel.on("message", look)
    async with asyncio.timeout(60):
        return await found


async def test_the_picture_changes_by_http_and_by_message(http: httpx.AsyncClient) -> None:
    client = Client()
    async with live(http, client, stage={"background": RED}) as session:
        await until_top(client, 0)
        reply = await http.patch(f"/v1/sessions/{session}/stage", json={"background": BLUE})
        assert (reply.status_code, reply.json()["background"]) == (200, BLUE)
        await until_top(client, 2)
        await until_event(client, "stage", background=BLUE)
        client.channel.send(json.dumps({"type": "stage", "background": RED, "mirrored": True}))
        await until_top(client, 0)
        told = await until_event(client, "stage", mirrored=True)
        assert told["background"] == RED
        now = (await http.get(f"/v1/sessions/{session}")).json()["stage"]
        assert now == {"background": RED, "framing": "shoulders", "mirrored": True}


async def test_a_bad_message_is_answered_and_the_session_goes_on(http: httpx.AsyncClient) -> None:
    client = Client()
    async with live(http, client) as session:
        await client.video.at_least(3)
        client.channel.send(json.dumps({"type": "stage", "framing": "feet"}))
        warning = await until_event(client, "warning")
        assert warning["code"] == "invalid_request" and "framing" in warning["message"]
        client.channel.send(json.dumps({"type": "stage", "background": {"kind": "image"}}))
        assert (await until_event(client, "warning", code="no_image"))["hint"]
        client.channel.send('{"type": "stage", "x": "' + "y" * 2000 + '"}')
        client.channel.send("{}")
        seen = len(client.video.frames)
        await client.video.at_least(seen + 5)
        assert (await http.get(f"/v1/sessions/{session}")).json()["state"] == "live"


async def test_a_picture_sent_by_put_is_shown(http: httpx.AsyncClient) -> None:
    done, data = cv2.imencode(".jpg", np.full((900, 1600, 3), 90, np.uint8))
    assert done
    client = Client()
    async with live(http, client) as session:
        url = f"/v1/sessions/{session}/stage/image"
        reply = await http.put(url, content=data.tobytes(), headers={"Content-Type": "image/jpeg"})
        assert (reply.status_code, reply.json()["background"]) == (200, {"kind": "image"})
        await until_event(client, "stage", background={"kind": "image"})
        reply = await http.put(url, content=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
        assert reply.status_code == 415


async def test_many_changes_leave_nothing_and_the_pictures_flow(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    client = Client()
    async with live(http, client) as session:
        await client.video.at_least(10)
        before = (await http.get(f"/v1/sessions/{session}/stats")).json()["engine"]
        url = f"/v1/sessions/{session}/stage"
        for number in range(150):
            colour = f"#{100 + number:02x}0000"
            client.channel.send(
                json.dumps({"type": "stage", "background": {"kind": "colour", "colour": colour}})
            )
        await until_event(client, "stage", background={"kind": "colour", "colour": colour})
        assert (await http.patch(url, json={"background": BLUE})).status_code == 200
        await until_top(client, 2)
        after = (await http.get(f"/v1/sessions/{session}/stats")).json()["engine"]
        assert after["frames_rendered"] > before["frames_rendered"]
        # The newest wish counts: most of the 150 were never built, however slow the machine.
        shown = [event for event in client.events if json.loads(event)["type"] == "stage"]
        assert len(shown) < 50
        engine = app.state.services.backend._engine._engine
        assert len(engine._renderers) <= 8
        await http.delete(f"/v1/sessions/{session}")
        assert (await http.patch(url, json={"background": RED})).status_code == 410
    assert "stage" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_reply_and_first_event_disclose_the_same(http: httpx.AsyncClient) -> None:
    client = Client()
    told = (await http.post("/v1/sessions", json={})).json()["disclosure"]
    assert told["mark"]["text"] == "AI-generated" and told["consent"] is None
    async with live(http, client):
        await client.video.at_least(3)
        first = json.loads(client.events[0])
        assert first == {"type": "disclosure", **told}


async def test_the_mark_is_in_the_pictures_unless_the_owner_switches_it_off() -> None:
    seen = []
    for mark in (True, False):
        given = replace(LOOPBACK, disclosure=DisclosureSettings(mark=mark, corner="top-right"))
        async with serve(create_app(given, real_backend(given), page=False)) as http:
            client = Client()
            async with live(http, client):
                await client.video.at_least(10)
            frame = client.video.frames[-1][1].to_ndarray(format="rgb24").astype(float)
            seen.append(frame[16:36, 150:240].mean(2))
    with_, without = (np.abs(np.diff(part, axis=1)).mean() for part in seen)
    assert with_ > 2 * without


async def test_the_strip_of_a_probe_and_the_mark_do_not_meet(http: httpx.AsyncClient) -> None:
    from server.probe import read

    client = Client()
    async with live(http, client, probe=True):
        await client.video.at_least(20)
    read_ = [read(f.to_ndarray(format="gray")) for _, f in client.video.frames[-10:]]
    assert all(stamp is not None for stamp in read_)
