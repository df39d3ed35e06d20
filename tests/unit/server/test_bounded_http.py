"""Replies end: too many bytes or compressed ones are errors."""

from __future__ import annotations

import pytest

httpx2 = pytest.importorskip("httpx2")
from server.bounded_http import BoundedTransport  # noqa: E402


async def get(body: bytes, limit: int, headers: dict[str, str] | None = None) -> bytes:
    async def pieces() -> object:
        for at in range(0, len(body), 10):
            yield body[at : at + 10]

    def answer(request: object) -> object:
        return httpx2.Response(200, headers=headers, content=pieces())

    transport = BoundedTransport(httpx2.MockTransport(answer), limit)
    async with httpx2.AsyncClient(transport=transport) as client:
        found: bytes = (await client.get("http://model/")).content
    return found


async def test_a_reply_within_the_limit_passes_whole() -> None:
    assert await get(b"x" * 100, 100) == b"x" * 100


async def test_a_larger_reply_is_an_error() -> None:
    with pytest.raises(httpx2.ReadError, match="larger"):
        await get(b"x" * 101, 100)


async def test_a_compressed_reply_is_an_error_before_it_unpacks() -> None:
    with pytest.raises(httpx2.ReadError, match="compressed"):
        await get(b"x", 100, {"Content-Encoding": "gzip"})
    assert await get(b"x", 100, {"Content-Encoding": "identity"}) == b"x"
