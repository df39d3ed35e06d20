"""The list of avatars and their portraits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from server.app import create_app
from server.settings import AvatarSettings, Settings
from tests.support.fake_backend import FakeBackend, FakeStore


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    backend = FakeBackend(store=FakeStore(("ada", "ben", "cid"), damaged="cid"))
    app = create_app(Settings(avatars=AvatarSettings(default="ben")), backend, page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def test_each_row_has_what_a_page_shows(http: httpx.AsyncClient) -> None:
    rows = (await http.get("/v1/avatars")).json()["avatars"]
    assert rows[1] == {
        "name": "ben",
        "title": "Somebody",
        "credit": "made for tests",
        "portrait": "/v1/avatars/ben/portrait.jpg",
        "default": True,
        "user": False,
        "preview": None,
        "attributes": {},
        "paste": {},
    }
    assert [row["default"] for row in rows] == [False, True, False]


async def test_a_portrait_may_be_kept_by_the_browser(http: httpx.AsyncClient) -> None:
    reply = await http.get("/v1/avatars/ada/portrait.jpg")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/jpeg")
    assert "max-age" in reply.headers["cache-control"]


@pytest.mark.parametrize(
    ("name", "status"), [("nobody", 404), ("..%2f..%2fsecret", 404), ("cid", 500)]
)
async def test_what_is_not_there_is_told(http: httpx.AsyncClient, name: str, status: int) -> None:
    reply = await http.get(f"/v1/avatars/{name}/portrait.jpg")
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


async def test_an_avatar_without_a_film_says_so(http: httpx.AsyncClient) -> None:
    reply = await http.get("/v1/avatars/ada/preview.mp4")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "no_preview")
    assert (await http.get("/v1/avatars/nobody/preview.mp4")).status_code == 404
    assert (await http.get("/v1/avatars/ada")).json()["consent"] is None
