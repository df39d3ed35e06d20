"""What goes over the lifeline, and when a child ends."""

from __future__ import annotations

import asyncio
import socket

import pytest

from server.workers import lifeline as module
from server.workers.lifeline import (
    LIFELINE,
    Alive,
    Count,
    Counted,
    Elsewhere,
    Failed,
    MeasuredCosts,
    Ready,
    Stop,
    breathe,
    lifeline,
    obey,
)


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Ready(MeasuredCosts((0.01,), ("a", "b"), (0.02, 0.01), encode_s=0.003)),
        Ready(MeasuredCosts((0.01,), ("a",), (0.02,), ((1, (0.02,)), (2, (0.03,))))),
        Failed("why"),
        Alive((256, 512), 0.5),
        Elsewhere(()),
        Count(),
        Counted("x 1"),
        Stop(),
    ],
)
def test_a_message_comes_back_whole(message: object) -> None:
    assert LIFELINE.unpack(LIFELINE.pack(message)) == message


@pytest.mark.parametrize("end", ["stop", "gone", "mad"])
async def test_the_lifelines_end_is_the_childs_end(end: str) -> None:
    parent, child = socket.socketpair()
    ours, theirs = await lifeline(parent), await lifeline(child)
    heard: list[object] = []
    stopped = asyncio.Event()
    task = asyncio.create_task(obey(theirs, stopped.set, heard.append))
    ours.send(Count())
    if end == "stop":
        ours.send(Stop())
    elif end == "mad":
        ours._transport.write(b"\x04\x00\x00\x00what")
    if end != "stop":
        await ours.aclose()
    async with asyncio.timeout(20):
        await stopped.wait()
    await task
    assert heard == [Count()]
    ours.cut()
    theirs.cut()


async def test_a_child_breathes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALIVE_S", 0)
    parent, child = socket.socketpair()
    ours, theirs = await lifeline(parent), await lifeline(child)
    task = asyncio.create_task(breathe(theirs, lambda: Alive((256,))))
    got = []
    async with asyncio.timeout(20):
        async for message in ours.messages():
            got.append(message)
            if len(got) == 3:
                break
    task.cancel()
    assert got == [Alive((256,))] * 3
    ours.cut()
    theirs.cut()
