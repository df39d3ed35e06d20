"""What a client may wish for around the person, as checked models, and the stage it makes.

Runs on the event loop; pure.
Never acts on a wish and never keeps one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engines.render.backdrops import BackdropName
from engines.render.stage import (
    Backdrop,
    Background,
    Blur,
    Colour,
    Framing,
    Image,
    Photo,
    Stage,
    colour_of,
    text_of,
)
from server.errors import ApiError


class Wish(BaseModel):
    """Nothing unknown and nothing of another type: a typing slip must not pass in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PhotoWish(Wish):
    """The portrait's own background."""

    kind: Literal["photo"]


class BlurWish(Wish):
    """The portrait's own background, out of focus."""

    kind: Literal["blur"]
    strength: float = Field(default=0.5, ge=0, le=1, description="0 hardly, 1 only colours.")


class ColourWish(Wish):
    """One plain colour, for a chroma key or a calm page."""

    kind: Literal["colour"]
    colour: str = Field(
        pattern=r"^#[0-9a-fA-F]{6}$", description="#rrggbb; #00b140 is a chroma key's green."
    )


class BackdropWish(Wish):
    """One of the built-in backdrops."""

    kind: Literal["backdrop"]
    name: BackdropName


class ImageWish(Wish):
    """The picture that this session was given by PUT .../stage/image."""

    kind: Literal["image"]


BackgroundWish = Annotated[
    PhotoWish | BlurWish | ColourWish | BackdropWish | ImageWish, Field(discriminator="kind")
]


class StageChange(Wish):
    """What is to change around the person; what is left out stays as it is."""

    background: BackgroundWish | None = None
    framing: Framing | None = Field(
        default=None, description="shoulders: the whole portrait; head: closer."
    )
    mirrored: bool | None = Field(
        default=None, description="The person; pictures behind stay readable."
    )


class StageReply(BaseModel):
    """The stage as it is."""

    background: BackgroundWish
    framing: Framing
    mirrored: bool


def applied(change: StageChange, stage: Stage, own: Image | None) -> Stage:
    """`stage` with `change`. Raises ApiError 409 when the session has no picture of its own."""
    wish = change.background
    return Stage(
        stage.background if wish is None else _background(wish, own),
        change.framing or stage.framing,
        stage.mirrored if change.mirrored is None else change.mirrored,
    )


def _background(wish: BackgroundWish, own: Image | None) -> Background:
    match wish:
        case PhotoWish():
            return Photo()
        case BlurWish():
            return Blur(wish.strength)
        case ColourWish():
            return colour_of(wish.colour)
        case BackdropWish():
            return Backdrop(wish.name)
    if own is None:
        raise ApiError(
            409,
            "no_image",
            "this session has no picture of its own",
            "send one first: PUT /v1/sessions/{id}/stage/image",
        )
    return own


def reply_of(stage: Stage) -> StageReply:
    """The stage in the words of the API."""
    background: BackgroundWish
    match stage.background:
        case Photo():
            background = PhotoWish(kind="photo")
        case Blur(strength):
            background = BlurWish(kind="blur", strength=strength)
        case Colour():
            background = ColourWish(kind="colour", colour=text_of(stage.background))
        case Backdrop(name):
            # Checked when it was wished for.
            background = BackdropWish.model_construct(kind="backdrop", name=name)
        case Image():
            background = ImageWish(kind="image")
    return StageReply(background=background, framing=stage.framing, mirrored=stage.mirrored)
