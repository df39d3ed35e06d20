"""What every HTTP request passes: a body limit enforced while it streams in, and safe headers.

Runs on the event loop, as plain ASGI around the app.
Never parses a body and never keeps more of it than the limit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import error_body

BODY_TIMEOUT_S = 10.0
"""A body of at most 64 KiB takes longer only from a client that holds the socket on purpose."""

SAFE_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self)"),
)
PAGE_POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; "
    b"connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; script-src 'self' blob:; "
    b"worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""For the project's own pages; /docs starts its script inline and has none."""


class SafeHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add what the answer lacks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                have = {name for name, _ in headers}
                headers += [(name, value) for name, value in SAFE_HEADERS if name not in have]
                if not path.startswith(("/docs", "/redoc")):
                    headers.append((b"content-security-policy", PAGE_POLICY))
                if path.startswith("/v1/sessions"):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Reads at most `limit` bytes of a body, then hands the request on whole."""

    def __init__(self, app: ASGIApp, limit: int, timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._limit = limit
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 408 itself, else call the app with the body replayed."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > self._limit:
            await self._refuse(send, 413)
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await self._read(receive)
        except TimeoutError:
            await self._refuse(send, 408)
            return
        if body is None:
            return
        if len(body) > self._limit:
            await self._refuse(send, 413)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, cut just above the limit; None when the client has gone."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._limit or not message.get("more_body", False):
                return bytes(body)

    async def _refuse(self, send: Send, status: int) -> None:
        if status == 413:
            error = error_body(
                "body_too_large",
                f"the body is larger than {self._limit} bytes",
                "send less; the limit is the setting server.max_body_bytes",
            )
        else:
            error = error_body(
                "body_too_slow", f"the body did not come within {self._timeout_s:g} s", "send again"
            )
        body = json.dumps(error).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            # The rest of the body is not read: the connection cannot be used again.
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            # More than 18 digits is larger than any limit; int() of a long one would be slow.
            return int(value[:18])
    return 0


def _replay(body: bytes, receive: Receive) -> Receive:
    """First the whole body, then whatever the connection says (a disconnect)."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
