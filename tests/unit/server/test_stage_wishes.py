"""What a client may wish for, and what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engines.render.backdrops import BACKDROPS
from engines.render.stage import (
    AS_IT_IS,
    Backdrop,
    Background,
    Blur,
    Colour,
    Photo,
    Stage,
    image_of,
)
from server.errors import ApiError
from server.stage_wishes import StageChange, applied, reply_of

OWN = image_of(np.full((64, 64, 3), 5, np.uint8), 64)


def change(**fields: Any) -> StageChange:
    return StageChange.model_validate(fields)


@pytest.mark.parametrize(
    ("wish", "background"),
    [
        ({"kind": "photo"}, Photo()),
        ({"kind": "blur"}, Blur(0.5)),
        ({"kind": "blur", "strength": 1}, Blur(1.0)),
        ({"kind": "colour", "colour": "#00B140"}, Colour((64, 177, 0))),
        *(({"kind": "backdrop", "name": name}, Backdrop(name)) for name in BACKDROPS),
        ({"kind": "image"}, OWN),
    ],
)
def test_every_background_is_made_and_told(wish: dict[str, Any], background: Background) -> None:
    stage = applied(change(background=wish), AS_IT_IS, OWN)
    assert stage == Stage(background)
    told = reply_of(stage).model_dump()["background"]
    assert applied(change(background=told), AS_IT_IS, OWN) == stage
    assert "pixels" not in str(told)


def test_what_is_left_out_stays() -> None:
    green = applied(change(background={"kind": "colour", "colour": "#00b140"}), AS_IT_IS, None)
    head = applied(change(framing="head"), green, None)
    turned = applied(change(mirrored=True), head, None)
    assert turned == Stage(green.background, "head", True)
    assert applied(change(), turned, None) == turned
    assert applied(change(mirrored=False, framing="shoulders"), turned, None) == green


STRENGTHS: list[Any] = [-0.1, 1.1, "0.5", float("nan"), float("inf"), True, None, []]
BAD: list[dict[str, Any]] = [
    {"background": "green"},
    {"background": {}},
    {"background": {"kind": "moon"}},
    {"background": {"kind": "colour"}},
    *(
        {"background": {"kind": "colour", "colour": colour}}
        for colour in ("green", "#0f0", "00b140", "#00b140ff", "#00b14g", "", "#00b140\n", 3, None)
    ),
    *({"background": {"kind": "blur", "strength": strength}} for strength in STRENGTHS),
    {"background": {"kind": "backdrop"}},
    {"background": {"kind": "backdrop", "name": "../../etc/passwd"}},
    {"background": {"kind": "backdrop", "name": "x" * 100_000}},
    {"background": {"kind": "photo", "colour": "#000000"}},
    {"background": {"kind": "image", "data": "..."}},
    {"framing": "feet"},
    {"framing": ["head"]},
    {"mirrored": "true"},
    {"mirrored": 1},
    {"zoom": 2},
]


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: str(fields)[:60])
def test_everything_else_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StageChange.model_validate(fields)


def test_a_picture_that_was_never_sent_is_told_with_the_way_to_send_it() -> None:
    with pytest.raises(ApiError) as caught:
        applied(change(background={"kind": "image"}), AS_IT_IS, None)
    assert (caught.value.status, caught.value.code) == (409, "no_image")
    assert "PUT" in caught.value.hint
