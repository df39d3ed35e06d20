"""What every HTTP request passes: a body limit enforced while it streams in, and safe headers.

Runs on the event loop, as plain ASGI around the app.
Never parses a body and never keeps more of it than the limit.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import error_body

PASS_OVER_S = 5.0
"""Longest wait for a body that will be refused."""
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
    b"connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    b"worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
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


_NONE = re.compile("(?!)")


@dataclass(frozen=True, slots=True)
class Larger:
    """Requests whose bodies may be larger, by how much, and how many such at a time."""

    requests: re.Pattern[str]
    """Of `METHOD path`, matched as a whole."""
    limit: int
    timeout_s: float
    setting: str
    at_a_time: int = 4


class BodyLimit:
    """Reads at most `limit` bytes of a body, then hands the request on whole."""

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        timeout_s: float = BODY_TIMEOUT_S,
        larger: Larger | None = None,
    ) -> None:
        self._app = app
        self._usual = Larger(
            _NONE, limit, timeout_s, "the limit is the setting server.max_body_bytes"
        )
        self._larger = larger or self._usual
        self._large_now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, 408 or 503 itself, else call the app with the body replayed."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        if not self._larger.requests.fullmatch(f"{scope['method']} {scope['path']}"):
            await self._pass(scope, receive, send, self._usual)
            return
        if self._large_now >= self._larger.at_a_time:
            await _pass_over(receive, self._larger.limit)
            await _refuse(send, 503, self._larger)
            return
        self._large_now += 1
        try:
            await self._pass(scope, receive, send, self._larger)
        finally:
            self._large_now -= 1

    async def _pass(self, scope: Scope, receive: Receive, send: Send, rule: Larger) -> None:
        if _declared_length(scope) > rule.limit:
            await _refuse(send, 413, rule)
            return
        try:
            async with asyncio.timeout(rule.timeout_s):
                body = await self._read(receive, rule.limit)
        except TimeoutError:
            await _refuse(send, 408, rule)
            return
        if body is None:
            return
        if len(body) > rule.limit:
            await _refuse(send, 413, rule)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive, limit: int) -> bytes | None:
        """The body, cut just above the limit; None when the client has gone."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit or not message.get("more_body", False):
                return bytes(body)


async def _pass_over(receive: Receive, limit: int) -> None:
    """Take a body and forget it: who is still sending as the connection ends reads no answer."""
    passed = 0
    try:
        async with asyncio.timeout(PASS_OVER_S):
            while passed <= limit:
                message = await receive()
                passed += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return  # Too slow to be told: the connection is closed on it.


async def _refuse(send: Send, status: int, rule: Larger) -> None:
    errors = {
        413: error_body(
            "body_too_large",
            f"the body is larger than {rule.limit} bytes",
            f"send less; {rule.setting}",
        ),
        408: error_body(
            "body_too_slow", f"the body did not come within {rule.timeout_s:g} s", "send again"
        ),
        503: error_body("busy", "other photos are being sent", "try again in 5 s"),
    }
    body = json.dumps(errors[status]).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of the body is not read: the connection cannot be used again.
        (b"connection", b"close"),
    ]
    if status == 503:
        headers.append((b"retry-after", b"5"))
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
