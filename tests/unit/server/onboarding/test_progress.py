"""Steps go out as they come; a client that leaves ends the work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request

from engines.avatars.onboard import FINDING, READING, Step
from server.errors import ApiError
from server.onboarding.progress import Steps, event, unless_gone, wants_events

Tell = Callable[[Step], Any]


def request(*messages: str, accept: str = "") -> Request:
    """One whose connection says `messages`, then nothing more."""
    waiting = [{"type": each} for each in messages]

    async def receive() -> dict[str, str]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("never")

    headers = [(b"accept", accept.encode())] if accept else []
    return Request({"type": "http", "headers": headers}, receive)


def parsed(sent: bytes) -> tuple[str, dict[str, Any]]:
    kind, data, *rest = sent.decode().split("\n")
    assert rest == ["", ""]
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/event-stream", True),
        ("application/json;q=0.5, Text/Event-Stream;q=1", True),
    ],
)
def test_events_only_for_who_asks(accept: str, wanted: bool) -> None:
    assert wants_events(request(accept=accept)) is wanted


def test_an_event_is_one_line_whatever_it_says() -> None:
    assert parsed(event("done", {"title": "a\nb\u2028"})) == ("done", {"title": "a\nb\u2028"})


async def test_steps_then_the_result() -> None:
    go = asyncio.Event()

    async def work(tell: Tell) -> dict[str, Any]:
        tell(READING)
        await go.wait()
        tell(FINDING)
        return {"name": "zoe"}

    steps = Steps(work)
    await steps.begun()
    events = steps.events()
    kind, data = parsed(await anext(events))
    assert (kind, data["code"], data["share"]) == ("step", "reading", 0)
    go.set()
    rest = [parsed(each) async for each in events]
    assert [kind for kind, _ in rest] == ["step", "done"]
    assert rest[-1][1] == {"name": "zoe"}


async def test_a_fault_before_the_first_step_is_an_answer_of_its_own() -> None:
    async def work(tell: Tell) -> dict[str, Any]:
        raise ApiError(503, "busy", "others", "later")

    with pytest.raises(ApiError) as caught:
        await Steps(work).begun()
    assert caught.value.status == 503


async def test_a_later_fault_is_the_last_event() -> None:
    async def work(tell: Tell) -> dict[str, Any]:
        tell(READING)
        raise ApiError(422, "no_face", "no face was found", "take another")

    steps = Steps(work)
    await steps.begun()
    rest = [parsed(each) async for each in steps.events()]
    assert rest[-1] == (
        "error",
        {
            "error": {"code": "no_face", "message": "no face was found", "hint": "take another"},
            "status": 422,
        },
    )


async def test_events_nobody_reads_end_the_work() -> None:
    ended = asyncio.Event()

    async def work(tell: Tell) -> dict[str, Any]:
        tell(READING)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return {}

    steps = Steps(work)
    await steps.begun()
    events = steps.events()
    await anext(events)
    await events.aclose()
    async with asyncio.timeout(60):
        await ended.wait()


async def test_a_client_that_leaves_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ApiError) as caught:
        await unless_gone(request("http.request", "http.disconnect"), work())
    assert caught.value.status == 499 and ended.is_set()


async def test_a_client_that_stays_gets_the_result() -> None:
    async def work() -> str:
        return "made"

    assert await unless_gone(request(), work()) == "made"
