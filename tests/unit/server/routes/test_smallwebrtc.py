"""Pipecat's SmallWebRTC shape over the app; the real client is in tests/e2e/test_clients.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.settings import (
    DoorSettings,
    IceServer,
    RtcSettings,
    SessionSettings,
    Settings,
)
from tests.support.fake_backend import FakeBackend
from tests.support.live_server import GOOD_OFFER

ROW = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdp_mid": "0"}


@pytest.fixture
async def running() -> AsyncIterator[tuple[httpx.AsyncClient, FakeBackend]]:
    backend = FakeBackend()
    rtc = RtcSettings(ice_servers=(IceServer(("turn:t",), "ann", "pw"), IceServer(("stun:s",))))
    settings = Settings(session=SessionSettings(max_sessions=2), rtc=rtc)
    app = create_app(settings, backend, page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield http, backend


def offer(**more: Any) -> dict[str, Any]:
    return {"sdp": GOOD_OFFER, "type": "offer", "pc_id": None, "restart_pc": False} | more


async def test_an_offer_makes_a_session_and_candidates_follow(running: Any) -> None:
    http, backend = running
    asked = offer(requestData={"avatar": "ben", "size": 256}, something="else")
    reply = await http.post("/api/offer", json=asked)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert (body["type"], body["sdp"]) == ("answer", "v=0\r\ns=answer\r\n")
    assert (backend.made[0].plan.avatar, backend.made[0].plan.size) == ("ben", 256)
    more = {"pc_id": body["pc_id"], "candidates": [ROW]}
    assert (await http.patch("/api/offer", json=more)).json() == {"status": "success"}
    assert backend.made[0].candidates == [(ROW["candidate"], "0", None)]
    bad = {"pc_id": body["pc_id"], "candidates": [{"candidate": "bad"}]}
    assert (await http.patch("/api/offer", json=bad)).status_code == 400
    assert (await http.patch("/api/offer", json=more | {"pc_id": "x"})).status_code == 404


async def test_start_gives_a_session_and_its_own_url(running: Any) -> None:
    http, backend = running
    started = (await http.post("/start", json={"body": {"avatar": "ben"}, "x": 1})).json()
    assert started["iceConfig"]["iceServers"] == [
        {"urls": ["turn:t"], "username": "ann", "credential": "pw"},
        {"urls": ["stun:s"]},
    ]
    url = f"/sessions/{started['sessionId']}/api/offer"
    early = await http.patch(url, json={"pc_id": started["sessionId"], "candidates": [ROW]})
    assert early.status_code == 409
    reply = await http.post(url, json=offer())
    assert reply.json()["pc_id"] == started["sessionId"]
    assert backend.made[0].plan.avatar == "ben"
    assert (await http.post(url, json=offer())).status_code == 409
    assert (await http.post("/sessions/nobody/api/offer", json=offer())).status_code == 404
    assert (await http.post("/start")).status_code == 200


async def test_a_restart_is_a_session_like_the_one_before(running: Any) -> None:
    http, backend = running
    first = (await http.post("/api/offer", json=offer(requestData={"avatar": "ben"}))).json()
    again = await http.post("/api/offer", json=offer(pc_id=first["pc_id"]))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_offered")
    # Also when the server has noticed already that the old one is lost.
    for _ in range(2):
        asked = offer(pc_id=first["pc_id"], restart_pc=True)
        second = (await http.post("/api/offer", json=asked)).json()
        assert second["pc_id"] != first["pc_id"]
        assert backend.made[-1].plan.avatar == "ben"
        await http.delete(f"/v1/sessions/{second['pc_id']}")
    assert backend.made[0].closed == 1


async def test_a_restart_of_what_nobody_knows_begins_anew(running: Any) -> None:
    http, _ = running
    reply = await http.post("/api/offer", json=offer(pc_id="of another server", restart_pc=True))
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        (offer(type="answer"), 400),
        (offer(sdp="hello"), 400),
        (offer(requestData={"avatr": "ben"}), 422),
        (offer(requestData={"avatar": "nobody"}), 404),
        (offer(requestData=7), 422),
        (offer(pc_id="x" * 999), 422),
    ],
)
async def test_bad_offers_leave_no_session(running: Any, body: object, status: int) -> None:
    http, _ = running
    reply = await http.post("/api/offer", json=body)
    assert reply.status_code == status, reply.text
    assert set(reply.json()) == {"error"}
    for _ in range(2):
        assert (await http.post("/start")).status_code == 200


async def test_too_many_candidates_and_other_bodies(running: Any) -> None:
    http, _ = running
    many = {"pc_id": "x", "candidates": [ROW] * 33}
    assert (await http.patch("/api/offer", json=many)).status_code == 422
    assert (await http.post("/api/offer", content="x")).status_code == 415
    assert (await http.post("/start", content="x")).status_code == 415


async def test_the_token_guards_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "s3cret")
    settings = Settings(doors=DoorSettings(token_env="DOOR_TOKEN"))
    app = create_app(settings, FakeBackend(), page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            assert (await http.post("/start")).status_code == 401
            assert (await http.post("/api/offer", json=offer())).status_code == 401
            given = {"Authorization": "Bearer s3cret"}
            assert (await http.post("/start", headers=given)).status_code == 200
