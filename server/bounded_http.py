"""An HTTP transport whose replies end: more bytes than allowed, or compressed ones, are an error.

Runs on the event loop; imported only where the extra `llm` is installed.
Never follows, retries or decodes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of one reply, of which no more than `limit` are passed on."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int) -> None:
        self._inner = inner
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces as they come. Raises httpx2.ReadError past the limit."""
        async for piece in self._inner:
            self._left -= len(piece)
            if self._left < 0:
                raise httpx2.ReadError("the reply is larger than allowed")
            yield piece

    async def aclose(self) -> None:
        """Close the connection's side of it."""
        await self._inner.aclose()


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Any transport, its replies bounded to `limit` bytes of body."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, limit: int) -> None:
        self._inner = inner
        self._limit = limit

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send. Raises httpx2.ReadError when the reply is compressed: it could unpack endlessly."""
        reply = await self._inner.handle_async_request(request)
        if reply.headers.get("content-encoding", "identity").lower() != "identity":
            await reply.aclose()
            raise httpx2.ReadError("the reply is compressed")
        assert isinstance(reply.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            reply.status_code,
            headers=reply.headers,
            stream=BoundedStream(reply.stream, self._limit),
            extensions=reply.extensions,
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._inner.aclose()
