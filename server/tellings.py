"""What a client may tell a session's face, as checked models: words, feelings, actions, manner.

Runs on the event loop.
Never acts on what it holds: `wish_of` makes of it what the engine obeys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import MAX_TEMPERATURE, Act, Feel, Listen, Manner, Wish
from server.bodies import Strict
from server.director import MAX_TEXT
from server.errors import ApiError

Share = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]


class TranscriptTelling(Strict):
    """Words that are being spoken now; what they feel like is shown."""

    type: Literal["transcript"]
    text: Annotated[str, Field(max_length=20_000)]


class EmotionTelling(Strict):
    """Show this emotion, whatever is heard. With nothing but the type: what is heard again."""

    type: Literal["emotion"] = "emotion"
    label: Annotated[str, Field(max_length=32)] | None = None
    valence: Signed | None = None
    arousal: Signed | None = None
    intensity: Share = 1.0


class ActionTelling(Strict):
    """Do something once: nod, shake, look_left, laugh ..."""

    type: Literal["action"]
    name: Annotated[str, Field(max_length=32)]


class MannerTelling(Strict):
    """How the character moves; dials left out are the usual 0.5."""

    type: Literal["manner"] = "manner"
    dials: Annotated[dict[Annotated[str, Field(max_length=32)], Share], Field(max_length=16)] = (
        Field(default_factory=dict)
    )
    temperature: Annotated[float, Field(ge=0, le=MAX_TEMPERATURE)] = 1.0


class ListeningTelling(Strict):
    """What the other side does: who is spoken to nods and looks on."""

    type: Literal["listening"]
    speaking: bool
    energy: Share = 0.5


class SceneTelling(Strict):
    """Describe the scene: manner, mood and what to do, in words."""

    type: Literal["scene"]
    text: Annotated[str, Field(max_length=MAX_TEXT)]


Telling: TypeAlias = Annotated[
    TranscriptTelling
    | EmotionTelling
    | ActionTelling
    | MannerTelling
    | ListeningTelling
    | SceneTelling,
    Field(discriminator="type"),
]
WishTelling: TypeAlias = EmotionTelling | ActionTelling | MannerTelling | ListeningTelling
"""Those that are one wish; words and a scene may be several."""
TELLING: TypeAdapter[Telling] = TypeAdapter(Telling)
KINDS = frozenset({"transcript", "emotion", "action", "manner", "listening", "scene"})


def wish_of(telling: WishTelling) -> Wish:
    """What the engine obeys. Raises ApiError 422 for an unknown label, action or dial."""
    try:
        match telling:
            case EmotionTelling():
                return Feel(_override(telling))
            case ActionTelling():
                return Act(telling.name)
            case MannerTelling():
                return Manner(telling.dials, telling.temperature)
            case ListeningTelling():
                return Listen(telling.speaking, telling.energy)
    except ValueError as error:
        raise ApiError(
            422, "bad_telling", str(error), "see docs/api.md, Telling the face"
        ) from error


def _override(telling: EmotionTelling) -> EmotionOverride | None:
    if telling.label is None and telling.valence is None and telling.arousal is None:
        return None
    return EmotionOverride(telling.label, telling.valence, telling.arousal, telling.intensity)


def read_telling(message: Mapping[str, Any]) -> Telling:
    """Check a message. Raises pydantic.ValidationError."""
    return TELLING.validate_python(dict(message))


def unknown_message(kind: object) -> Mapping[str, object]:
    """The warning for a message that this server does not know: it must not pass in silence."""
    said = f"type {kind[:32]!r}" if isinstance(kind, str) else "no type"
    return {
        "type": "warning",
        "code": "unknown_message",
        "message": f"a message with {said} is not known here",
        "hint": "see docs/api.md, Events on the data channel",
    }
