"""RFC 9725, sentence by sentence, over the app; peers are real and nobody connects."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from server.app import create_app
from server.settings import (
    DoorSettings,
    IceServer,
    RtcSettings,
    ServerSettings,
    SessionSettings,
    Settings,
)
from tests.support.fake_backend import FakeBackend
from tests.support.live_server import GOOD_OFFER

SPEAKS = GOOD_OFFER.replace("a=sendrecv", "a=sendonly")
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = "application/trickle-ice-sdpfrag"
CANDIDATE = "a=candidate:1 1 udp 2122260223 127.0.0.1 61764 typ host"
PAGE = "https://page.example.org"
SETTINGS = Settings(
    server=ServerSettings(cors_origins=(PAGE,)),
    session=SessionSettings(max_sessions=1),
    rtc=RtcSettings(ice_servers=(IceServer(("turn:turn.example.org",), "ann", "pw"),)),
)


async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, FakeBackend(), page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async for made in client(SETTINGS):
        yield made


async def post(http: httpx.AsyncClient, url: str = "/whip", sdp: str = SPEAKS) -> httpx.Response:
    return await http.post(url, content=sdp, headers=SDP)


async def test_created_with_all_that_a_client_needs(http: httpx.AsyncClient) -> None:
    reply = await post(http)
    assert reply.status_code == 201, reply.text
    assert reply.headers["content-type"] == "application/sdp"
    assert reply.headers["location"].startswith("/whip/r/")
    tag = reply.headers["etag"]
    assert tag[0] == tag[-1] == '"' and not tag.startswith("W/")
    assert reply.headers["accept-patch"] == FRAGMENT
    links = reply.headers.get_list("link")
    assert any('<turn:turn.example.org>; rel="ice-server"' in each for each in links)
    assert any("/whep/w." in each for each in links)
    assert "a=recvonly" in reply.text
    assert reply.headers["cache-control"] == "no-store"


async def test_a_full_server_says_when_to_come_again(http: httpx.AsyncClient) -> None:
    first = await post(http)
    full = await post(http)
    assert full.status_code == 503
    # Nobody knows when the one there will end.
    assert (await http.delete(first.headers["location"])).status_code == 200
    assert (await post(http)).status_code == 201


@pytest.mark.parametrize("wrong", [{}, {"Content-Type": "application/json"}])
async def test_another_kind_of_body_is_415(http: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    assert (await http.post("/whip", content=SPEAKS, headers=wrong)).status_code == 415


@pytest.mark.parametrize(
    ("sdp", "status"),
    [
        ("", 400),
        ("hello", 400),
        (SPEAKS.replace("a=fingerprint", "a=finger"), 400),
        (GOOD_OFFER.replace("a=sendrecv", "a=recvonly"), 406),
        (SPEAKS.replace("opus/48000/2", "l16/44100/2"), 406),
        (SPEAKS + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendonly\r\n", 406),
        ("x" * 100_000, 413),
        ("v=0\r\n" * 5000, 400),
    ],
)
async def test_a_bad_offer_leaves_no_session(
    http: httpx.AsyncClient, sdp: str, status: int
) -> None:
    reply = await post(http, sdp=sdp)
    assert reply.status_code == status, reply.text
    assert reply.json()["error"]["message"]
    # The one place is free again.
    assert (await post(http)).status_code == 201


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("avatar=nobody", 404),
        ("size=3", 422),
        ("size=huge", 422),
        ("seed=-1", 422),
        ("renderer=magic", 422),
        ("scene=" + "x" * 3000, 422),
    ],
)
async def test_bad_wishes_are_told(http: httpx.AsyncClient, query: str, status: int) -> None:
    reply = await post(http, f"/whip?{query}")
    assert reply.status_code == status
    assert set(reply.json()) == {"error"}


async def test_wishes_of_the_query_make_the_session(http: httpx.AsyncClient) -> None:
    reply = await post(http, "/whip/studio?avatar=ben&size=256&seed=7")
    assert reply.status_code == 201
    assert any("</whep/studio>" in link for link in reply.headers.get_list("link"))
    taken = await post(http, "/whip/studio")
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "channel_taken")
    assert (await post(http, "/whip/a%20b")).status_code == 422


async def trickle(
    http: httpx.AsyncClient, location: str, body: str, **headers: str
) -> httpx.Response:
    given = {"Content-Type": FRAGMENT} | {k.replace("_", "-"): v for k, v in headers.items()}
    return await http.patch(location, content=body, headers=given)


async def test_trickle_and_its_preconditions(http: httpx.AsyncClient) -> None:
    reply = await post(http)
    location, tag = reply.headers["location"], reply.headers["etag"]
    body = f"a=ice-ufrag:abcd\r\na=ice-pwd:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n{CANDIDATE}\r\n"
    good = await trickle(http, location, body, if_match=tag)
    assert (good.status_code, good.content) == (204, b"")
    assert "etag" not in good.headers
    assert (await trickle(http, location, body)).status_code == 428
    assert (await trickle(http, location, body, if_match='"other"')).status_code == 412
    assert (await trickle(http, location, body, if_match=f'"other", {tag}')).status_code == 204
    assert (await trickle(http, location, "hello", if_match=tag)).status_code == 400
    wrong = await http.patch(location, content=body, headers=SDP | {"If-Match": tag})
    assert wrong.status_code == 415
    # What cannot be reached is passed over, and the rest of the fragment counts.
    mdns = CANDIDATE.replace("127.0.0.1", "abc.local")
    assert (await trickle(http, location, body + mdns, if_match=tag)).status_code == 204
    many = body + "\r\n".join([CANDIDATE] * 40)
    assert (await trickle(http, location, many, if_match=tag)).status_code == 400


async def test_a_restart_is_422_and_leaves_the_ice_session(http: httpx.AsyncClient) -> None:
    reply = await post(http)
    location, tag = reply.headers["location"], reply.headers["etag"]
    fresh = "a=ice-ufrag:efgh\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n"
    for given in ("*", '"*"'):
        refused = await trickle(http, location, fresh, if_match=given)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_ice_restart")
    more = f"a=ice-ufrag:abcd\r\na=mid:0\r\n{CANDIDATE}\r\n"
    assert (await trickle(http, location, more, if_match=tag)).status_code == 204


async def test_delete_ends_it_whatever_tag_is_sent(http: httpx.AsyncClient) -> None:
    location = (await post(http)).headers["location"]
    gone = await http.delete(location, headers={"If-Match": '"other"'})
    assert (gone.status_code, gone.content) == (200, b"")
    for method in ("DELETE", "GET"):
        assert (await http.request(method, location)).status_code == 404
    assert (await trickle(http, location, CANDIDATE, if_match="x")).status_code == 404


async def test_other_methods_are_kept_for_later_versions(http: httpx.AsyncClient) -> None:
    location = (await post(http)).headers["location"]
    for url in ("/whip", "/whip/studio", location):
        assert (await http.get(url)).status_code == 204
        refused = await http.put(url, content="x")
        assert (refused.status_code, "Allow" in refused.headers) == (405, True)
    assert (await http.post(location, content=SPEAKS, headers=SDP)).status_code == 405
    assert (await http.patch("/whip", content="x")).status_code == 405


async def test_options_and_a_browsers_preflight(http: httpx.AsyncClient) -> None:
    reply = await http.options("/whip")
    assert (reply.status_code, reply.headers["accept-post"]) == (200, "application/sdp")
    assert "PATCH" in reply.headers["access-control-allow-methods"]
    assert "ice-server" in reply.headers["link"]
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    preflight = await http.options("/whip", headers=asks)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    made = await http.post("/whip", content=SPEAKS, headers=SDP | {"Origin": PAGE})
    exposed = made.headers["access-control-expose-headers"]
    assert {"Location", "ETag", "Link"} <= {name.strip() for name in exposed.split(",")}
    foreign = await http.options("/whip", headers=asks | {"Origin": "https://other.example.org"})
    assert "access-control-allow-origin" not in foreign.headers


async def test_a_token_guards_what_makes_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "s3cret")
    async for http in client(Settings(doors=DoorSettings(token_env="DOOR_TOKEN"))):
        for refused in (await post(http), await post(http, "/whep/x"), await http.options("/whip")):
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
        headers = SDP | {"Authorization": "Bearer s3cret"}
        made = await http.post("/whip", content=SPEAKS, headers=headers)
        assert made.status_code == 201
        # Its URL cannot be guessed, and needs none.
        assert (await http.delete(made.headers["location"])).status_code == 200


async def test_a_session_that_is_there_takes_one_microphone(http: httpx.AsyncClient) -> None:
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    reply = await post(http, f"/v1/sessions/{session}/whip")
    assert reply.status_code == 201
    assert (await post(http, f"/v1/sessions/{session}/whip")).status_code == 409
    assert (await http.delete(reply.headers["location"])).status_code == 200
    assert (await http.get(f"/v1/sessions/{session}")).status_code == 200
    await http.delete(f"/v1/sessions/{session}")
    assert (await post(http, f"/v1/sessions/{session}/whip")).status_code == 410
    assert (await post(http, "/v1/sessions/nobody/whip")).status_code == 404


async def test_pushed_speech_and_a_microphone_exclude_each_other(http: httpx.AsyncClient) -> None:
    session = (await http.post("/v1/sessions", json={"voice": "push"})).json()["id"]
    reply = await post(http, f"/v1/sessions/{session}/whip")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "wrong_voice")
