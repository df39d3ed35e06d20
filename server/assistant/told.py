"""What an assistant of this server has, for whoever asks before a session: models of the API.

Pure.
Never names a provider, an address or a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, Field

Part = Literal["asr", "llm", "tts"]
PARTS: tuple[Part, ...] = ("asr", "llm", "tts")


class PartMissing(BaseModel):
    """A part that is not there."""

    part: Part
    set: str = Field(description="What to set on the server to have it.")


class AssistantTold(BaseModel):
    """What sessions with the voice `assistant` have; docs/assistant.md."""

    parts: dict[Part, bool] = Field(
        description="asr: hears words; llm: answers; tts: speaks. Whether each is there."
    )
    missing: list[PartMissing]


def assistant_told(missing: Iterable[tuple[str, str]]) -> AssistantTold:
    """From (part, what to set) of those that are not there. Raises ValueError on another part."""
    told = [PartMissing.model_validate({"part": part, "set": wish}) for part, wish in missing]
    absent = {each.part for each in told}
    return AssistantTold(parts={part: part not in absent for part in PARTS}, missing=told)
