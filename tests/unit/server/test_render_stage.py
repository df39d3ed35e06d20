"""The stage of the command line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.render.stage import (
    AS_IT_IS,
    Backdrop,
    Background,
    Blur,
    Colour,
    Image,
    Photo,
    Stage,
)
from server.render_stage import BACKGROUND_HELP, BadStage, stage_of


@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("photo", Photo()),
        ("blur", Blur()),
        ("blur:0", Blur(0.0)),
        ("blur:.25", Blur(0.25)),
        ("blur:1", Blur(1.0)),
        ("#00b140", Colour((64, 177, 0))),
        ("dusk", Backdrop("dusk")),
    ],
)
def test_backgrounds_in_words(text: str, background: Background) -> None:
    assert stage_of(text, "head", True, 256) == Stage(background, "head", True)


def test_the_default_is_the_photo() -> None:
    assert stage_of("photo", "shoulders", False, 256) == AS_IT_IS


def test_a_picture_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((200, 300, 3), 77, np.uint8))
    background = stage_of(str(path), "shoulders", False, 256).background
    assert isinstance(background, Image)
    assert background.pixels.shape == (256, 256, 3) and (background.pixels == 77).all()


@pytest.mark.parametrize("text", ["", "blur:2", "blur:x", "moon", "/no/such.png", "../dusk"])
def test_what_is_nothing_is_told_with_what_there_is(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadStage, match="--background"):
        stage_of(text, "shoulders", False, 256)


def test_a_bad_colour_and_a_bad_picture_say_why(tmp_path: Path) -> None:
    with pytest.raises(BadStage, match="rrggbb"):
        stage_of("#12345", "shoulders", False, 256)
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture at all")
    with pytest.raises(BadStage, match="not a picture.*; give photo, blur") as caught:
        stage_of(str(path), "shoulders", False, 256)
    assert "person" not in str(caught.value)
    cv2.imwrite(str(path), np.zeros((50, 50, 3), np.uint8))
    with pytest.raises(BadStage, match="too small: got 50 x 50"):
        stage_of(str(path), "shoulders", False, 256)
    with pytest.raises(BadStage):
        stage_of(str(tmp_path), "shoulders", False, 256)
    assert "dusk" in BACKGROUND_HELP
