"""Opening the websocket."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve

from synchrorama_client.errors import ConnectionLost, TimedOut
from synchrorama_client.line import open_again, open_line
from synchrorama_client.timeouts import Retry, Timeouts

AT_ONCE = Retry(attempts=2, first_s=0.0, longest_s=0.0)


async def test_headers_go_with_it() -> None:
    seen: list[str] = []

    async def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request.headers["X-Token"])

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        socket = await open_line(f"ws://127.0.0.1:{port}/", {"X-Token": "t"}, Timeouts())
        await socket.wait_closed()
    assert seen == ["t"]


async def test_nobody_there_is_lost_and_attempts_are_counted() -> None:
    with pytest.raises(ConnectionLost, match="cannot be opened"):
        await open_line("ws://127.0.0.1:9/", {}, Timeouts())
    with pytest.raises(ConnectionLost, match="2 attempts"):
        await open_again("ws://127.0.0.1:9/", {}, Timeouts(), AT_ONCE)


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TimedOut, match="did not open"):
        await open_line(f"ws://127.0.0.1:{port}/", {}, Timeouts(connect_s=0.05))
    for writer in writers:
        writer.close()
    server.close()
    await server.wait_closed()
