"""WHEP over the app; peers are real and nobody connects."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from server.app import create_app
from server.settings import SessionSettings, Settings
from tests.support.fake_backend import FakeBackend
from tests.support.live_server import GOOD_OFFER

SPEAKS = GOOD_OFFER.replace("a=sendrecv", "a=sendonly")
WATCHES = GOOD_OFFER.replace("a=sendrecv", "a=recvonly")
VIDEO = WATCHES.replace("m=audio", "m=video").replace("opus/48000/2", "VP8/90000")
SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(session=SessionSettings(max_sessions=2)), FakeBackend(), page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made


async def post(http: httpx.AsyncClient, url: str, sdp: str = WATCHES) -> httpx.Response:
    return await http.post(url, content=sdp, headers=SDP)


async def test_who_knows_the_watch_path_looks_on_and_no_more(http: httpx.AsyncClient) -> None:
    made = (await http.post("/v1/sessions", json={})).json()
    reply = await post(http, made["watch"])
    assert reply.status_code == 201, reply.text
    assert "a=sendonly" in reply.text
    location = reply.headers["location"]
    # Nothing in the answer leads back to the session.
    assert made["id"] not in str(reply.headers) + reply.text
    assert (await http.get(location)).status_code == 204
    assert (await http.delete(location)).status_code == 200
    assert (await http.delete(location)).status_code == 404
    assert (await http.get(f"/v1/sessions/{made['id']}")).status_code == 200


@pytest.mark.parametrize("sdp", [VIDEO, WATCHES, GOOD_OFFER])
async def test_sound_or_picture_alone_will_do(http: httpx.AsyncClient, sdp: str) -> None:
    made = (await http.post("/v1/sessions", json={})).json()
    reply = await post(http, made["watch"], sdp)
    assert reply.status_code == 201, reply.text
    assert "a=sendonly" in reply.text


async def test_a_channel_with_nobody_on_it(http: httpx.AsyncClient) -> None:
    reply = await post(http, "/whep/studio")
    assert (reply.status_code, reply.headers["retry-after"]) == (404, "5")
    await post(http, "/whip/studio", SPEAKS)
    assert (await post(http, "/whep/studio")).status_code == 201


async def test_viewers_are_bounded_and_what_is_wrong_is_told(http: httpx.AsyncClient) -> None:
    made = (await http.post("/v1/sessions", json={"voice": "push"})).json()
    url = f"/v1/sessions/{made['id']}/whep"
    assert (await post(http, url, SPEAKS)).status_code == 406
    assert (await post(http, url, "hello")).status_code == 400
    assert (await post(http, url, WATCHES.replace("audio", "application"))).status_code == 400
    for _ in range(2):
        assert (await post(http, url)).status_code == 201
    full = await post(http, url)
    assert (full.status_code, full.json()["error"]["code"]) == (503, "viewers_full")
    assert full.headers["retry-after"] == "10"
    assert (await http.get(f"/v1/sessions/{made['id']}")).status_code == 200
    await http.delete(f"/v1/sessions/{made['id']}")
    assert (await post(http, url)).status_code == 410


async def test_trickle_knows_its_own_kind_only(http: httpx.AsyncClient) -> None:
    made = (await http.post("/v1/sessions", json={})).json()
    reply = await post(http, made["watch"])
    key = reply.headers["location"].rpartition("/")[2]
    headers = {
        "Content-Type": "application/trickle-ice-sdpfrag",
        "If-Match": reply.headers["etag"],
    }
    body = "a=ice-ufrag:abcd\r\na=mid:0\r\na=end-of-candidates\r\n"
    good = await http.patch(f"/whep/r/{key}", content=body, headers=headers)
    assert good.status_code == 204
    assert (await http.patch(f"/whip/r/{key}", content=body, headers=headers)).status_code == 404
    assert (await http.delete(f"/whip/r/{key}")).status_code == 404


async def test_options(http: httpx.AsyncClient) -> None:
    reply = await http.options("/whep/studio")
    assert (reply.status_code, reply.headers["accept-post"]) == (200, "application/sdp")
    assert (await http.get("/whep/studio")).status_code == 204
