"""The events of OpenAI's Realtime API: what we send, and what we need of what it sends.

Pure. GA names; the beta's names of the same events are taken as well.
Never trusts a field: an event of another shape is None, or a Fault that says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from server.assistant.faults import Fault, broken

RATE_HZ = 24_000
"""PCM16 mono, both ways."""
MAX_EVENT_BYTES = 4 << 20
"""Of one event: 24 s of speech in one delta; they are tenths of seconds."""
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is as was asked."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The model hears the visitor."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The turn is over."""


@dataclass(frozen=True, slots=True)
class Created:
    """An answer begins."""

    response: str


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of the answer's sound, PCM16 at RATE_HZ."""

    item: str
    index: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class AudioDone:
    """All sound of an item was sent."""

    item: str


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the words of the answer's sound."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the visitor said."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete, or why not."""

    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The API tells of an error; the session goes on."""

    fault: Fault


Event: TypeAlias = (
    Ready
    | SpeechStarted
    | SpeechStopped
    | Created
    | Audio
    | AudioDone
    | Words
    | Heard
    | Done
    | Failed
)
ALIASES: Mapping[str, str] = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
}
"""Beta name -> GA name."""
HARMLESS = frozenset({"response_cancel_not_active", "conversation_already_has_active_response"})
"""Errors of a race that nobody lost."""


def read_event(message: str | bytes) -> Event | None:
    """What an event tells; None for those that tell us nothing. Raises Fault for what is none."""
    try:
        event = json.loads(message)
        kind = event["type"]
        kind = ALIASES.get(kind, kind)
        return _read(kind, event)
    # binascii.Error is a ValueError.
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise broken("realtime", f"sent what is no event ({type(error).__name__})") from error


def _read(kind: str, event: Mapping[str, Any]) -> Event | None:
    reader = _READERS.get(kind)
    return None if reader is None else reader(event)


def _audio(event: Mapping[str, Any]) -> Audio:
    pcm = base64.b64decode(_text(event["delta"], MAX_EVENT_BYTES), validate=True)
    if len(pcm) % 2:
        raise ValueError("half a sample")
    return Audio(_text(event["item_id"]), int(event.get("content_index", 0)), pcm)


def _text(value: object, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise TypeError("text was wanted")
    return value[:most]


def _why(response: Mapping[str, Any]) -> Fault | None:
    if response.get("status") not in ("failed", "incomplete"):
        return None
    details = response.get("status_details") or {}
    error = details.get("error") or {}
    code = str(error.get("code") or details.get("reason") or "no reason given")[:80]
    if code == "rate_limit_exceeded":
        return Fault("realtime_busy", "the realtime model has had too many questions")
    return broken("realtime", f"did not finish its answer ({code})")


def _failed(error: Mapping[str, Any]) -> Failed | None:
    code = str(error.get("code") or error.get("type") or "no code")[:80]
    if code in HARMLESS:
        return None
    return Failed(broken("realtime", f"told of an error ({code})"))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event | None]] = {
    "session.updated": lambda event: Ready(),
    "input_audio_buffer.speech_started": lambda event: SpeechStarted(),
    "input_audio_buffer.speech_stopped": lambda event: SpeechStopped(),
    "response.created": lambda event: Created(_text(event["response"]["id"])),
    "response.output_audio.delta": _audio,
    "response.output_audio.done": lambda event: AudioDone(_text(event["item_id"])),
    "response.output_audio_transcript.delta": lambda event: Words(
        _text(event["item_id"]), _text(event["delta"])
    ),
    "conversation.item.input_audio_transcription.completed": lambda event: Heard(
        _text(event["transcript"]).strip()
    ),
    "response.done": lambda event: Done(_why(event["response"])),
    "error": lambda event: _failed(event["error"]),
}


def session_update(prompt: str, voice: str | None, language: str | None) -> dict[str, object]:
    """How the session is to be: sound both ways, its own turn detection, our prompt."""
    transcription: dict[str, object] = {"model": "gpt-4o-mini-transcribe"}
    if language:
        transcription["language"] = language
    pcm = {"type": "audio/pcm", "rate": RATE_HZ}
    output: dict[str, object] = {"format": pcm}
    if voice:
        output["voice"] = voice
    heard = {
        "format": pcm,
        "turn_detection": {"type": "server_vad", "interrupt_response": True},
        "transcription": transcription,
    }
    return {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "instructions": prompt,
            "output_modalities": ["audio"],
            "audio": {"input": heard, "output": output},
        },
    }


def append(pcm: bytes) -> dict[str, object]:
    """Sound of the visitor."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}


def truncate(item: str, index: int, heard_s: float) -> dict[str, object]:
    """Of this item only so much was heard."""
    return {
        "type": "conversation.item.truncate",
        "item_id": item,
        "content_index": index,
        "audio_end_ms": round(heard_s * 1000),
    }


def typed(text: str) -> list[dict[str, object]]:
    """Words of the visitor, and that an answer is wanted."""
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    return [{"type": "conversation.item.create", "item": item}, {"type": "response.create"}]
