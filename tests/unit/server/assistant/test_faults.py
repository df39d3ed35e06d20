"""What providers do wrong, in words; and time limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.assistant.faults import MAX_RETRY_S, Fault, refused, retry_after, seconds_of, timed


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e99", MAX_RETRY_S),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_nothing(header: str | None, wanted: float | None) -> None:
    assert seconds_of(header) == wanted
    assert refused("llm", 429, header).retry_s == wanted


def test_a_header_is_found_whatever_its_case() -> None:
    assert retry_after({"RETRY-after": "3"}) == "3"
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (403, "unauthorized"), (404, "unknown"), (503, "broken")],
)
def test_a_status_has_a_name(status: int, code: str) -> None:
    fault = refused("tts", status)
    assert fault.code == f"tts_{code}"
    assert str(status) in fault.message
    assert fault.event()["type"] == "warning"


async def test_each_piece_must_come_in_time_and_the_source_is_closed() -> None:
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    got = []
    with pytest.raises(Fault) as caught:
        async for piece in timed(source(), 0.01, "llm"):
            got.append(piece)
    assert (got, caught.value.code, closed) == ([1], "llm_timeout", [True])


async def test_closing_closes_the_source() -> None:
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    pieces = timed(source(), 5, "llm")
    assert await anext(pieces) == 1
    await pieces.aclose()
    assert closed == [True]
