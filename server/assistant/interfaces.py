"""The two small interfaces of an assistant besides its voice (`server.voices`), and what it drives.

Runs on the event loop.
Never says how a part does its work: each is one file beside this one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engines.values import F32
from server.push_protocol import PushVoice

Message = Mapping[str, str]
"""`role` (system, user, assistant) and `content`."""


class SpeechToText(Protocol):
    """Writes down what was said."""

    def transcribe(self, sound: F32) -> AsyncIterator[str]:
        """The words of f32[N] at 16 kHz, in pieces as they come. Raises Fault while iterated."""


class Talker(Protocol):
    """Answers."""

    def reply(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        """The answer in pieces as they come. Raises Fault while iterated; closing it cancels."""


@dataclass(frozen=True, slots=True)
class Body:
    """The face that an assistant has in its session."""

    voice: PushVoice
    tell: Callable[[Mapping[str, object]], None]
    """An event to the page."""
    act: Callable[[Mapping[str, object]], None]
    """A telling of docs/api.md (transcript, listening): what a page could tell the face itself."""


class Assistant(Protocol):
    """One session's assistant, however it is made."""

    def begin(self) -> None:
        """The visitor is there: greet."""

    def introduce(self) -> None:
        """The page hears events from now on: tell what there is."""

    def hear(self, samples: F32) -> None:
        """The microphone's next f32[N] at 16 kHz. Returns at once."""

    def played(self, samples: F32) -> None:
        """What goes out to the visitor now. Returns at once."""

    def ask(self, text: str) -> None:
        """What the visitor typed. Returns at once."""

    async def aclose(self) -> None:
        """Stop all of it. Idempotent."""
