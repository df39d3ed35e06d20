"""The words of the Speak API: what a client may send as JSON, and what it is told, as models.

Plain data; the source of docs/speak.asyncapi.yaml.
Never acts on what it holds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from server.bodies import Strict
from server.tellings import Share, Signed
from server.voices.values import MAX_TEXT

VERSION = 1
VERSIONS = (VERSION,)
MAX_NAME = 64
RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""What speech synthesis gives: a filter for 44,101 Hz would hold the loop for 60 ms."""
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Hello(Strict):
    """Ask for a version of the protocol; the answer is a `hello`, or an error."""

    type: Literal["hello"]
    version: Annotated[int, Field(ge=0, le=1_000_000)] = VERSION


class Start(Strict):
    """Sound of a segment follows as binary messages: PCM, 16-bit little endian, mono."""

    type: Literal["start"]
    sample_rate: Annotated[int, Field(json_schema_extra={"enum": list(RATES_HZ)})]
    segment: Name | None = None
    format: Literal["pcm16"] = "pcm16"
    channels: Literal[1] = 1


class End(Strict):
    """The segment of sound is complete."""

    type: Literal["end"]
    segment: Name | None = None


class Feeling(Strict):
    """What the face shows while a segment is spoken."""

    label: Annotated[str, Field(max_length=32)] | None = None
    valence: Signed | None = None
    arousal: Signed | None = None
    intensity: Share = 1.0


class Speak(Strict):
    """Speak a text as a segment, behind those that wait."""

    type: Literal["speak"]
    text: str = Field(
        description=f"At most {MAX_TEXT} characters. `[nods]`, `[sadly]` are done, not said; "
        '`<mark name="x"/>` is told when it is reached.'
    )
    segment: Name | None = Field(None, description="Its name; one is made up when left out.")
    voice: Annotated[str, Field(max_length=256)] | None = None
    language: Annotated[str, Field(max_length=64)] | None = None
    emotion: Feeling | None = None
    more: bool = Field(
        False, description="More text of this segment follows, in messages that name it."
    )
    words: bool = Field(False, description="Tell each word as it is heard.")


class Interrupt(Strict):
    """Be silent now, and forget all that waits."""

    type: Literal["interrupt"]


class Clear(Strict):
    """Forget what waits behind the segment being spoken."""

    type: Literal["clear"]


class Mark(Strict):
    """Tell when this place in the open segment of sound has been heard."""

    type: Literal["mark"]
    name: Name
    position_s: Seconds | None = Field(
        None, description="Seconds of the segment; left out: behind the sound sent so far."
    )


class VoiceTold(BaseModel):
    """A voice that may be chosen."""

    name: str
    language: str = Field(description="BCP 47; empty: whatever the text is written in.")
    title: str


class SpeechTold(BaseModel):
    """Who speaks texts."""

    provider: str | None = Field(description="espeak, openai or local; null: texts are refused.")
    reason: str = Field(description="Why this one, or why none.")
    voice: str | None = Field(description="What speaks when none is chosen.")
    voices: list[VoiceTold]


class LimitsTold(BaseModel):
    """What is refused."""

    max_text: int = Field(description="Characters of one text.")
    max_message_bytes: int
    max_segments: int = Field(description="Segments that may wait.")
    buffer_s: float = Field(description="Speech that may wait.")


class HelloTold(BaseModel):
    """The first message of the server."""

    type: Literal["hello"] = "hello"
    version: int
    versions: list[int]
    sample_rates: list[int]
    speech: SpeechTold
    limits: LimitsTold


class QueuedTold(BaseModel):
    """A text was taken; where no name was given, this is the one made up."""

    type: Literal["queued"] = "queued"
    segment: str


class StartedTold(BaseModel):
    """The first sound of the segment has been played."""

    type: Literal["started"] = "started"
    segment: str


class FinishedTold(BaseModel):
    """Exactly once for each segment: how much of it was played."""

    type: Literal["finished"] = "finished"
    segment: str
    position_s: float
    interrupted: bool = Field(description="Whether it was not played to its end.")
    reason: Literal["spoken", "interrupted", "cleared", "failed"]


class MarkTold(BaseModel):
    """A mark of the client's own has been heard."""

    type: Literal["mark"] = "mark"
    segment: str
    name: str
    position_s: float


class WordTold(BaseModel):
    """A word is being heard; only where `speak` asked for `words`."""

    type: Literal["word"] = "word"
    segment: str
    text: str
    start: int = Field(description="First character, in the text without directions and marks.")
    end: int
    position_s: float
    estimated: bool = Field(description="Reckoned from letters: the voice tells no times.")


class BufferedTold(BaseModel):
    """Speech that waits, when it changed by half a second."""

    type: Literal["buffered"] = "buffered"
    seconds: float


class ErrorTold(BaseModel):
    """A message was not taken, or a text not spoken to its end."""

    type: Literal["error"] = "error"
    code: str
    message: str
    hint: str | None = None
    segment: str | None = Field(None, description="Of a text that could not be spoken.")
    buffered_s: float | None = Field(None, description="With buffer_full.")
    refused_s: float | None = Field(None, description="With buffer_full.")


class ClosedTold(BaseModel):
    """The session has ended."""

    type: Literal["closed"] = "closed"
    reason: str


SENT: dict[str, type[BaseModel]] = {
    "hello": Hello, "start": Start, "end": End, "speak": Speak, "interrupt": Interrupt,
    "clear": Clear, "mark": Mark,
}  # fmt: skip
"""By type, what a client may send."""
TOLD: dict[str, type[BaseModel]] = {
    "hello": HelloTold, "queued": QueuedTold, "started": StartedTold, "finished": FinishedTold,
    "mark": MarkTold, "word": WordTold, "buffered": BufferedTold, "error": ErrorTold,
    "closed": ClosedTold,
}  # fmt: skip
"""By type, what it is told."""


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema with references as AsyncAPI has them."""
    return model.model_json_schema(ref_template="#/components/schemas/{model}")
