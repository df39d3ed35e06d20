"""Making an avatar over HTTP: its steps, clients that leave, many at once, a full disk, a kill."""

from __future__ import annotations

import asyncio
import errno
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from engines.avatars.bundle import load
from engines.avatars.consent import EXAMPLE
from engines.avatars.fit import fit
from engines.avatars.onboard import STEPS
from engines.avatars.shelf import Shelf
from tests.integration.test_api_avatars import app_of, left_in, settings
from tests.support.live_server import serve
from tests.support.server_process import ServerProcess
from tests.unit.engines.avatars.people import photo
from tests.unit.engines.avatars.pictures import scene

TEXTS = {"consent_statement": EXAMPLE, "name": "zoe"}
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


@pytest.fixture
async def http(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    # Long: a loaded machine must not turn one test into that of giving up.
    given = settings(folder)
    patient = replace(given, avatars=replace(given.avatars, upload_timeout_s=300.0))
    async with serve(app_of(patient)) as client:
        client.timeout = httpx.Timeout(300)
        yield client


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Set once the head is being fitted; which then waits for the second."""
    reached, go = threading.Event(), threading.Event()

    def slow(*args: Any, **named: Any) -> Any:
        reached.set()
        assert go.wait(60)
        return fit(*args, **named)

    monkeypatch.setattr("engines.avatars.onboard.fit", slow)
    return reached, go


async def until(check: Callable[[], bool]) -> None:
    # What is waited for happens on another thread, which knows no loop.
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in text.strip().split("\n\n"):
        kind, data = block.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_steps_then_the_avatar(http: httpx.AsyncClient, folder: Path) -> None:
    reply = await http.post("/v1/avatars", files={"image": photo()}, data=TEXTS, headers=EVENTS)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store"
    *steps, (last, body) = events(reply.text)
    assert [data["code"] for _, data in steps] == [step.code for step in STEPS]
    assert {kind for kind, _ in steps} == {"step"} and all(data["words"] for _, data in steps)
    assert last == "done" and body == (await http.get("/v1/avatars/zoe")).json()
    assert Shelf(folder).names() == ["zoe"]


async def test_what_is_wrong_is_the_last_event_or_a_status(
    http: httpx.AsyncClient, folder: Path
) -> None:
    files = {"image": encoded_scene()}
    reply = await http.post("/v1/avatars", files=files, data=TEXTS, headers=EVENTS)
    kind, data = events(reply.text)[-1]
    assert (kind, data["status"], data["error"]["code"]) == ("error", 422, "no_face")
    assert data["error"]["hint"]
    reply = await http.post(
        "/v1/avatars", files={"image": photo()}, data={"name": "zoe"}, headers=EVENTS
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "bad_consent")
    assert not left_in(folder)


def encoded_scene() -> bytes:
    from tests.unit.engines.avatars.pictures import encode

    return encode(scene(300, 300))


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["result", "steps"])
async def test_a_client_that_leaves_ends_the_work_and_leaves_nothing(
    http: httpx.AsyncClient,
    folder: Path,
    gate: tuple[threading.Event, threading.Event],
    headers: dict[str, str],
) -> None:
    reached, go = gate
    request = http.build_request(
        "POST", "/v1/avatars", files={"image": photo()}, data=TEXTS, headers=headers
    )
    body = request.read()
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    writer.write(f"POST /v1/avatars HTTP/1.1\r\n{head}\r\n".encode() + body)
    await until(reached.is_set)
    writer.close()
    await writer.wait_closed()
    # The server has taken note once it answers something asked for later.
    assert (await http.get("/healthz")).status_code == 200
    await asyncio.sleep(0.05)
    go.set()
    made = await http.post("/v1/avatars", files={"image": photo()}, data={**TEXTS, "name": "max"})
    assert made.status_code == 201
    assert left_in(folder) == ["max"]


async def test_a_client_that_leaves_in_mid_upload(http: httpx.AsyncClient, folder: Path) -> None:
    for _ in range(6):
        _, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
        writer.write(
            b"POST /v1/avatars HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n" + bytes(1000)
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    # Six are more than are taken at a time: none may still be counted.
    reply = await http.post("/v1/avatars", files={"image": photo()}, data=TEXTS)
    assert reply.status_code == 201, reply.text
    assert left_in(folder) == ["zoe"]


async def test_twenty_at_once_are_made_or_told_to_come_again(
    http: httpx.AsyncClient, folder: Path
) -> None:
    async def one(index: int) -> httpx.Response:
        texts = {**TEXTS, "name": f"zoe-{index}"}
        return await http.post("/v1/avatars", files={"image": photo()}, data=texts)

    replies = await asyncio.gather(*(one(index) for index in range(20)))
    made = [reply for reply in replies if reply.status_code == 201]
    refused = [reply for reply in replies if reply.status_code != 201]
    assert made and refused
    for reply in refused:
        assert reply.status_code == 503, reply.text
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json()["error"]["code"] == "busy"
    assert sorted(left_in(folder) or []) == sorted(reply.json()["name"] for reply in made)
    assert (await http.get("/readyz")).status_code == 200


async def test_two_of_one_name_at_once(http: httpx.AsyncClient, folder: Path) -> None:
    async def one() -> int:
        reply = await http.post("/v1/avatars", files={"image": photo()}, data=TEXTS)
        return reply.status_code

    assert sorted(await asyncio.gather(one(), one())) == [201, 409]
    assert left_in(folder) == ["zoe"]


async def test_a_full_disk(
    http: httpx.AsyncClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        reply = await http.post("/v1/avatars", files={"image": photo()}, data=TEXTS)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (507, "disk_full") and error["hint"]
    assert left_in(folder) == []
    again = await http.post("/v1/avatars", files={"image": photo()}, data=TEXTS)
    assert again.status_code == 201


async def test_a_slow_one_is_given_up_and_leaves_nothing(
    folder: Path, gate: tuple[threading.Event, threading.Event]
) -> None:
    given = settings(folder)
    short = replace(given, avatars=replace(given.avatars, upload_timeout_s=1.0))
    async with serve(app_of(short)) as http:
        reply = await http.post(
            "/v1/avatars", files={"image": photo()}, data=TEXTS, timeout=30, headers=EVENTS
        )
        kind, data = events(reply.text)[-1]
        assert (kind, data["error"]["code"]) == ("error", "too_slow")
        gate[1].set()
    assert not left_in(folder)


def test_killed_in_mid_write_and_started_again(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    given = {"SYNCHRORAMA_AVATARS_USER_FOLDER": str(folder)}
    with ServerProcess(tmp_path / "log", given) as server:
        for _ in range(2):
            saving = False
            with httpx.stream(
                "POST",
                f"{server.url}/v1/avatars",
                files={"image": photo()},
                data=TEXTS,
                headers=EVENTS,
                timeout=60,
            ) as reply:
                for line in reply.iter_lines():
                    if '"saving"' in line:
                        saving = True
                        server.kill()
                        break
            assert saving
            server.start()
            left = [path.name for path in folder.iterdir()] if folder.exists() else []
            assert left in ([], ["zoe"])
            for name in left:
                load(folder / name)
                Shelf(folder).remove(name)
