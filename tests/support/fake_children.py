"""What runs in child processes of the supervisor under test: quick to start, told what to do.

Runs in processes that multiprocessing spawns; knows the lifeline and nothing else.
Never loads a model or a web framework.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import Any

from server.workers.lifeline import (
    Alive,
    Count,
    Counted,
    Elsewhere,
    Failed,
    Ready,
    breathe,
    lifeline,
    obey,
)


def good_engine(end: socket.socket, path: str, values: dict[str, Any], costs: object) -> None:
    """Ready at once, stops when told."""
    sys.exit(asyncio.run(_live(end, None, -1)))


def good_media(
    end: socket.socket, door: socket.socket, path: str, index: int, values: dict[str, Any]
) -> None:
    """Ready at once; answers each connection with its own number; stops when told."""
    sys.exit(asyncio.run(_live(end, door, index)))


def failing(end: socket.socket, *_: object) -> None:
    """Says why it cannot start, and ends."""
    sys.exit(asyncio.run(_fail(end)))


def dying(end: socket.socket, *_: object) -> None:
    """Ends without a word."""
    end.close()
    sys.exit(7)


def mute(end: socket.socket, *_: object) -> None:
    """Says that it is ready and then nothing, and does not even hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_say_once(end))


def stuck(end: socket.socket, *_: object) -> None:
    """Breathes, but its engine hangs."""
    sys.exit(asyncio.run(_live(end, None, -1, turn_age_s=99.0)))


async def _fail(end: socket.socket) -> int:
    link = await lifeline(end)
    link.send(Failed("weights/x.onnx: wrong hash; reinstall"))
    await link.aclose()
    return 1


async def _say_once(end: socket.socket) -> None:
    link = await lifeline(end)
    link.send(Alive())
    link.send(Ready())
    await asyncio.Event().wait()


async def _live(
    end: socket.socket, door: socket.socket | None, index: int, turn_age_s: float = 0.0
) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = await lifeline(end)
    stopped = asyncio.Event()
    elsewhere: list[int] = []

    def hear(message: object) -> None:
        if isinstance(message, Count):
            link.send(Counted(f"# TYPE held gauge\nheld {index}\n"))
        if isinstance(message, Elsewhere):
            elsewhere[:] = message.sizes

    def take() -> None:
        assert door is not None
        said, handles, _, _ = socket.recv_fds(door, 1, 1)
        for handle in handles:
            with socket.socket(fileno=handle) as connection:
                connection.setblocking(True)
                connection.recv(65536)
                body = f"{index} {elsewhere}"
                connection.sendall(f"HTTP/1.1 200 OK\r\n\r\n{body}".encode())

    if door is not None:
        asyncio.get_running_loop().add_reader(door.fileno(), take)
    sizes = (256,) * (index + 1)
    tasks = [
        asyncio.create_task(obey(link, stopped.set, hear)),
        asyncio.create_task(breathe(link, lambda: Alive(sizes, turn_age_s))),
    ]
    link.send(Ready())
    await stopped.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await link.aclose()
    return 0
