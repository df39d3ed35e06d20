"""Messages over a socket: in order, whole, bounded; the other side gone, silent, or mad."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from server.workers import link as module
from server.workers.lifeline import LIFELINE, Counted, Elsewhere, Stop
from server.workers.link import MAX_MESSAGE, Link
from server.workers.wire import BadMessage


async def pair() -> tuple[Link, Link]:
    one, other = socket.socketpair()
    return await Link.over(one, LIFELINE), await Link.over(other, LIFELINE)


async def test_messages_come_in_order_and_end_with_the_link() -> None:
    one, other = await pair()
    for name in (1, 2, 3):
        one.send(Elsewhere((name,)))
    one.send(Counted("x" * 200_000))
    await one.aclose()
    await one.aclose()
    assert one.closed
    one.send(Stop())
    got = [message async for message in other.messages()]
    assert got[:3] == [Elsewhere((1,)), Elsewhere((2,)), Elsewhere((3,))] and len(got) == 4
    other.cut()
    other.cut()


async def test_it_connects_to_a_path_or_says_that_nobody_is_there(tmp_path: Path) -> None:
    path = tmp_path / "here.sock"
    with pytest.raises(OSError):
        await Link.connect(path, LIFELINE)
    came: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    server = await Link.listen(path, LIFELINE, came.set_result)
    link = await Link.connect(path, LIFELINE)
    link.send(Stop())
    async for message in (await came).messages():
        assert message == Stop()
        break
    (await came).cut()
    link.cut()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "data", [struct.pack("<I", MAX_MESSAGE + 1), struct.pack("<I", 4) + b"what"]
)
async def test_what_is_no_message_is_named_so(data: bytes) -> None:
    raw, end = socket.socketpair()
    link = await Link.over(end, LIFELINE)
    raw.sendall(data)
    with pytest.raises(BadMessage):
        async for _ in link.messages():
            raise AssertionError("that was a message")
    raw.close()
    link.cut()


async def test_a_message_cut_in_the_middle_is_the_end() -> None:
    raw, end = socket.socketpair()
    link = await Link.over(end, LIFELINE)
    packed = LIFELINE.pack(Stop())
    raw.sendall(struct.pack("<I", len(packed)) + packed[:-1])
    raw.close()
    assert [message async for message in link.messages()] == []
    link.cut()


async def test_whoever_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BACKLOG", 100_000)
    one, other = await pair()
    sent = 0
    while not one.closed:
        one.send(Counted("x" * 50_000))
        sent += 1
        assert sent < 100
    other.cut()


async def test_more_than_is_kept_waits_at_the_other_side_and_nothing_is_lost() -> None:
    one, other = await pair()
    many = 40
    for number in range(many):
        one.send(Counted(f"{number:06d}" * 5_000))
    # Nobody reads yet: what waits here is bounded, but for one reading of the socket.
    for _ in range(200):
        await asyncio.sleep(0)
    assert other._paused and len(other._unread) <= 2 * module.MAX_UNREAD
    got = []
    async with asyncio.timeout(20):
        async for message in other.messages():
            got.append(message.text[:6])
            if len(got) == many:
                break
    assert got == [f"{number:06d}" for number in range(many)]
    one.cut()
    other.cut()
