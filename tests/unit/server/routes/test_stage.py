"""The stage over HTTP: what is answered to what; a fake backend shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from engines.render.backdrops import BACKDROPS
from engines.render.stage import Image, Stage
from server.app import create_app
from server.settings import SessionSettings, Settings
from server.stage_wishes import StageChange
from tests.support.fake_backend import FakeBackend, FakeMedia
from tests.support.live_server import GOOD_OFFER

GREEN = {"kind": "colour", "colour": "#00b140"}
PHOTO: dict[str, Any] = {"background": {"kind": "photo"}, "framing": "shoulders", "mirrored": False}


def png(width: int = 300, height: int = 200, grey: int = 50) -> bytes:
    done, data = cv2.imencode(".png", np.full((height, width, 3), grey, np.uint8))
    assert done
    return bytes(data.tobytes())


class Home:
    """A running app, its client and its fake backend."""

    def __init__(self, http: httpx.AsyncClient, backend: FakeBackend) -> None:
        self.http, self.backend = http, backend

    async def session(self, *, connect: bool = False, **wishes: Any) -> str:
        reply = await self.http.post("/v1/sessions", json=wishes)
        assert reply.status_code == 201, reply.text
        name = str(reply.json()["id"])
        if connect:
            body = {"sdp": GOOD_OFFER, "type": "offer"}
            assert (await self.http.post(f"/v1/sessions/{name}/offer", json=body)).is_success
        return name

    def change(self, session: str, **fields: Any) -> Any:
        return self.http.patch(f"/v1/sessions/{session}/stage", json=fields)

    def give(self, session: str, data: bytes) -> Any:
        headers = {"Content-Type": "image/png"}
        return self.http.put(f"/v1/sessions/{session}/stage/image", content=data, headers=headers)

    @property
    def media(self) -> FakeMedia:
        return self.backend.made[-1]


async def running(settings: Settings) -> AsyncIterator[Home]:
    backend = FakeBackend()
    app = create_app(settings, backend, page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield Home(http, backend)


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    async for made in running(Settings(session=SessionSettings(size=256, max_sessions=8))):
        yield made


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


async def test_by_default_the_portrait_is_as_it_is(home: Home) -> None:
    reply = (await home.http.post("/v1/sessions", json={})).json()
    assert reply["stage"] == PHOTO


async def test_a_session_is_made_and_built_on_its_stage(home: Home) -> None:
    wish = {"background": GREEN, "framing": "head", "mirrored": True}
    session = await home.session(stage=wish)
    assert (await home.http.get(f"/v1/sessions/{session}")).json()["stage"] == wish
    # Changed before the offer: built with the last wish, nothing has to be brought on later.
    assert (await home.change(session, mirrored=False)).json() == {**wish, "mirrored": False}
    body = {"sdp": GOOD_OFFER, "type": "offer"}
    await home.http.post(f"/v1/sessions/{session}/offer", json=body)
    assert home.media.plan.stage.framing == "head" and not home.media.plan.stage.mirrored
    assert home.media.shown == []


async def test_a_change_while_it_runs_is_shown_before_it_is_answered(home: Home) -> None:
    session = await home.session(connect=True)
    reply = await home.change(session, background=GREEN)
    assert (reply.status_code, reply.json()["background"]) == (200, GREEN)
    assert len(home.media.shown) == 1
    assert home.media.told[-1]["type"] == "stage"
    assert (await home.http.get(f"/v1/sessions/{session}")).json()["stage"] == reply.json()


async def test_a_change_while_it_connects_waits_for_the_media(home: Home) -> None:
    session = await home.session()
    built, go = asyncio.Event(), asyncio.Event()
    build = home.backend.build
    manager = home.http._transport.app.state.services.manager  # type: ignore[attr-defined]

    async def slow(plan: Any, events: Any) -> FakeMedia:
        built.set()
        await go.wait()
        return await build(plan, events)

    manager.get(session)._factory = slow
    staging = manager.get(session).staging
    change, wished = staging.change, asyncio.Event()

    def wish(fields: StageChange) -> None:
        change(fields)
        wished.set()

    staging.change = wish
    body = {"sdp": GOOD_OFFER, "type": "offer"}
    offering = asyncio.create_task(home.http.post(f"/v1/sessions/{session}/offer", json=body))
    await built.wait()
    changing = asyncio.create_task(home.change(session, background=GREEN))
    await wished.wait()
    go.set()
    assert (await changing).status_code == 200
    assert (await offering).status_code == 201
    assert len(home.media.shown) == 1 and home.media.plan.stage == Stage()


async def test_a_thousand_changes_build_a_few_and_end_with_the_last(home: Home) -> None:
    session = await home.session(connect=True)
    colours = [f"#{number % 256:02x}{number // 256:02x}00" for number in range(1000)]
    replies = await asyncio.gather(
        *(home.change(session, background={"kind": "colour", "colour": c}) for c in colours)
    )
    assert {reply.status_code for reply in replies} == {200}
    now = (await home.http.get(f"/v1/sessions/{session}")).json()["stage"]
    assert now["background"]["colour"] == replies[-1].json()["background"]["colour"]
    assert len(home.media.shown) < 100
    await home.http.delete(f"/v1/sessions/{session}")
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "stage"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"background": {"kind": "colour", "colour": "green"}}, "background"),
        ({"background": {"kind": "backdrop", "name": "moon"}}, "studio-light"),
        ({"background": {"kind": "moon"}}, "background"),
        ({"background": {"kind": "blur", "strength": 7}}, "strength"),
        ({"framing": "feet"}, "framing"),
        ({"mirrored": "yes"}, "mirrored"),
        ({"zoom": 3}, "zoom"),
    ],
)
async def test_a_wrong_wish_is_422_and_changes_nothing(
    home: Home, fields: dict[str, Any], said: str
) -> None:
    assert (await home.http.post("/v1/sessions", json={"stage": fields})).status_code == 422
    session = await home.session()
    reply = await home.change(session, **fields)
    assert code(reply) == (422, "invalid_request")
    assert said in reply.json()["error"]["message"]
    assert (await home.http.get(f"/v1/sessions/{session}")).json()["stage"] == PHOTO


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1e999", b"\xff\xff", b"[" * 9000])
async def test_what_is_no_object_is_4xx(home: Home, body: bytes) -> None:
    session = await home.session()
    headers = {"Content-Type": "application/json"}
    reply = await home.http.patch(f"/v1/sessions/{session}/stage", content=body, headers=headers)
    assert reply.status_code in (400, 422)
    reply = await home.http.patch(f"/v1/sessions/{session}/stage", content=body)
    assert code(reply) == (415, "unsupported_media_type")


async def test_of_a_session_that_is_over_or_never_was(home: Home) -> None:
    session = await home.session(connect=True)
    await home.http.delete(f"/v1/sessions/{session}")
    assert code(await home.change(session, mirrored=True)) == (410, "session_closed")
    assert code(await home.give(session, png())) == (410, "session_closed")
    assert code(await home.change("nobody", mirrored=True)) == (404, "unknown_session")
    assert code(await home.give("nobody", png())) == (404, "unknown_session")


async def test_a_session_that_ends_while_its_stage_is_built(home: Home) -> None:
    session = await home.session(connect=True)
    home.media.hang_on_show = asyncio.Event()
    changing = asyncio.create_task(home.change(session, background=GREEN))
    await home.media.show_begun.wait()
    await home.http.delete(f"/v1/sessions/{session}")
    assert code(await changing) == (410, "session_closed")
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "stage"]


async def test_a_stage_that_cannot_be_built_is_500_and_the_session_goes_on(home: Home) -> None:
    session = await home.session(connect=True)
    home.media.fail_on = "show"
    reply = await home.change(session, background=GREEN)
    assert code(reply) == (500, "stage_failed")
    assert (await home.http.get(f"/v1/sessions/{session}")).json()["stage"] == PHOTO
    home.media.fail_on = ""
    assert (await home.change(session, background=GREEN)).status_code == 200


async def test_a_picture_of_ones_own_is_shown_kept_and_forgotten(home: Home) -> None:
    session = await home.session(connect=True)
    wish = {"background": {"kind": "image"}}
    assert code(await home.change(session, **wish)) == (409, "no_image")
    reply = await home.give(session, png(grey=50))
    assert (reply.status_code, reply.json()["background"]) == (200, {"kind": "image"})
    shown = home.media.shown[-1].background
    assert isinstance(shown, Image) and (shown.pixels == 50).all()
    assert shown.pixels.shape == (256, 256, 3)
    await home.change(session, background=GREEN)
    assert (await home.change(session, **wish)).json()["background"] == {"kind": "image"}
    manager = home.http._transport.app.state.services.manager  # type: ignore[attr-defined]
    staging = manager.get(session).staging
    await home.http.delete(f"/v1/sessions/{session}")
    assert staging._own is None
    assert code(await home.change(await home.session(), **wish)) == (409, "no_image")
    assert (await home.http.post("/v1/sessions", json={"stage": wish})).status_code == 409


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"", 415, "no_image"),
        (b"hello", 415, "no_image"),
        (b"GIF89a" + bytes(200), 415, "image_kind"),
        (png()[:100], 422, "image_truncated"),
        (png(20, 20), 422, "image_too_small"),
    ],
)
async def test_what_is_no_picture_is_told(home: Home, data: bytes, status: int, said: str) -> None:
    session = await home.session(connect=True)
    reply = await home.give(session, data)
    assert code(reply) == (status, said)
    assert reply.json()["error"]["hint"]
    assert home.media.shown == []


async def test_a_giant_picture_is_refused_before_it_is_decoded(home: Home) -> None:
    session = await home.session()
    # A header that announces 50,000 x 50,000 pixels, in 100 bytes.
    bomb = bytearray(png())
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    assert code(await home.give(session, bytes(bomb))) == (413, "image_too_large")
    assert code(await home.give(session, bytes(33 * 2**20))) == (413, "body_too_large")


async def test_an_owner_may_forbid_pictures() -> None:
    settings = Settings(session=SessionSettings(own_backgrounds=False))
    async for home in running(settings):
        assert code(await home.give(await home.session(), png())) == (403, "own_backgrounds_off")
        told = (await home.http.get("/v1/capabilities")).json()
        assert told["own_backgrounds"] is False


async def test_what_there_is_is_told_with_small_pictures(home: Home) -> None:
    told = (await home.http.get("/v1/capabilities")).json()
    assert told["backdrops"] == list(BACKDROPS) and told["framings"] == ["shoulders", "head"]
    assert told["sizes"] == [256, 384, 512, 768, 1024] and told["own_backgrounds"] is True
    for name in BACKDROPS:
        reply = await home.http.get(f"/v1/backdrops/{name}.jpg")
        assert reply.headers["content-type"] == "image/jpeg"
        assert len(reply.content) < 20_000
    assert code(await home.http.get("/v1/backdrops/moon.jpg")) == (404, "unknown_backdrop")
    assert (await home.http.get("/v1/backdrops/..%2f..%2fetc.jpg")).status_code == 404


async def test_the_description_names_the_models(home: Home) -> None:
    schema = (await home.http.get("/openapi.json")).json()
    assert "StageChange" in schema["components"]["schemas"]
    assert "/v1/sessions/{session_id}/stage" in schema["paths"]
