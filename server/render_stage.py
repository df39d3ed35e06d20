"""The stage of `synchrorama render`: what was written on the command line, as a stage.

Runs on the main thread, once.
Never keeps a picture longer than the video takes.
"""

from __future__ import annotations

import re
from pathlib import Path

from engines.avatars.intake import BadImage, decode
from engines.render.backdrops import BACKDROPS
from engines.render.stage import (
    Backdrop,
    Background,
    Blur,
    Framing,
    Photo,
    Stage,
    colour_of,
    image_of,
)

BACKGROUND_HELP = (
    "photo, blur, blur:0 to blur:1, a colour as #00b140, a picture's path, or one of "
    + ", ".join(BACKDROPS)
)
_BLUR = re.compile(r"blur(?::(0|1|0?\.\d{1,6}|1\.0{1,6}))?")


class BadStage(Exception):
    """A background that cannot be; the message says why and what to do."""


def stage_of(background: str, framing: Framing, mirrored: bool, size: int) -> Stage:
    """The stage for pictures of `size`. Raises BadStage."""
    return Stage(_background(background, size), framing, mirrored)


def _background(text: str, size: int) -> Background:
    if text == "photo":
        return Photo()
    blur = _BLUR.fullmatch(text)
    if blur is not None:
        return Blur(float(blur[1])) if blur[1] else Blur()
    if text in BACKDROPS:
        return Backdrop(text)
    try:
        if text.startswith("#"):
            return colour_of(text)
        return image_of(decode(Path(text).read_bytes()), size)
    except FileNotFoundError as error:
        raise BadStage(f"--background {text}: wanted {BACKGROUND_HELP}") from error
    except BadImage as error:
        said = f"{error.what}: got {error.got}, wanted {error.wanted}"
        # What is asked of portraits is not asked of what stands behind them.
        remedy = f"give {BACKGROUND_HELP}" if error.code == "no_image" else error.remedy
        raise BadStage(f"--background {text}: {said}; {remedy}") from error
    except (ValueError, OSError) as error:
        raise BadStage(f"--background {text}: {error}") from error
