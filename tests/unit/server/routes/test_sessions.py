"""What the session routes add to the sessions: kinds, defaults, mapping of faults.

The whole way over a socket is in tests/integration/test_api_*.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.routes.sessions import _links, _same_site
from server.rtc.addresses import NoFreePort
from server.settings import IceServer, SessionSettings, Settings
from tests.support.fake_backend import FakeBackend, FakeMedia
from tests.support.live_server import GOOD_OFFER


@pytest.fixture
async def running() -> AsyncIterator[tuple[httpx.AsyncClient, FakeBackend]]:
    backend = FakeBackend()
    settings = Settings(session=SessionSettings(size=384, max_sessions=2))
    app = create_app(settings, backend, page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield http, backend


async def test_what_is_left_out_takes_the_settings_or_chance(running: Any) -> None:
    http, _ = running
    first = (await http.post("/v1/sessions", headers={"Content-Type": "application/json"})).json()
    second = (await http.post("/v1/sessions", json={"avatar": "ben"})).json()
    assert (first["size"], first["avatar"], first["voice"]) == (384, "ada", "mirror")
    assert first["seed"] != second["seed"]
    assert second["avatar"] == "ben"
    assert first["limits"]["max_push_message_bytes"] == 1 << 20


async def test_a_full_server_loads_no_avatar(running: Any) -> None:
    http, backend = running
    for _ in range(2):
        await http.post("/v1/sessions", json={})
    assert (await http.post("/v1/sessions", json={"avatar": "ben"})).status_code == 503
    assert "ben" not in backend.store.loads


async def test_an_answer_is_no_offer(running: Any) -> None:
    http, _ = running
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    body = {"sdp": GOOD_OFFER, "type": "answer"}
    reply = await http.post(f"/v1/sessions/{session}/offer", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_offer")
    # It was refused before it touched the session.
    assert (await http.get(f"/v1/sessions/{session}")).json()["state"] == "created"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (NoFreePort("no UDP port is free in 40000-40001"), 503, "no_free_port"),
        (TimeoutError(), 504, "answer_timeout"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
async def test_faults_of_the_server_are_told_as_such(
    running: Any, fault: Exception, status: int, code: str
) -> None:
    http, backend = running

    async def answer(sdp: str) -> str:
        raise fault

    def prepare(media: FakeMedia) -> None:
        media.answer = answer  # type: ignore[method-assign]

    backend.prepare = prepare
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    body = {"sdp": GOOD_OFFER, "type": "offer"}
    reply = await http.post(f"/v1/sessions/{session}/offer", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert "secret" not in reply.text
    assert (await http.get(f"/v1/sessions/{session}")).status_code == 410
    await http.delete(f"/v1/sessions/{session}")
    assert backend.made[0].closed == 1


async def test_stats_before_the_offer_are_short(running: Any) -> None:
    http, _ = running
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    stats = (await http.get(f"/v1/sessions/{session}/stats")).json()
    assert set(stats) == {"state", "life_s"}


def test_links_carry_credentials_only_where_there_are_some() -> None:
    assert _links(IceServer(("stun:a", "stun:b"))) == [
        '<stun:a>; rel="ice-server"',
        '<stun:b>; rel="ice-server"',
    ]
    assert 'credential-type="password"' in _links(IceServer(("turn:a",), "u", "c"))[0]


class Socket:
    """Headers of a websocket request."""

    def __init__(self, **headers: str) -> None:
        self.headers = headers


@pytest.mark.parametrize(
    ("origin", "allowed", "good"),
    [
        (None, (), True),
        ("http://here:8000", (), True),
        ("https://here:8000", (), True),
        ("https://evil.example", (), False),
        ("null", (), False),
        ("https://app.example", ("https://app.example",), True),
        ("https://evil.example", ("*",), True),
    ],
)
def test_which_pages_may_open_a_websocket(
    origin: str | None, allowed: tuple[str, ...], good: bool
) -> None:
    headers = {"host": "here:8000"} | ({} if origin is None else {"origin": origin})
    socket: Any = Socket(**headers)
    assert _same_site(socket, allowed) is good
