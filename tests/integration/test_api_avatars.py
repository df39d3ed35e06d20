"""Photos sent to a real server: avatars come and go, and everything wrong is told and left out."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from engines.avatars.consent import EXAMPLE
from engines.avatars.shelf import Shelf
from engines.avatars.store import default_store
from server.app import create_app
from server.backend import EngineBackend, avatar_store
from server.settings import AvatarSettings, RtcSettings, ServerSettings, SessionSettings, Settings
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer
from tests.support.live_server import serve
from tests.support.sample_avatar import sample
from tests.unit.engines.avatars.people import photo
from tests.unit.engines.avatars.pictures import (
    CMYK_JPEG,
    bomb,
    encode,
    jpeg_bomb,
    turned,
    webp_bomb,
)

BUILT_IN = default_store().names()[0]
TEXTS = {"consent_statement": EXAMPLE, "consent_by": "Zoe", "name": "zoe", "title": "Zoe"}


def settings(folder: Path, **server: Any) -> Settings:
    return Settings(
        server=ServerSettings(**server),
        session=SessionSettings(max_sessions=2, size=256),
        rtc=RtcSettings(bind_addresses=("127.0.0.1",)),
        avatars=AvatarSettings(user_folder=str(folder)),
    )


def app_of(given: Settings) -> Any:
    backend = EngineBackend(
        given,
        store=avatar_store(given),
        load_motion=FakeMotionModel,
        renderer_factory=FakeRenderer,
    )
    return create_app(given, backend, page=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


@pytest.fixture
async def http(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(app_of(settings(folder))) as client:
        yield client


async def post(http: httpx.AsyncClient, image: bytes, path: str = "", **change: str) -> Any:
    texts = {key: value for key, value in {**TEXTS, **change}.items() if value}
    files = {"image": ("a.jpg", io.BytesIO(image))}
    return await http.post(f"/v1/avatars{path}", files=files, data=texts, timeout=60)


def left_in(folder: Path) -> list[str] | None:
    """Names in it; None when it was never made."""
    return [path.name for path in folder.iterdir()] if folder.exists() else None


async def test_from_a_photo_to_a_session_to_nothing(http: httpx.AsyncClient, folder: Path) -> None:
    assert (await http.get("/v1/avatars")).json()["uploads"] is True
    reply = await post(http, photo())
    assert reply.status_code == 201, reply.text
    assert reply.headers["location"] == "/v1/avatars/zoe"
    body = reply.json()
    assert (body["title"], body["user"]) == ("Zoe", True)
    assert (body["consent"]["by"], body["consent"]["statement"]) == ("Zoe", EXAMPLE)
    assert body["consent"]["given"].endswith("+00:00")
    listed = await http.get("/v1/avatars")
    assert "zoe" in [row["name"] for row in listed.json()["avatars"]]
    assert EXAMPLE not in listed.text
    portrait = await http.get(body["portrait"])
    assert (
        portrait.content.startswith(b"\xff\xd8") and "no-store" in portrait.headers["cache-control"]
    )

    film = await http.get(body["preview"])
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")
    assert film.headers["cache-control"] == "no-store" and film.content[4:8] == b"ftyp"
    part = await http.get(body["preview"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, part.content) == (206, film.content[:100])

    session = (await http.post("/v1/sessions", json={"avatar": "zoe"})).json()
    assert session["disclosure"]["synthetic"] is True
    used = await http.delete("/v1/avatars/zoe")
    assert (used.status_code, used.json()["error"]["code"]) == (409, "avatar_in_use")
    await http.delete(f"/v1/sessions/{session['id']}")

    assert (await http.delete("/v1/avatars/zoe")).status_code == 204
    assert left_in(folder) == []
    for path in ("", "/portrait.jpg", "/preview.mp4"):
        path = f"/v1/avatars/zoe{path}"
        assert (await http.get(path)).status_code == 404
    assert (await http.delete("/v1/avatars/zoe")).status_code == 404


async def test_a_check_keeps_nothing(http: httpx.AsyncClient, folder: Path) -> None:
    files = {"image": photo()}
    reply = await http.post("/v1/avatars/check", files=files, timeout=60)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["problem"] is None and len(body["faces"]) == 1 and len(body["outlines"]) == 3
    assert body["crop"] == pytest.approx([0, 0, 1, 1], abs=0.04)
    assert left_in(folder) is None


def pair() -> bytes:
    return encode(np.hstack([sample().portrait, sample().portrait]), ".jpg")


def small() -> bytes:
    from engines.render.cv import cv2

    out = np.full((400, 400, 3), 128, np.uint8)
    out[100:228, 100:228] = cv2.resize(sample().portrait, (128, 128))
    return encode(out)


def noise() -> bytes:
    picture = np.random.default_rng(3).integers(0, 255, (400, 400, 3), np.uint8)
    return encode(picture, ".jpg")


BAD: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "not an image": (b"hello", {}, 415, "no_image"),
    "empty": (b"", {}, 415, "no_image"),
    "50 megapixels": (bomb(10_000, 5_000), {}, 413, "image_too_large"),
    "50 megapixels, JPEG": (jpeg_bomb(10_000, 5_000), {}, 413, "image_too_large"),
    "268 megapixels, WebP": (webp_bomb(16_384, 16_384), {}, 413, "image_too_large"),
    "65535 x 65535, GIF": (b"GIF89a" + b"\xff" * 99, {}, 415, "image_kind"),
    "TIFF": (b"II*\0" + bytes(99), {}, 415, "image_kind"),
    "AVIF": (b"\0\0\0\x18ftypavif" + bytes(99), {}, 415, "image_kind"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", {}, 415, "image_kind"),
    "HEIC": (b"\0\0\0\x18ftypheic" + bytes(99), {}, 415, "image_kind"),
    "truncated": (photo()[:-5000], {}, 422, "image_truncated"),
    "damaged": (bomb(400, 400), {}, 422, "image_damaged"),
    "small CMYK": (CMYK_JPEG, {}, 422, "image_too_small"),
    "no face": (noise(), {}, 422, "no_face"),
    "several faces": (pair(), {}, 422, "several_faces"),
    "small face": (small(), {}, 422, "face_too_small"),
    "very dark": (encode((sample().portrait // 14).astype(np.uint8)), {}, 422, ""),
    "on its side": (turned(photo(), 6), {}, 422, ""),
    "path": (photo(), {"name": "../evil"}, 422, "bad_name"),
    "NUL": (photo(), {"name": "a\0b"}, 422, "bad_name"),
    "lookalike": (photo(), {"name": "z\u043ee"}, 422, "bad_name"),
    "device": (photo(), {"name": "nul"}, 422, "bad_name"),
    "controls in the title": (photo(), {"title": "Zo\u202ee"}, 422, "bad_title"),
    "no such face": (photo(), {"face": "5"}, 422, "no_such_face"),
    "face that is no number": (photo(), {"face": "first"}, 400, "bad_form"),
    "long name": (photo(), {"name": "a" * 41}, 422, "bad_name"),
    "built-in": (photo(), {"name": BUILT_IN}, 403, "built_in"),
    "title": (photo(), {"title": "x" * 99}, 422, "bad_title"),
    "no consent": (photo(), {"consent_statement": ""}, 422, "bad_consent"),
    "strange field": (photo(), {"naem": "x"}, 400, "bad_form"),
}


def unusual() -> dict[str, bytes]:
    picture = sample().portrait
    clear = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    sideways = np.ascontiguousarray(np.rot90(picture))
    return {
        "16 bits": encode(picture.astype(np.uint16) * 257),
        "alpha": encode(clear),
        "WebP": encode(picture, ".webp", 64, 90),
        "turned by Exif": turned(encode(sideways, ".jpg", 1, 95), 6),
    }


@pytest.mark.parametrize("kind", ["16 bits", "alpha", "WebP", "turned by Exif"])
async def test_uncommon_but_good_photos_are_taken(http: httpx.AsyncClient, kind: str) -> None:
    files = {"image": unusual()[kind]}
    reply = await http.post("/v1/avatars/check", files=files, timeout=60)
    assert reply.status_code == 200 and reply.json()["problem"] is None, reply.text
    assert reply.json()["width"] == reply.json()["height"] == 512


@pytest.mark.parametrize("kind", BAD)
async def test_bad_input_is_told_with_its_remedy_and_leaves_nothing(
    http: httpx.AsyncClient, folder: Path, kind: str
) -> None:
    image, change, status, code = BAD[kind]
    reply = await post(http, image, **change)
    error = reply.json()["error"]
    assert reply.status_code == status, error
    assert error["code"] == (code or error["code"])
    assert error["message"] and error["hint"]
    assert not left_in(folder)
    assert (await http.get("/readyz")).status_code == 200


async def test_what_is_no_form_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/avatars", json={})).status_code == 415
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = await http.post("/v1/avatars", content=b"--x\r\nhello", headers=broken)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_form")


async def test_too_many_bytes_are_refused_by_their_declared_length(
    http: httpx.AsyncClient,
) -> None:
    host, port = http.base_url.host, http.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        b"POST /v1/avatars HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    async with asyncio.timeout(60):
        assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_name_that_is_taken(http: httpx.AsyncClient, folder: Path) -> None:
    assert (await post(http, photo())).status_code == 201
    reply = await post(http, photo())
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "name_taken")
    assert Shelf(folder).names() == ["zoe"]
    assert (await post(http, photo(), name="")).json()["name"] == "zoe-2"


async def test_built_in_avatars_stay(http: httpx.AsyncClient) -> None:
    other = default_store().names()[1]
    reply = await http.delete(f"/v1/avatars/{other}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "built_in")
    assert (await http.get(f"/v1/avatars/{other}")).json()["user"] is False


async def test_pages_of_other_sites_change_nothing(http: httpx.AsyncClient) -> None:
    http.headers["Origin"] = "https://evil.example"
    for reply in (await post(http, photo()), await http.delete("/v1/avatars/zoe")):
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "foreign_origin")


async def test_a_server_open_to_others_takes_no_photos_unless_told(folder: Path) -> None:
    async with serve(app_of(settings(folder, host="0.0.0.0"))) as http:
        reply = await post(http, photo())
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "uploads_off")
        assert (await http.get("/v1/avatars")).json()["uploads"] is False


async def test_the_loop_goes_on_while_a_photo_is_worked_on(http: httpx.AsyncClient) -> None:
    making = asyncio.create_task(post(http, photo()))
    worst = 0.0
    while not making.done():
        before = time.thread_time()
        await asyncio.sleep(0.005)
        worst = max(worst, time.thread_time() - before)
    assert making.result().status_code == 201
    assert worst < 0.3
