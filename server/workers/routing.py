"""Which process gets a connection, told from the first line of its first request.

Pure; used by the parent process.
Never reads more of a request than that line: whoever gets the connection reads it all.

Every answer of a media process closes its connection, so that the first request is the only one
and a session's requests always reach the process that holds it: the number is in the session's id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zlib import crc32

MAX_LINE = 8192
"""Bytes of a first line; a longer one is no request of ours."""
_LINE = re.compile(rb"(?P<method>[A-Z]{3,8}) (?P<path>[^ ?]{1,4096})[^ ]* HTTP/1\.[01]\r?\n")
_SESSION = re.compile(rb"/(?:(?:v1/)?sessions|wh[ei]p(?:/r)?)/w(\d{1,3})\.")
"""A session's own URL, a door's, or the name that a session is watched by."""
_CHANNEL = re.compile(rb"/wh[ei]p/([A-Za-z0-9_-]{1,64})$")
_MAKES = re.compile(rb"/v1/sessions|/whip|/start|/api/offer")
_AVATARS = re.compile(rb"/v1/avatars(?:/|$)")


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a session."""

    index: int


@dataclass(frozen=True, slots=True)
class First:
    """One and the same process for all: it alone changes avatars and keeps pictures of them."""


@dataclass(frozen=True, slots=True)
class Named:
    """One and the same process for one channel: who looks on must meet who speaks."""

    number: int


@dataclass(frozen=True, slots=True)
class Freest:
    """The process with the fewest sessions."""

    takes_place: bool
    """Whether a session is going to be made there."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """All of them: their metrics are told as one."""


Target: TypeAlias = Holder | First | Named | Freest | Everybody


def prefix(index: int) -> str:
    """What the ids of sessions in this process begin with."""
    return f"w{index}."


def route(head: bytes) -> Target | None:
    """Where a connection goes that begins with `head`; None while its first line is not whole.

    Raises ValueError when it is no HTTP request.
    """
    if b"\n" not in head:
        if len(head) >= MAX_LINE:
            raise ValueError("the first line is too long")
        return None
    found = _LINE.match(head)
    if found is None:
        raise ValueError("not an HTTP/1 request")
    path = found["path"]
    if (session := _SESSION.match(path)) is not None:
        return Holder(int(session[1]))
    if _AVATARS.match(path):
        return First()
    if path == b"/metrics":
        return Everybody()
    if (channel := _CHANNEL.match(path)) is not None:
        return Named(crc32(channel[1]))
    return Freest(_MAKES.fullmatch(path) is not None and found["method"] == b"POST")


def choose(target: Target, loads: Sequence[int | None]) -> int | None:
    """Index of the process; `loads` has the sessions of each, None for one that is not ready.

    A session whose process is gone goes to another, which answers that there is none of that id.
    None: there is nobody.
    """
    ready = [index for index, load in enumerate(loads) if load is not None]
    if not ready:
        return None
    if isinstance(target, Holder) and target.index in ready:
        return target.index
    if isinstance(target, First):
        return ready[0]
    if isinstance(target, Named):
        # Of all, not of the ready ones: a process that starts anew must not move the others'.
        wanted = target.number % len(loads)
        return wanted if wanted in ready else None
    return min(ready, key=lambda index: (loads[index], index))
