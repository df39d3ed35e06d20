"""The body limit and the safe headers, as plain ASGI."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from server.middleware import PAGE_POLICY, BodyLimit, Larger, SafeHeaders

LIMIT = 100


class Echo:
    """An app that answers with the body it got."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


def scope_of(method: str = "POST", length: str | None = None, path: str = "/x") -> Scope:
    headers = [] if length is None else [(b"content-length", length.encode())]
    return {"type": "http", "method": method, "path": path, "headers": headers}


async def ask(
    app: BodyLimit | SafeHeaders, scope: Scope, parts: Sequence[bytes], *, cut: bool = False
) -> list[Message]:
    """What the app sends for a body that comes in `parts`, the connection then `cut` or not."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": cut or index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    messages.append({"type": "http.disconnect"})
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_however_it_is_split_a_body_passes_whole_or_is_refused(parts: list[bytes]) -> None:
    echo = Echo()
    sent = asyncio.run(ask(BodyLimit(echo, LIMIT), scope_of(), parts))
    whole = b"".join(parts)
    if len(whole) <= LIMIT:
        assert echo.bodies == [whole]
    else:
        assert echo.bodies == []
        assert sent[0]["status"] == 413
        assert json.loads(sent[1]["body"])["error"]["code"] == "body_too_large"


async def test_a_declared_length_is_refused_before_anything_is_read() -> None:
    echo = Echo()
    for length in ("101", "9" * 5000):
        sent = await ask(BodyLimit(echo, LIMIT), scope_of(length=length), [])
        assert sent[0]["status"] == 413
        assert (b"connection", b"close") in sent[0]["headers"]
    assert echo.bodies == []


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyLimit(Echo(), LIMIT, timeout_s=0.01)(scope_of(), receive, send)
    assert sent[0]["status"] == 408


async def test_a_client_that_leaves_is_not_answered() -> None:
    echo = Echo()
    assert await ask(BodyLimit(echo, LIMIT), scope_of(), [b"x"], cut=True) == []
    assert echo.bodies == []


async def test_after_the_body_the_app_hears_of_the_disconnect() -> None:
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    await ask(BodyLimit(app, LIMIT), scope_of(), [b"x"])
    assert heard == ["http.request", "http.disconnect"]


async def test_what_has_no_body_passes_untouched() -> None:
    passed: list[Receive] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(receive)

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    for scope in (scope_of("GET", "500"), {"type": "websocket"}, {"type": "lifespan"}):
        await BodyLimit(app, LIMIT)(scope, receive, send)
    assert passed == [receive] * 3


async def test_every_answer_has_the_headers_and_the_docs_may_start_their_script() -> None:
    for path, policy in (("/v1/sessions/x", True), ("/", True), ("/docs", False)):
        sent = await ask(SafeHeaders(Echo()), scope_of(path=path), [b""])
        headers = dict(sent[0]["headers"])
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert (b"content-security-policy" in headers) is policy
        assert (b"cache-control" in headers) is path.startswith("/v1/sessions")


async def test_a_header_that_a_route_set_stays() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"x-frame-options", b"DENY")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    sent = await ask(SafeHeaders(app), scope_of(), [b""])
    assert [value for name, value in sent[0]["headers"] if name == b"x-frame-options"] == [b"DENY"]


async def test_websockets_pass_without_headers() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    assert await ask(SafeHeaders(app), {"type": "websocket"}, []) == []
    assert seen == [{"type": "websocket"}]


PHOTOS = Larger(
    requests=re.compile(r"POST /photos|PUT /s/[^/]+/image"),
    limit=2 * LIMIT,
    timeout_s=5,
    setting="x",
    at_a_time=1,
)


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/photos", 2 * LIMIT, 200),
        ("POST", "/photos", 2 * LIMIT + 1, 413),
        ("POST", "/photos/", 2 * LIMIT, 413),
        ("PUT", "/s/abc/image", 2 * LIMIT, 200),
        ("PUT", "/s/a/b/image", 2 * LIMIT, 413),
        ("PUT", "/photos", 2 * LIMIT, 413),
        ("POST", "/x", 2 * LIMIT, 413),
        ("DELETE", "/photos", 2 * LIMIT, 413),
    ],
)
async def test_some_paths_take_larger_bodies(
    method: str, path: str, size: int, status: int
) -> None:
    scope = scope_of(method=method, path=path)
    sent = await ask(BodyLimit(Echo(), LIMIT, larger=PHOTOS), scope, [bytes(size)])
    assert sent[0]["status"] == status


async def test_only_so_many_larger_bodies_at_a_time() -> None:
    limit = BodyLimit(Echo(), LIMIT, larger=PHOTOS)
    began, go = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        began.set()
        await go.wait()
        return {"type": "http.request", "body": b"x", "more_body": False}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    first = asyncio.create_task(limit(scope_of(path="/photos"), receive, send))
    await began.wait()
    assert (await ask(limit, scope_of(path="/photos"), [b"x"]))[0]["status"] == 503
    # A refused body is taken first: who is still sending would read a reset, not the answer.
    rest: list[Message] = [
        {"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)
    ]

    async def slowly() -> Message:
        assert not sent
        return rest.pop(0)

    await limit(scope_of(path="/photos"), slowly, send)
    assert not rest and sent.pop(0)["status"] == 503
    sent.clear()
    assert (await ask(limit, scope_of(path="/x"), [b"x"]))[0]["status"] == 200
    go.set()
    await first
    assert sent[0]["status"] == 200
    assert (await ask(limit, scope_of(path="/photos"), [b"x"]))[0]["status"] == 200


def test_only_our_own_files_run_as_scripts() -> None:
    rules = dict(rule.split(maxsplit=1) for rule in PAGE_POLICY.decode().split("; "))
    assert rules["script-src"] == rules["worker-src"] == "'self'"
