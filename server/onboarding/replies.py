"""What the API tells of avatars and photos, as checked models: the source of the page /docs.

Runs on the event loop.
Never acts on what it holds.
"""

from __future__ import annotations

from pydantic import BaseModel, Field


class ConsentRecordReply(BaseModel):
    """Who agreed, when, to what."""

    given: str = Field(description="UTC, ISO 8601.")
    by: str = Field(description="May be empty.")
    statement: str


class AvatarReply(BaseModel):
    """One avatar that a session may use."""

    name: str
    title: str
    credit: str
    portrait: str = Field(description="URL of its portrait, relative to the server.")
    preview: str | None = Field(description="URL of a short film that loops; null: there is none.")
    attributes: dict[str, str] = Field(description="Of people who do not exist: age, hair, ...")
    paste: dict[str, float] = Field(
        description="How much of the renderer's mouth and eyes is shown, 0 to 1, as tried on the "
        "photo; empty: not tried, all is."
    )
    default: bool
    user: bool = Field(description="Made by a user, who may remove it.")


class OneAvatarReply(AvatarReply):
    """One avatar, with the consent."""

    consent: ConsentRecordReply | None = Field(
        description="Of avatars of users, told where photos are taken; else null."
    )


class AvatarsReply(BaseModel):
    """Every avatar."""

    avatars: list[AvatarReply]
    uploads: bool = Field(description="Whether this server makes avatars of photos.")


class RemarkReply(BaseModel):
    """Something about a photo."""

    code: str
    message: str
    remedy: str


class PhotoReply(BaseModel):
    """What is seen in a photo; lengths are shares of its width and height."""

    width: int
    height: int
    faces: list[tuple[float, float, float, float]] = Field(
        description="From left to right; x, y, width, height. Each can be chosen by its index."
    )
    outlines: list[list[tuple[float, float]]] = Field(description="Of the face and the lips.")
    crop: tuple[float, float, float, float] | None = Field(
        description="What the avatar will show: x, y, width, height."
    )
    problem: RemarkReply | None = Field(description="Why it cannot become an avatar.")
    warnings: list[RemarkReply]


class StepReply(BaseModel):
    """Event `step`: what is being done now."""

    code: str = Field(description="waiting, reading, finding, cutting, fitting, preview, saving.")
    words: str
    share: float = Field(description="What is behind us, 0 to 1.")
