"""One session's stage: the newest wish counts, faults keep the old one, nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engines.render.stage import AS_IT_IS, Colour, Stage, image_of
from server.errors import ApiError
from server.stage_wishes import StageChange
from server.staging import REST_S, Staging

OWN = image_of(np.full((64, 64, 3), 5, np.uint8), 64)


def colour(red: int) -> StageChange:
    return StageChange.model_validate(
        {"background": {"kind": "colour", "colour": f"#{red:02x}0000"}}
    )


class Theatre:
    """Where stages are brought on; slow or broken when told to be."""

    def __init__(self) -> None:
        self.shown: list[Stage] = []
        self.told: list[Mapping[str, Any]] = []
        self.rests: list[float] = []
        self.go = asyncio.Event()
        self.go.set()
        self.begun = asyncio.Event()
        self.fault: Exception | None = None
        self.staging = Staging(AS_IT_IS, self.show, self.told.append, sleep=self.rest)

    async def show(self, stage: Stage) -> None:
        self.begun.set()
        await self.go.wait()
        if self.fault is not None:
            raise self.fault
        self.shown.append(stage)

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)


async def test_a_change_is_shown_and_told() -> None:
    home = Theatre()
    home.staging.change(colour(9))
    stage = await home.staging.settled()
    assert home.shown == [stage] == [Stage(Colour((0, 0, 9)))]
    assert home.told == [
        {
            "type": "stage",
            "background": {"kind": "colour", "colour": "#090000"},
            "framing": "shoulders",
            "mirrored": False,
        }
    ]


async def test_nothing_new_builds_nothing() -> None:
    home = Theatre()
    home.staging.change(StageChange())
    assert await home.staging.settled() == AS_IT_IS
    assert home.shown == [] and await Theatre().staging.settled() == AS_IT_IS


async def test_of_a_thousand_changes_the_first_and_the_last_are_built() -> None:
    home = Theatre()
    home.go.clear()
    waiting = []
    for number in range(1000):
        home.staging.change(colour(number % 256))
        waiting.append(asyncio.ensure_future(home.staging.settled()))
    await home.begun.wait()
    home.staging.change(colour(77))
    home.go.set()
    last = Stage(Colour((0, 0, 77)))
    assert await asyncio.gather(*waiting) == [last] * 1000
    assert len(home.shown) == 2 and home.shown[-1] == last
    assert home.rests == [REST_S]


async def test_changes_add_up_before_they_are_shown() -> None:
    home = Theatre()
    home.staging.change(colour(1))
    home.staging.change(StageChange(framing="head"))
    home.staging.hear({"type": "stage", "mirrored": True})
    assert home.staging.stage == Stage(Colour((0, 0, 1)), "head", True)
    await home.staging.settled()
    assert home.shown == [Stage(Colour((0, 0, 1)), "head", True)]


async def test_ones_own_picture_is_kept_for_later_and_replaced() -> None:
    home = Theatre()
    home.staging.give(OWN)
    assert (await home.staging.settled()).background == OWN
    home.staging.change(colour(1))
    home.staging.change(StageChange.model_validate({"background": {"kind": "image"}}))
    assert home.staging.stage.background == OWN
    other = image_of(np.full((64, 64, 3), 6, np.uint8), 64)
    home.staging.give(other)
    assert home.staging.stage.background == other
    await home.staging.settled()
    assert home.told[-1]["background"] == {"kind": "image"}


async def test_a_stage_that_cannot_be_built_leaves_the_old_one() -> None:
    home = Theatre()
    home.fault = MemoryError("no room")
    home.staging.change(colour(9))
    with pytest.raises(ApiError) as caught:
        await home.staging.settled()
    assert (caught.value.status, caught.value.code) == (500, "stage_failed")
    assert "room" not in caught.value.message
    assert home.staging.stage == AS_IT_IS
    assert home.told[-1]["type"] == "warning"
    home.fault = None
    home.staging.change(colour(9))
    assert await home.staging.settled() == Stage(Colour((0, 0, 9)))


async def test_a_fault_that_says_what_it_is_is_passed_on() -> None:
    home = Theatre()
    home.fault = ApiError(410, "session_closed", "over")
    home.staging.change(colour(9))
    with pytest.raises(ApiError) as caught:
        await home.staging.settled()
    assert caught.value.status == 410
    assert home.told == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "stage", "framing": "feet"}, "invalid_request"),
        ({"type": "stage", "background": {"kind": "colour", "colour": "x"}}, "invalid_request"),
        ({"type": "stage", "extra": [1] * 50}, "invalid_request"),
        ({"type": "stage", "background": {"kind": "image"}}, "no_image"),
    ],
)
async def test_a_bad_message_is_told_and_changes_nothing(
    message: dict[str, Any], code: str
) -> None:
    home = Theatre()
    home.staging.hear(message)
    assert await home.staging.settled() == AS_IT_IS
    (warning,) = home.told
    assert (warning["type"], warning["code"]) == ("warning", code)
    assert warning["message"] and home.shown == []


async def test_closed_it_builds_nothing_more_and_lets_its_picture_go() -> None:
    home = Theatre()
    home.staging.give(OWN)
    await home.staging.settled()
    home.go.clear()
    home.begun.clear()
    home.staging.change(colour(9))
    waiting = asyncio.ensure_future(home.staging.settled())
    await home.begun.wait()
    home.staging.close()
    home.staging.close()
    await waiting
    home.staging.change(colour(10))
    await home.staging.settled()
    assert [stage.background for stage in home.shown] == [OWN]
    assert home.staging._own is None
