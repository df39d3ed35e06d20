"""What the session routes add to the sessions: kinds, defaults, mapping of faults.

The whole way over a socket is in tests/integration/test_api_*.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from engines.avatars.consent import BadConsent, Consent, give
from server.app import create_app
from server.doors.answers import links
from server.routes.sessions import consent_given
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
    assert first["disclosure"]["synthetic"] is True and first["disclosure"]["notice"]
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
    assert links(IceServer(("stun:a", "stun:b"))) == [
        '<stun:a>; rel="ice-server"',
        '<stun:b>; rel="ice-server"',
    ]
    assert 'credential-type="password"' in links(IceServer(("turn:a",), "u", "c"))[0]


async def test_a_refused_restart_says_that_candidates_are_taken(running: Any) -> None:
    http, _ = running
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    await http.post(f"/v1/sessions/{session}/offer", json={"sdp": GOOD_OFFER, "type": "offer"})
    kind = {"Content-Type": "application/trickle-ice-sdpfrag"}
    url = f"/v1/sessions/{session}"
    reply = await http.patch(url, content="a=ice-ufrag:efgh\r\n", headers=kind)
    assert reply.status_code == 405
    assert "PATCH" in reply.headers["Allow"]


class OneShelf:
    """A shelf with one avatar, and a record of consent as given."""

    def __init__(self, consent: Consent | Exception | None) -> None:
        self._consent = consent

    def names(self) -> list[str]:
        """One."""
        return ["ann"]

    def consent(self, name: str) -> Consent | None:
        """As given."""
        if isinstance(self._consent, Exception):
            raise self._consent
        return self._consent


def test_of_a_consent_only_the_time_is_known() -> None:
    given = give("I agree to be shown.", "Ann", b"photo")
    assert consent_given(cast(Any, OneShelf(given)), "ann") == given.when
    assert consent_given(cast(Any, OneShelf(given)), "aria") is None
    assert consent_given(cast(Any, OneShelf(None)), "ann") is None
    assert consent_given(cast(Any, OneShelf(BadConsent("torn"))), "ann") is None


async def test_an_unknown_size_is_told_with_those_there_are(running: Any) -> None:
    http, _ = running
    reply = await http.post("/v1/sessions", json={"size": 640})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "unknown_size")
    assert "768, 1024" in reply.json()["error"]["message"]
    assert (await http.post("/v1/sessions", json={"size": 1024})).json()["size"] == 1024


async def test_who_draws_is_told_and_may_be_asked_for(running: Any) -> None:
    http, backend = running

    async def created(**asked: object) -> Any:
        return await http.post("/v1/sessions", json=asked)

    refused = await created(renderer="diffusion")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_renderer")
    assert (await created(renderer="oil")).status_code == 422
    backend.renderer = "diffusion"
    assert (await created()).json()["renderer"] == "diffusion"
    assert (await created(renderer="motion-frame")).json()["renderer"] == "motion-frame"
    can = (await http.get("/v1/capabilities")).json()
    assert can["renderers"] == ["diffusion", "motion-frame"]
