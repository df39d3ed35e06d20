"""What the parent and its children tell each other over the socket that keeps a child alive.

Runs on the event loops of both.
Never lets a child outlive its parent: the lifeline's end is the child's end.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server.workers.link import Link
from server.workers.wire import BadMessage, Wire

ALIVE_S = 0.25
"""Between two heartbeats of a child."""


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """`server.drawing.Costs` on its way: the next engine process need not measure them again."""

    steps_s: tuple[float, ...]
    efforts: tuple[str, ...]
    draws_s: tuple[float, ...]
    by_bucket: tuple[tuple[int, tuple[float, ...]], ...] = ()
    encode_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A child has started and serves."""

    costs: MeasuredCosts | None = None
    """Of the engine process."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A child cannot start, or go on; for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Alive:
    """A child's heartbeat; of a media process with the sizes of its sessions."""

    sizes: tuple[int, ...] = ()
    turn_age_s: float = 0.0
    """Of the engine's thread."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Sizes of the sessions in all other media processes."""

    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Asks a media process for its metrics; answered by Counted."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Metrics in text format 0.0.4."""

    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A child shall end, in order."""


LIFELINE = Wire((MeasuredCosts, Ready, Failed, Alive, Elsewhere, Count, Counted, Stop))


async def lifeline(end: socket.socket) -> Link:
    """On one end of a pair of sockets, which is the link's from here on."""
    return await Link.over(end, LIFELINE)


async def obey(link: Link, stop: Callable[[], None], hear: Callable[[Any], None]) -> None:
    """Read the lifeline until the parent wants an end, or is gone; then call `stop`."""
    try:
        async for message in link.messages():
            if isinstance(message, Stop):
                return
            hear(message)
    except BadMessage:
        # Nobody else writes there: the two are not of one version.
        return
    finally:
        stop()


async def breathe(link: Link, alive: Callable[[], object]) -> None:
    """Send heartbeats for ever."""
    while True:
        link.send(alive())
        await asyncio.sleep(ALIVE_S)
