"""The speech socket against a scripted server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from synchrorama_client.errors import (
    AvatarError,
    ConnectionLost,
    Refused,
    SegmentOver,
    SessionClosed,
)
from synchrorama_client.events import Finished, Started, Trouble
from synchrorama_client.speech import PIECE_BYTES, Speech
from synchrorama_client.timeouts import Retry, Timeouts

QUICK = Timeouts(connect_s=10, send_s=10, event_s=10, close_s=2)
AT_ONCE = Retry(attempts=3, first_s=0.0, longest_s=0.0)


class Script:
    """A server of one address; each connection is handled by the next of `handlers`."""

    def __init__(self, *handlers: Callable[[Script, ServerConnection], Awaitable[None]]) -> None:
        self._handlers = list(handlers)
        self.heard: list[dict[str, Any] | bytes] = []
        self.connections = 0
        self.port = 0

    async def handle(self, socket: ServerConnection) -> None:
        self.connections += 1
        if not self._handlers:
            await socket.close(1008, "no more")
            return
        await self._handlers.pop(0)(self, socket)

    async def read(self, socket: ServerConnection) -> dict[str, Any] | bytes:
        message = await socket.recv()
        read = message if isinstance(message, bytes) else json.loads(message)
        self.heard.append(read)
        return read


@asynccontextmanager
async def speaking(script: Script, **options: Any) -> AsyncIterator[Speech]:
    async with serve(script.handle, "127.0.0.1", 0) as server:
        script.port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{script.port}/audio"
        async with asyncio.timeout(30):
            async with Speech(url, timeouts=QUICK, **{"retry": AT_ONCE, **options}) as speech:
                yield speech


async def tell(socket: ServerConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


async def finish(socket: ServerConnection, name: str, cut: bool = False, at_s: float = 1.0) -> None:
    await tell(socket, type="finished", segment=name, position_s=at_s, interrupted=cut)


async def polite(script: Script, socket: ServerConnection) -> None:
    """Plays everything at once; interrupts cut what is open."""
    name = ""
    await tell(socket, type="hello", version=1)
    async for text in socket:
        message = text if isinstance(text, bytes) else json.loads(text)
        script.heard.append(message)
        if isinstance(message, bytes):
            continue
        name = message.get("segment", name)
        if message["type"] in ("start", "speak"):
            await tell(socket, type="started", segment=name)
        if message["type"] in ("end", "speak", "interrupt"):
            await finish(socket, name, message["type"] == "interrupt")


async def test_a_segment_is_sent_and_acknowledged() -> None:
    script = Script(polite)
    async with speaking(script) as speech:
        segment = await speech.speak(bytes(PIECE_BYTES + 4), 24_000)
        assert await segment.finished() == Finished(segment.name, 1.0, False)
        await segment.started()
        assert speech.hello is not None and speech.hello.version == 1
    start, first, second, end = script.heard
    assert start == {"type": "start", "sample_rate": 24_000, "segment": segment.name}
    assert (len(first), len(second)) == (PIECE_BYTES, 4)
    assert end == {"type": "end", "segment": segment.name}


async def test_text_is_said_with_its_wishes() -> None:
    script = Script(polite)
    async with speaking(script) as speech:
        segment = await speech.say("[nods] Yes.", voice="en", emotion="joy", name="yes")
        assert (await segment.finished()).segment == "yes"
        await speech.clear()
        plain = await speech.say("No.")
        await plain.finished()
    spoken = {"type": "speak", "segment": "yes", "text": "[nods] Yes."}
    assert script.heard[0] == spoken | {"voice": "en", "emotion": "joy"}
    assert script.heard[1] == {"type": "clear"}
    assert script.heard[2] == {"type": "speak", "segment": plain.name, "text": "No."}


async def test_no_sound_follows_an_interrupt() -> None:
    script = Script(polite)
    async with speaking(script) as speech:
        segment = await speech.start(16_000)
        await segment.audio(bytes(640))
        await speech.interrupt()
        with pytest.raises(SegmentOver):
            await segment.audio(bytes(640))
        await segment.end()
        assert (await segment.finished()).interrupted
    assert script.heard[-1] == {"type": "interrupt"}


async def test_an_interrupt_by_another_ends_the_open_segment_here() -> None:
    async def cut(script: Script, socket: ServerConnection) -> None:
        start = await script.read(socket)
        assert isinstance(start, dict)
        await finish(socket, start["segment"], cut=True, at_s=0.0)
        await socket.wait_closed()

    async with speaking(Script(cut)) as speech:
        segment = await speech.start(16_000)
        assert (await segment.finished()).interrupted
        with pytest.raises(SegmentOver):
            await segment.audio(bytes(2))


async def test_events_are_given_to_every_listener_until_the_end() -> None:
    script = Script(polite)
    async with speaking(script) as speech:
        async with speech.events() as one, speech.events() as two:
            segment = await speech.speak(bytes(2), 8_000)
            await segment.finished()
            await speech.aclose()
            for inbox in (one, two):
                kinds = [type(event) for event in [event async for event in inbox]]
                assert kinds[-2:] == [Started, Finished]


async def test_a_lost_socket_is_opened_again_and_the_open_segment_is_over() -> None:
    async def drop(script: Script, socket: ServerConnection) -> None:
        for _ in range(2):
            await script.read(socket)
        socket.transport.abort()

    script = Script(drop, polite)
    async with speaking(script) as speech:
        lost = await speech.start(16_000)
        await lost.audio(bytes(2))
        with pytest.raises(SegmentOver):
            while True:
                await lost.audio(bytes(2))
        again = await speech.speak(bytes(2), 16_000)
        await again.finished()
        # The server had ended it at the gap; its end was told to nobody.
        with pytest.raises(SegmentOver, match="while the socket was lost"):
            await lost.finished()
        assert speech.reconnections == 1
    sound_first = [m for m in script.heard[2:] if isinstance(m, bytes)][:1]
    assert script.heard[2] == {"type": "start", "sample_rate": 16_000, "segment": again.name}
    assert sound_first == [bytes(2)]


async def test_an_end_that_is_told_on_the_next_socket_counts() -> None:
    names: list[str] = []

    async def drop(script: Script, socket: ServerConnection) -> None:
        start = await script.read(socket)
        assert isinstance(start, dict)
        names.append(start["segment"])
        socket.transport.abort()

    async def go_on(script: Script, socket: ServerConnection) -> None:
        await finish(socket, names[0], at_s=0.5)
        await socket.wait_closed()

    async with speaking(Script(drop, go_on)) as speech:
        segment = await speech.start(16_000)
        assert (await segment.finished()).position_s == 0.5


@pytest.mark.parametrize(
    ("message", "code", "wanted"),
    [
        ({"type": "closed", "reason": "you hung up"}, 1001, SessionClosed),
        ({"type": "error", "code": "replaced", "message": "another"}, 1008, Refused),
        ({"type": "error", "code": "odd_length", "message": "odd"}, 1007, Refused),
        (None, 1001, SessionClosed),
    ],
)
async def test_a_socket_closed_on_purpose_is_not_opened_again(
    message: dict[str, object] | None, code: int, wanted: type[AvatarError]
) -> None:
    async def close(script: Script, socket: ServerConnection) -> None:
        await script.read(socket)
        if message is not None:
            await socket.send(json.dumps(message))
        await socket.close(code, "so it is")

    script = Script(close)
    async with speaking(script) as speech:
        segment = await speech.start(16_000)
        with pytest.raises(wanted):
            await segment.finished()
        with pytest.raises(wanted):
            await speech.start(16_000)
        async with speech.events() as events:
            assert [event async for event in events] == []
    assert script.connections == 1


async def test_a_full_buffer_is_told_and_the_socket_stays() -> None:
    async def full(script: Script, socket: ServerConnection) -> None:
        await script.read(socket)
        await tell(socket, type="error", code="buffer_full", message="full", refused_s=1.0)
        await polite(script, socket)

    async with speaking(Script(full)) as speech:
        async with speech.events() as events:
            segment = await speech.start(16_000)
            await segment.end()
            await segment.finished()
            first = await anext(events)
        assert isinstance(first, Trouble) and first.code == "buffer_full"


async def test_attempts_come_to_an_end() -> None:
    async def drop(script: Script, socket: ServerConnection) -> None:
        await script.read(socket)
        socket.transport.abort()

    script = Script(drop)
    async with serve(script.handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        speech = Speech(f"ws://127.0.0.1:{port}/", timeouts=QUICK, retry=AT_ONCE)
        await speech.connect()
        server.close(close_connections=False)
        segment = await speech.start(16_000)
        async with asyncio.timeout(30):
            with pytest.raises(ConnectionLost, match="3 attempts"):
                await segment.finished()
        await speech.aclose()


async def test_a_name_that_is_still_spoken_is_refused_here() -> None:
    async def silent(script: Script, socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with speaking(Script(silent)) as speech:
        await speech.start(16_000, "twice")
        with pytest.raises(ValueError, match="still being spoken"):
            await speech.start(16_000, "twice")


async def test_closing_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    async with speaking(Script(polite)) as speech:
        segment = await speech.start(16_000)
        await speech.aclose()
        await speech.aclose()
        with pytest.raises(SessionClosed):
            await segment.finished()
        with pytest.raises(SessionClosed):
            await speech.interrupt()
    assert asyncio.all_tasks() == before
