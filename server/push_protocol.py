"""The words of the push websocket: what a client may send, checked, and what it is told.

Pure; runs on the event loop.
Never touches a socket; a fault is a PushError that carries the close code (RFC 6455 §7.4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol, TypeAlias

from server.timeline import SegmentEvent

RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""What speech synthesis gives: a filter for 44,101 Hz would hold the loop for 60 ms."""
MAX_MESSAGE_BYTES = 1 << 20
"""About 11 s at 48 kHz: a client with more cuts it up."""
MAX_SEGMENT_NAME = 64
BAD_DATA, POLICY, TOO_BIG = 1007, 1008, 1009


class PushError(Exception):
    """The client broke the protocol: it is told and the socket is closed."""

    def __init__(self, close_code: int, code: str, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.code = code


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

    def listen(self, on_message: Callable[[Mapping[str, object]], None] | None) -> None:
        """Give every later message about a segment to `on_message` (on the loop); None stops."""


def event_message(event: SegmentEvent) -> dict[str, object]:
    """What became of a segment, as it is sent to the client."""
    if event.kind == "started":
        return {"type": "started", "segment": event.segment}
    return {
        "type": "finished",
        "segment": event.segment,
        "position_s": round(event.position_s, 3),
        "interrupted": event.interrupted,
    }


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


Control: TypeAlias = Start | End | Interrupt


def parse_control(text: str) -> Control:
    """Read one JSON message. Raises PushError 1007 (not readable) or 1008 (not allowed)."""
    if len(text) > 4096:
        raise PushError(TOO_BIG, "message_too_big", "a control message has at most 4096 characters")
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PushError(BAD_DATA, "bad_json", "the message is not JSON") from error
    if not isinstance(message, dict):
        raise PushError(BAD_DATA, "bad_message", "the message is not a JSON object")
    reader = _CONTROLS.get(str(message.get("type")))
    if reader is None:
        wanted = ", ".join(sorted(_CONTROLS))
        raise PushError(POLICY, "unknown_type", f"type must be one of {wanted}")
    known = _FIELDS[str(message["type"])]
    extra = sorted(str(name)[:40] for name in set(message) - known)
    if extra:
        raise PushError(POLICY, "unknown_field", f"unknown field {extra[0]!r}")
    return reader(message)


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
_FIELDS: Mapping[str, frozenset[str]] = {
    "start": frozenset({"type", "sample_rate", "segment", "format", "channels"}),
    "end": frozenset({"type", "segment"}),
    "interrupt": frozenset({"type"}),
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
