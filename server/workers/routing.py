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

MAX_LINE = 8192
"""Bytes of a first line; a longer one is no request of ours."""
_LINE = re.compile(rb"(?P<method>[A-Z]{3,8}) (?P<path>[^ ?]{1,4096})[^ ]* HTTP/1\.[01]\r?\n")
_SESSION = re.compile(rb"/v1/sessions/w(\d{1,3})\.")
_AVATARS = re.compile(rb"/v1/avatars(?:/|$)")


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a session."""

    index: int


@dataclass(frozen=True, slots=True)
class First:
    """One and the same process for all: it alone changes avatars and keeps pictures of them."""


@dataclass(frozen=True, slots=True)
class Freest:
    """The process with the fewest sessions."""

    takes_place: bool
    """Whether a session is going to be made there."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """All of them: their metrics are told as one."""


Target: TypeAlias = Holder | First | Freest | Everybody


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
    return Freest(path == b"/v1/sessions" and found["method"] == b"POST")


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
    return min(ready, key=lambda index: (loads[index], index))
