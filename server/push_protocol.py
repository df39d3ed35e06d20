"""The words of the push websocket: what a client may send, checked, and what it is told.

Pure; runs on the event loop.
Never touches a socket; a fault is a PushError that carries the close code (RFC 6455 §7.4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias

from pydantic import ValidationError

from server.errors import invalid_body
from server.speech.messages import RATES_HZ, SENT, Clear, Hello, Mark, Speak
from server.speech.speaker import Text
from server.timeline import SegmentEvent

__all__ = ["RATES_HZ", "Clear", "Hello", "Mark", "Speak"]
MAX_MESSAGE_BYTES = 1 << 20
"""About 11 s at 48 kHz: a client with more cuts it up."""
MAX_SEGMENT_NAME = 64
MAX_CONTROL = 4096
"""Characters of a message without words."""
MAX_SPEAK = 262_144
"""Of one with them: the longest text, each character escaped, and as much again to be refused by
its own limit."""
BAD_DATA, POLICY, TOO_BIG = 1007, 1008, 1009


class PushError(Exception):
    """The client broke the protocol: it is told, and the socket closed where it must be."""

    def __init__(self, close_code: int, code: str, message: str, *, closes: bool = True) -> None:
        """`closes`: what follows could not be understood either."""
        super().__init__(message)
        self.close_code = close_code
        self.code = code
        self.closes = closes


class PushVoice(Protocol):
    """Where pushed speech goes: one for each session in push mode."""

    @property
    def buffered_s(self) -> float:
        """Speech that waits to be spoken, in seconds."""

    @property
    def room_s(self) -> float:
        """Speech that can be taken now, in seconds."""

    def start(self, sample_rate_hz: int, segment: str | None) -> str:
        """Open a segment and return its name. Raises PushRefused."""

    def feed(self, data: bytes) -> None:
        """PCM16 mono of the open segment. Raises PushFull (nothing taken) or PushRefused."""

    def end(self, segment: str | None) -> None:
        """No more sound of the open segment will come. Raises PushRefused."""

    def interrupt(self) -> None:
        """Stop at once and forget all that waits."""

    def speak(self, text: Text) -> str:
        """Speak a text behind what waits; its segment's name. Raises VoiceFault, PushRefused."""

    def clear(self) -> None:
        """Forget what waits behind the segment being spoken."""

    def mark(self, name: str, position_s: float | None) -> None:
        """Tell when this place of the open segment of sound was heard. Raises PushRefused."""

    def hello(self) -> Mapping[str, object]:
        """What can be spoken here, and within which limits."""

    def listen(self, on_message: Callable[[Mapping[str, object]], None] | None) -> None:
        """Give every later message about a segment to `on_message` (on the loop); None stops."""


def event_message(event: SegmentEvent) -> dict[str, object]:
    """What became of a segment, as it is sent to the client."""
    if event.kind == "started":
        return {"type": "started", "segment": event.segment}
    position_s = round(event.position_s, 3)
    told: dict[str, object] = {"segment": event.segment, "position_s": position_s}
    if event.kind == "finished":
        reason = "interrupted" if event.interrupted else "spoken"
        told |= {"type": "finished", "interrupted": event.interrupted, "reason": reason}
    told.update(event.detail)
    return told


@dataclass(frozen=True, slots=True)
class Start:
    """Speech of a segment follows, as PCM of this rate."""

    sample_rate_hz: int
    segment: str | None


@dataclass(frozen=True, slots=True)
class End:
    """A segment is complete."""

    segment: str | None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Be silent now."""


Control: TypeAlias = Start | End | Interrupt | Speak | Clear | Mark | Hello


def parse_control(text: str) -> Control:
    """Read one JSON message. Raises PushError 1007 (not readable) or 1008 (not allowed)."""
    if len(text) > MAX_SPEAK:
        wanted = f"a message has at most {MAX_SPEAK} characters"
        raise PushError(TOO_BIG, "message_too_big", wanted, closes=False)
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        said = "the message is not JSON"
        raise PushError(BAD_DATA, "bad_json", said, closes=False) from error
    if not isinstance(message, dict):
        said = "the message is not a JSON object"
        raise PushError(BAD_DATA, "bad_message", said, closes=False)
    if message.get("type") != "speak" and len(text) > MAX_CONTROL:
        wanted = f"a message without words has at most {MAX_CONTROL} characters"
        raise PushError(TOO_BIG, "message_too_big", wanted, closes=False)
    return control_of(message)


def control_of(message: Mapping[str, Any]) -> Control:
    """Check a message that is JSON. Raises PushError."""
    kind = str(message.get("type"))
    if kind not in SENT:
        said = f"type must be one of {', '.join(sorted(SENT))}"
        raise PushError(POLICY, "unknown_type", said, closes=False)
    extra = sorted(str(name)[:40] for name in set(message) - set(SENT[kind].model_fields))
    if extra:
        raise PushError(POLICY, "unknown_field", f"unknown field {extra[0]!r}", closes=False)
    if kind in _CONTROLS:
        return _CONTROLS[kind](message)
    try:
        read = SENT[kind].model_validate(dict(message))
    except ValidationError as error:
        said = invalid_body(error.errors())["error"]["message"]
        raise PushError(POLICY, "invalid_message", said, closes=False) from error
    assert isinstance(read, Speak | Clear | Mark | Hello)
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _start(message: Mapping[str, object]) -> Start:
    rate = message.get("sample_rate")
    if isinstance(rate, bool) or not isinstance(rate, int):
        raise PushError(POLICY, "bad_sample_rate", "sample_rate must be a whole number of Hz")
    if rate not in RATES_HZ:
        wanted = ", ".join(map(str, RATES_HZ))
        raise PushError(POLICY, "bad_sample_rate", f"sample_rate must be one of {wanted}")
    if message.get("format", "pcm16") != "pcm16":
        raise PushError(POLICY, "bad_format", "format must be pcm16 (16-bit little endian, mono)")
    if message.get("channels", 1) != 1:
        raise PushError(POLICY, "bad_channels", "channels must be 1: send one voice")
    return Start(rate, _segment(message))


def _segment(message: Mapping[str, object]) -> str | None:
    name = message.get("segment")
    if name is None:
        return None
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_SEGMENT_NAME:
        raise PushError(
            POLICY, "bad_segment", f"segment must be text of 1 to {MAX_SEGMENT_NAME} characters"
        )
    return name


_CONTROLS: Mapping[str, Callable[[Mapping[str, object]], Control]] = {
    "start": _start,
    "end": lambda message: End(_segment(message)),
    "interrupt": lambda message: Interrupt(),
}


def check_sound(data: bytes) -> bytes:
    """PCM16 that can be taken. Raises PushError 1007 on an odd length, 1009 when too long."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise PushError(
            TOO_BIG, "message_too_big", f"a message has at most {MAX_MESSAGE_BYTES} bytes"
        )
    if len(data) % 2:
        raise PushError(
            BAD_DATA, "odd_length", f"PCM16 needs an even number of bytes, got {len(data)}"
        )
    return data
