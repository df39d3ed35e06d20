"""Does what a client's message about texts asks, and says what to answer: on any way in.

Runs on the event loop.
Never raises for what a client sent: it is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from engines.emotion.values import EmotionOverride
from server.push_timeline import PushRefused
from server.speech.messages import VERSIONS, Clear, Feeling, Hello, Mark, Speak
from server.speech.speaker import Text
from server.voices.faults import VoiceFault

if TYPE_CHECKING:
    from server.push_protocol import PushVoice

Words: TypeAlias = Speak | Clear | Mark | Hello
WORDS = frozenset({"speak", "clear", "mark", "hello"})


def perform(voice: PushVoice, message: Words) -> Mapping[str, object] | None:
    """Do it; what to tell who sent it."""
    segment = message.segment if isinstance(message, Speak) else None
    try:
        match message:
            case Speak():
                return {"type": "queued", "segment": voice.speak(text_of(message))}
            case Clear():
                voice.clear()
            case Mark():
                voice.mark(message.name, message.position_s)
            case Hello():
                return _hello(voice, message.version)
    except VoiceFault as error:
        return error_of(error.code, error.message, error.hint, segment)
    except PushRefused as error:
        return error_of("refused", str(error), "", segment)
    except ValueError as error:
        return error_of("bad_emotion", str(error), "see docs/emotion.md", segment)
    return None


def answer(voice: PushVoice | None, message: Mapping[str, object]) -> Mapping[str, object] | None:
    """The same for a message of the page's, which is JSON and of a type in WORDS."""
    from server.push_protocol import PushError, control_of

    if voice is None:
        hint = "create a session with voice push"
        return error_of("wrong_voice", "this session speaks with the microphone's voice", hint)
    try:
        control = control_of(message)
    except PushError as error:
        return error_of(error.code, str(error), "see docs/speak.md")
    assert isinstance(control, Speak | Clear | Mark | Hello)
    return perform(voice, control)


def too_long(got: int, limit: int) -> Mapping[str, object]:
    """The error for a message of the page that was not read."""
    said = f"the message has {got} characters, at most {limit} are read on the data channel"
    return error_of("message_too_big", said, "send it in parts, or by the websocket")


def text_of(message: Speak) -> Text:
    """What the speaker wants of it. Raises ValueError on an emotion that is none."""
    return Text(
        message.text,
        message.segment,
        message.voice,
        message.language,
        _felt(message.emotion),
        message.more,
        message.words,
    )


def check_version(asked: str | None) -> None:
    """Of the address, `?version=1`. Raises PushError for one that this server does not speak."""
    from server.push_protocol import POLICY, PushError

    if asked is not None and asked not in map(str, VERSIONS):
        raise PushError(POLICY, "unsupported_version", _unsupported(asked))


def error_of(
    code: str, message: str, hint: str = "", segment: str | None = None
) -> Mapping[str, object]:
    """An error as it is told."""
    told = {"type": "error", "code": code, "message": message, "hint": hint, "segment": segment}
    return {name: value for name, value in told.items() if value}


def _hello(voice: PushVoice, version: int) -> Mapping[str, object]:
    if version in VERSIONS:
        return voice.hello()
    return error_of("unsupported_version", _unsupported(version), "this one goes on with version 1")


def _unsupported(asked: object) -> str:
    known = ", ".join(map(str, VERSIONS))
    return (
        f"version: got {str(asked)[:20]!r}, this server speaks {known}; leave it out for the newest"
    )


def _felt(feeling: Feeling | None) -> EmotionOverride | None:
    if feeling is None:
        return None
    return EmotionOverride(feeling.label, feeling.valence, feeling.arousal, feeling.intensity)
