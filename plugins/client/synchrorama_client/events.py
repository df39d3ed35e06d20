"""What the server tells on the speech socket, as typed values.

Pure.
Never raises on a message it does not know: newer servers may say more (`Unknown`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of a server that speaks version 1 or later."""

    version: int
    raw: Mapping[str, Any]

    @property
    def provider(self) -> str | None:
        """Who speaks texts; None: nobody, `say` is refused."""
        found = self.raw.get("speech", {}).get("provider")
        return None if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Queued:
    """A text was taken."""

    segment: str


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
    """Whether it was not played to its end."""
    reason: str = "spoken"
    """`spoken`, `interrupted`, `cleared` or `failed`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of the client's own has been heard."""

    segment: str
    name: str
    position_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word is being heard; `say(words=True)` asks for them."""

    segment: str
    text: str
    start: int
    """First character, in the text without directions and marks."""
    end: int
    position_s: float
    estimated: bool
    """Reckoned from letters: the voice tells no times."""


@dataclass(frozen=True, slots=True)
class Buffered:
    """Speech that waits to be spoken."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message was not taken, or a text not spoken to its end."""

    code: str
    message: str
    hint: str
    segment: str | None
    """Of a text that could not be spoken."""
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


Event: TypeAlias = (
    Hello | Queued | Started | Finished | Mark | Word | Buffered | Trouble | Closed | Unknown
)


def parse_event(text: str | bytes) -> Event:
    """One message of the server; what is malformed or new is `Unknown`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Unknown("", {})
    if not isinstance(message, dict):
        return Unknown("", {})
    kind = str(message.get("type", ""))
    reader = _READERS.get(kind)
    try:
        return Unknown(kind, message) if reader is None else reader(message)
    except (KeyError, TypeError, ValueError):
        return Unknown(kind, message)


def _finished(message: Mapping[str, Any]) -> Finished:
    position_s, cut = float(message["position_s"]), bool(message["interrupted"])
    reason = str(message.get("reason", "interrupted" if cut else "spoken"))
    return Finished(str(message["segment"]), position_s, cut, reason)


def _mark(message: Mapping[str, Any]) -> Mark:
    return Mark(str(message["segment"]), str(message["name"]), float(message["position_s"]))


def _word(message: Mapping[str, Any]) -> Word:
    return Word(
        str(message["segment"]),
        str(message["text"]),
        int(message["start"]),
        int(message["end"]),
        float(message["position_s"]),
        bool(message["estimated"]),
    )


def _trouble(message: Mapping[str, Any]) -> Trouble:
    segment = message.get("segment")
    return Trouble(
        str(message["code"]),
        str(message.get("message", "")),
        str(message.get("hint") or ""),
        None if segment is None else str(segment),
        message,
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "hello": lambda message: Hello(int(message["version"]), message),
    "queued": lambda message: Queued(str(message["segment"])),
    "started": lambda message: Started(str(message["segment"])),
    "finished": _finished,
    "mark": _mark,
    "word": _word,
    "buffered": lambda message: Buffered(float(message["seconds"])),
    "error": _trouble,
    "closed": lambda message: Closed(str(message.get("reason", ""))),
}
