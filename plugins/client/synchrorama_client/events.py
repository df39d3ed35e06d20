"""What the server tells on the speech socket, as typed values.

Pure.
Never raises on a message it does not know: newer servers may say more (`Unknown`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of a server that speaks version 1 or later."""

    version: int
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Started:
    """The first sound of a segment has been sent out."""

    segment: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A segment is over: exactly one for each."""

    segment: str
    position_s: float
    """How much of it was played, by the playout clock."""
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a segment was played: a word, a cue, or a mark the client set."""

    segment: str
    name: str
    position_s: float
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Buffered:
    """Speech that waits to be spoken."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something was not taken. The socket stays open for `buffer_full` only."""

    code: str
    message: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """The session has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message this client does not know."""

    type: str
    raw: Mapping[str, Any]


Event: TypeAlias = Hello | Started | Finished | Mark | Buffered | Trouble | Closed | Unknown


def parse_event(text: str | bytes) -> Event:
    """One message of the server; what is malformed or new is `Unknown`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Unknown("", {})
    if not isinstance(message, dict):
        return Unknown("", {})
    kind = str(message.get("type", ""))
    try:
        return _known(kind, message)
    except (KeyError, TypeError, ValueError):
        return Unknown(kind, message)


def _known(kind: str, message: Mapping[str, Any]) -> Event:
    match kind:
        case "hello":
            return Hello(int(message["version"]), message)
        case "started":
            return Started(str(message["segment"]))
        case "finished":
            position_s, cut = float(message["position_s"]), bool(message["interrupted"])
            return Finished(str(message["segment"]), position_s, cut)
        case "mark":
            name = str(message.get("name", message.get("text", "")))
            position_s = float(message.get("position_s", 0.0))
            return Mark(str(message["segment"]), name, position_s, message)
        case "buffered":
            return Buffered(float(message["seconds"]))
        case "error" | "warning":
            return Trouble(str(message["code"]), str(message.get("message", "")), message)
        case "closed":
            return Closed(str(message.get("reason", "")))
    return Unknown(kind, message)
