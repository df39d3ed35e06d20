"""Telling a face over HTTP and over the event channel; a fake backend writes it down."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Manner, Say
from server.app import create_app
from server.settings import Settings
from tests.support.fake_backend import FakeBackend
from tests.support.live_server import GOOD_OFFER


@pytest.fixture
async def home() -> AsyncIterator[tuple[httpx.AsyncClient, FakeBackend]]:
    backend = FakeBackend()
    app = create_app(Settings(), backend)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        yield http, backend


async def session(http: httpx.AsyncClient, connect: bool = True) -> str:
    name = str((await http.post("/v1/sessions", json={})).json()["id"])
    if connect:
        body = {"sdp": GOOD_OFFER, "type": "offer"}
        assert (await http.post(f"/v1/sessions/{name}/offer", json=body)).is_success
    return name


Home = tuple[httpx.AsyncClient, FakeBackend]


async def test_what_is_told_reaches_the_face(home: Home) -> None:
    http, backend = home
    name = await session(http)
    for body in ({"type": "action", "name": "nod"}, {"type": "transcript", "text": "hello"}):
        assert (await http.post(f"/v1/sessions/{name}/tell", json=body)).status_code == 204
    assert backend.made[-1].wishes == [Act("nod"), Say("hello")]


async def test_before_the_offer_it_is_kept_but_not_without_end(home: Home) -> None:
    http, backend = home
    name = await session(http, connect=False)
    for i in range(40):
        body = {"type": "transcript", "text": str(i)}
        assert (await http.post(f"/v1/sessions/{name}/tell", json=body)).status_code == 204
    offer = {"sdp": GOOD_OFFER, "type": "offer"}
    await http.post(f"/v1/sessions/{name}/offer", json=offer)
    assert backend.made[-1].wishes == [Say(str(i)) for i in range(24, 40)]


async def test_a_face_may_begin_with_a_feeling_and_a_manner(home: Home) -> None:
    http, backend = home
    asked = {"emotion": {"label": "joy", "intensity": 0.5}, "manner": {"dials": {"gaze": 1}}}
    name = str((await http.post("/v1/sessions", json=asked)).json()["id"])
    for i in range(40):
        await http.post(f"/v1/sessions/{name}/tell", json={"type": "transcript", "text": str(i)})
    await http.post(f"/v1/sessions/{name}/offer", json={"sdp": GOOD_OFFER, "type": "offer"})
    begun = backend.made[-1].wishes[:3]
    assert begun == [Feel(EmotionOverride("joy", intensity=0.5)), Manner({"gaze": 1.0}), Say("24")]


@pytest.mark.parametrize(
    "asked",
    [
        {"emotion": {"label": "hunger"}},
        {"emotion": {"label": "joy", "intensity": 2}},
        {"emotion": {"label": "joy", "strength": 1}},
        {"emotion": "joy"},
        {"emotion": {"type": "manner"}},
        {"manner": {"dials": {"wings": 1}}},
        {"manner": {"temperature": -1}},
    ],
)
async def test_a_session_with_a_wrong_beginning_is_not_made(
    home: Home, asked: dict[str, object]
) -> None:
    http, _ = home
    reply = await http.post("/v1/sessions", json=asked)
    assert reply.status_code == 422
    assert reply.json()["error"]["message"]


async def test_the_event_channel_takes_the_same(home: Home) -> None:
    http, backend = home
    await session(http)
    media = backend.made[-1]
    media.events.heard({"type": "emotion", "label": "joy"})
    media.events.heard({"type": "emotion", "label": "glee"})
    media.events.heard({"type": "action"})
    media.events.heard({"type": "subscribe", "motion": True})
    media.events.heard({"type": "nonsense"})
    assert media.wishes == [Feel(EmotionOverride("joy"))]
    assert [event["code"] for event in media.told[1:]] == ["invalid_request", "unknown_message"]
    assert {event["type"] for event in media.told} == {"warning"}
    assert media.subscribed


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "action", "name": "fly"}, 422),
        ({"type": "emotion", "label": "joy", "intensity": 7}, 422),
        ({"type": "x"}, 422),
        ([], 422),
    ],
)
async def test_bad_tellings_are_told(home: Home, body: object, status: int) -> None:
    http, backend = home
    name = await session(http)
    reply = await http.post(f"/v1/sessions/{name}/tell", json=body)
    assert reply.status_code == status and reply.json()["error"]["message"]
    assert backend.made[-1].wishes == []


async def test_an_ended_session_is_gone(home: Home) -> None:
    http, _ = home
    name = await session(http)
    await http.delete(f"/v1/sessions/{name}")
    reply = await http.post(f"/v1/sessions/{name}/tell", json={"type": "action", "name": "nod"})
    assert reply.status_code == 410
    unknown = await http.post("/v1/sessions/nobody/tell", json={"type": "action", "name": "nod"})
    assert unknown.status_code == 404


async def test_markers_in_words_are_done_and_the_choice_comes_back(home: Home) -> None:
    http, backend = home
    await session(http)
    media = backend.made[-1]
    media.events.heard({"type": "emotion", "label": "joy"})
    media.events.heard({"type": "transcript", "text": "[sadly][nods] No."})
    sad = EmotionOverride("sadness", intensity=0.8)
    assert media.wishes[1:] == [Say("No."), Feel(sad), Act("nod")]
    media.events.interrupted()
    assert media.wishes[-1] == Feel(EmotionOverride("joy"))
