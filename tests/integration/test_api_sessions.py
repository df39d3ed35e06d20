"""The session routes over a real socket, with fakes behind them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from server.admission import Machine
from server.app import create_app
from server.session_states import Ending
from server.settings import (
    IceServer,
    RtcSettings,
    ServerSettings,
    SessionSettings,
    Settings,
)
from tests.support.fake_backend import FakeBackend, FakeMedia, FakeStore
from tests.support.live_server import GOOD_OFFER, serve


@dataclass
class Api:
    """A running server and what lies behind it."""

    http: httpx.AsyncClient
    backend: FakeBackend

    async def create(self, **fields: object) -> str:
        reply = await self.http.post("/v1/sessions", json=fields)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    async def offer(self, session_id: str, sdp: str = GOOD_OFFER) -> httpx.Response:
        return await self.http.post(
            f"/v1/sessions/{session_id}/offer", json={"sdp": sdp, "type": "offer"}
        )


SETTINGS = Settings(
    session=SessionSettings(max_sessions=3),
    rtc=RtcSettings(ice_servers=(IceServer(("turn:turn.example.org",), "ann", "secret"),)),
)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    backend = FakeBackend(store=FakeStore(("ada", "ben", "broken"), damaged="broken"))
    async with serve(create_app(SETTINGS, backend, page=False)) as http:
        yield Api(http, backend)
    assert backend.stops == 1


def error_of(reply: httpx.Response) -> dict[str, str]:
    """The error, checked for its shape."""
    body = reply.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "hint"}
    assert body["error"]["message"]
    error: dict[str, str] = body["error"]
    return error


async def test_a_session_is_created_offered_looked_at_and_ended(api: Api) -> None:
    created = await api.http.post("/v1/sessions", json={"avatar": "ben", "seed": 7, "size": 256})
    assert created.status_code == 201
    body = created.json()
    assert created.headers["location"] == f"/v1/sessions/{body['id']}"
    assert (body["avatar"], body["seed"], body["size"], body["voice"]) == ("ben", 7, 256, "mirror")
    assert body["state"] == "created"
    assert 0 < body["expires_in_s"] <= body["limits"]["offer_timeout_s"]
    assert body["ice_servers"] == [
        {"urls": ["turn:turn.example.org"], "username": "ann", "credential": "secret"}
    ]

    answer = await api.offer(body["id"])
    assert answer.status_code == 201
    assert answer.json() == {"sdp": "v=0\r\ns=answer\r\n", "type": "answer"}

    api.backend.made[0].events.connected()
    stats = await api.http.get(f"/v1/sessions/{body['id']}/stats")
    assert stats.json()["state"] == "live"
    assert stats.json()["fake"] == 1

    assert (await api.http.delete(f"/v1/sessions/{body['id']}")).status_code == 204
    assert api.backend.made[0].closed == 1
    gone = await api.http.get(f"/v1/sessions/{body['id']}")
    assert gone.status_code == 410
    assert "client hung up" in error_of(gone)["message"]
    assert (await api.http.delete(f"/v1/sessions/{body['id']}")).status_code == 204


async def test_an_sdp_offer_is_answered_as_whip(api: Api) -> None:
    session = await api.create()
    answer = await api.http.post(
        f"/v1/sessions/{session}/offer",
        content=GOOD_OFFER,
        headers={"Content-Type": "application/sdp"},
    )
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/sdp")
    assert answer.headers["location"] == f"/v1/sessions/{session}"
    assert answer.headers["etag"]
    assert answer.headers["link"] == (
        '<turn:turn.example.org>; rel="ice-server"; username="ann"; credential="secret"; '
        'credential-type="password"'
    )
    assert answer.text == "v=0\r\ns=answer\r\n"


async def test_candidates_trickle_in_both_kinds(api: Api) -> None:
    session = await api.create()
    line = "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host"
    before = await api.http.patch(f"/v1/sessions/{session}", json={"candidates": []})
    assert (before.status_code, error_of(before)["code"]) == (409, "no_offer")
    await api.offer(session)
    rows = [{"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd"}]
    for path in (f"/v1/sessions/{session}", f"/v1/sessions/{session}/offer"):
        reply = await api.http.patch(path, json={"candidates": rows})
        assert reply.status_code == 204, reply.text
    fragment = f"a=ice-ufrag:abcd\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na={line}\r\n"
    kind = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": '"x"'}
    reply = await api.http.patch(f"/v1/sessions/{session}", content=fragment, headers=kind)
    assert reply.status_code == 204
    assert api.backend.made[0].candidates == [(line, "0", 0)] * 3

    restart = fragment.replace("abcd", "efgh")
    reply = await api.http.patch(f"/v1/sessions/{session}", content=restart, headers=kind)
    assert (reply.status_code, error_of(reply)["code"]) == (405, "no_ice_restart")


async def test_a_beacon_with_any_body_ends_the_session(api: Api) -> None:
    for body, kind in ((b"", "text/plain"), (b"\xff\x00{", "application/x-foo")):
        session = await api.create()
        reply = await api.http.post(
            f"/v1/sessions/{session}/close", content=body, headers={"Content-Type": kind}
        )
        assert reply.status_code == 204
        assert (await api.http.get(f"/v1/sessions/{session}")).status_code == 410


async def test_a_machine_at_its_limit_promises_no_time(api: Api) -> None:
    # Two fit on two cores by engine time; a third is refused although three places are set.
    api.backend.measured = Machine(cores=2, step_512_s=0.015)
    assert (await api.http.get("/v1/capabilities")).json()["max_sessions"] == 2
    await api.create()
    assert (await api.http.get("/readyz")).json()["sessions_max"] == 2
    await api.create()
    refused = await api.http.post("/v1/sessions", json={})
    assert (refused.status_code, error_of(refused)["code"]) == (503, "server_full")
    assert "retry-after" not in refused.headers
    assert "try again" not in error_of(refused)["hint"]
    ready = await api.http.get("/readyz")
    assert ready.status_code == 503
    text = (await api.http.get("/metrics")).text
    assert 'avatar_admission_rejected_total{reason="engine"} 1.0' in text
    assert "avatar_sessions_active 2.0" in text


async def test_a_second_offer_is_refused_and_the_session_stays(api: Api) -> None:
    session = await api.create()
    await api.offer(session)
    api.backend.made[0].events.connected()
    second = await api.offer(session)
    assert (second.status_code, error_of(second)["code"]) == (409, "already_offered")
    assert (await api.http.get(f"/v1/sessions/{session}")).json()["state"] == "live"
    assert len(api.backend.made) == 1


async def test_of_two_offers_at_once_one_is_answered(api: Api) -> None:
    session = await api.create()
    replies = await asyncio.gather(api.offer(session), api.offer(session))
    assert sorted(reply.status_code for reply in replies) == [201, 409]
    assert len(api.backend.made) == 1


async def test_a_session_ended_while_its_offer_is_answered_leaves_nothing(api: Api) -> None:
    hang = asyncio.Event()
    answering = asyncio.Event()

    def prepare(media: FakeMedia) -> None:
        media.hang_on_answer = hang
        answering.set()

    api.backend.prepare = prepare
    session = await api.create()
    offer = asyncio.create_task(api.offer(session))
    await answering.wait()
    assert (await api.http.delete(f"/v1/sessions/{session}")).status_code == 204
    hang.set()
    assert (await offer).status_code == 410
    assert api.backend.made[0].closed == 1


async def test_the_peer_lost_ends_the_session_with_its_reason(api: Api) -> None:
    session = await api.create()
    await api.offer(session)
    api.backend.made[0].events.connected()
    api.backend.made[0].events.ended(Ending.LOST, "consent expired")
    gone = await api.http.get(f"/v1/sessions/{session}")
    assert gone.status_code == 410
    assert "connection was lost (consent expired)" in error_of(gone)["message"]
    assert api.backend.made[0].told[-1]["type"] == "closed"
    assert 'avatar_sessions_total{result="lost"} 1.0' in (await api.http.get("/metrics")).text


async def test_a_damaged_avatar_costs_no_place(api: Api) -> None:
    reply = await api.http.post("/v1/sessions", json={"avatar": "broken"})
    assert (reply.status_code, error_of(reply)["code"]) == (500, "damaged_avatar")
    assert (await api.http.get("/v1/capabilities")).json()["active_sessions"] == 0


async def test_avatars_and_portraits(api: Api) -> None:
    rows = (await api.http.get("/v1/avatars")).json()["avatars"]
    assert [row["name"] for row in rows] == ["ada", "ben", "broken"]
    assert [row["default"] for row in rows] == [True, False, False]
    portrait = await api.http.get(rows[0]["portrait"])
    assert portrait.headers["content-type"] == "image/jpeg"
    assert portrait.content.startswith(b"\xff\xd8")


async def test_capabilities_health_and_description(api: Api) -> None:
    body = (await api.http.get("/v1/capabilities")).json()
    assert (body["fps"], body["hop_ms"], body["lookahead_ms"]) == (25, 40.0, 80.0)
    assert body["max_sessions"] == 3
    assert len(body["motion_names"]) == 58
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    assert (await api.http.get("/readyz")).status_code == 200
    schema = (await api.http.get("/openapi.json")).json()
    text = json.dumps(schema)
    for name in text.split('"#/components/schemas/')[1:]:
        assert name.split('"')[0] in schema["components"]["schemas"]
    page = await api.http.get("/docs")
    assert page.status_code == 200
    assert "content-security-policy" not in page.headers
    # Works without a network: everything it loads is ours.
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded and all(path.startswith("/") for path in loaded)
    for path in loaded:
        assert (await api.http.get(path)).status_code == 200


async def test_answers_carry_safe_headers_and_no_cors(api: Api) -> None:
    reply = await api.http.get("/healthz", headers={"Origin": "https://evil.example"})
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors" in reply.headers["content-security-policy"]
    assert "access-control-allow-origin" not in reply.headers
    session = await api.create()
    reply = await api.http.get(f"/v1/sessions/{session}")
    assert reply.headers["cache-control"] == "no-store"


async def test_cors_when_it_is_set() -> None:
    settings = Settings(server=ServerSettings(cors_origins=("https://app.example",)))
    async with serve(create_app(settings, FakeBackend(), page=False)) as http:
        reply = await http.get("/healthz", headers={"Origin": "https://app.example"})
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        assert "Location" in reply.headers["access-control-expose-headers"]
        reply = await http.get("/healthz", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in reply.headers
