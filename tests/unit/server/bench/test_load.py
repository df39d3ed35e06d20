from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from server.bench.caller import Figures
from server.bench.herd import Herd
from server.bench.latency import Plan
from server.bench.load import TRIES, Climb, Step, climb, judge
from server.bench.machine import Usage
from server.bench.needs import BenchError
from server.bench.report import Result
from server.bench.service import Service
from tests.unit.server.bench.test_herd import FOUND

SERVED = {"server": Usage(1.0, 400.0)}
UNDER_TEST = Service("u", None, {})


def step(*found: Figures, jaw: float = 0.0) -> Step:
    """`jaw` is that of the silent ones; speaking it is 0.1."""
    return Step(list(found), [0.1 if each.speaking else jaw for each in found], SERVED, 0.7)


def judged(seen: Climb, renderer: str = "motion-frame") -> dict[str, Any]:
    plan = Plan(settings={"render.renderer": renderer}, command="c")
    result: Result = judge(plan, seen, {}, UNDER_TEST)
    return {item.name: item for item in result.rows} | {"all": result}


def test_four_sessions_hold_and_what_each_costs_is_told() -> None:
    quiet = replace(FOUND, speaking=False)
    seen = Climb([step(FOUND), step(FOUND, quiet, FOUND, quiet)], [150.0])
    seen.end, seen.refusals, seen.meanwhile = "503", TRIES + 1, [FOUND] * 4
    rows = judged(seen)
    assert rows["all"].held and rows["sessions held"].summary.p50 == 4
    assert rows["server CPU, each session"].summary.p50 == 0.25
    assert rows["server memory, each session"].summary.p50 == 100.0
    assert rows["one more is refused (503), each time"].held
    assert rows["jaw of the silent, as a share"].held
    assert rows["of 1: pictures drawn a second"].summary.count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"drawn": 12},
        {"pictures": 12},
        {"interval_ms": [40.0] * 20 + [120.0] * 4},
    ],
)
def test_a_number_at_which_one_session_is_not_well_is_not_held(change: dict[str, Any]) -> None:
    seen = Climb([step(FOUND), step(FOUND, replace(FOUND, **change))], [150.0])
    rows = judged(seen, "diffusion")
    assert rows["sessions held"].summary.p50 == 1 and rows["sessions held"].held
    assert judged(seen)["sessions held"].held is False


def test_each_number_tells_what_came_and_what_the_host_took() -> None:
    seen = Climb([step(FOUND), replace(step(FOUND, FOUND), stolen=0.25)], [])
    rows = judged(seen)
    assert rows["of 2: processor taken by the host"].summary.p50 == 25
    assert rows["of 1: processor taken by the host"].summary.p50 == 0
    received = FOUND.pictures / FOUND.seconds
    assert rows["of 2: pictures received a second"].samples == (received, received)
    assert rows["of 2: gaps in the sound"].samples == (FOUND.gaps, FOUND.gaps)


def test_a_gap_in_the_sound_or_a_jaw_that_moves_with_anothers_misses() -> None:
    assert (
        judged(Climb([step(replace(FOUND, gaps=1))], []))["gaps in the sound over 60 ms"].held
        is False
    )
    rows = judged(Climb([step(FOUND, replace(FOUND, speaking=False), jaw=0.09)], []))
    assert rows["jaw of the silent, as a share"].held is False


def test_a_refusal_that_was_none_or_that_disturbs_misses() -> None:
    seen = Climb([step(FOUND)], [], "503", TRIES, [replace(FOUND, drawn=10)])
    rows = judged(seen)
    assert rows["one more is refused (503), each time"].held is False
    assert rows["meanwhile: pictures drawn a second"].held is False


class House:
    """A herd with room for `room`; each step's figures come from `found`."""

    def __init__(self, room: int, found: Figures = FOUND) -> None:
        self.members: list[Any] = []
        self.live: list[Any] = []
        self._room = room
        self._found = found

    async def add(self, *, silent: bool = False) -> Any:
        inside = len(self.live) < self._room
        state = {"state": "live", "first_ms": 9} if inside else {"state": "refused", "why": "full"}
        one = type("One", (), {"live": inside, "refused": not inside, "first": state})()
        self.members.append(one)
        self.live += [one] if inside else []
        return one

    async def measure(self, seconds: float) -> list[Figures]:
        return [self._found] * len(self.live)

    async def watch(self) -> list[float]:
        return [0.1] * len(self.live)


class Metered(Service):
    async def metrics(self) -> dict[str, float]:
        return {"avatar_engine_use": 0.5}


async def climbed(
    house: House, most: int, monkeypatch: pytest.MonkeyPatch, first: int = 1
) -> Climb:
    monkeypatch.setattr("server.bench.load.WARM_S", 0.0)
    bounds = (first, most, 0.0)
    return await climb(cast(Herd, house), Metered("u", None, {}), bounds, lambda line: None)


async def test_the_climb_ends_where_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = await climbed(House(2), 8, monkeypatch)
    assert [each.count for each in seen.steps] == [1, 2]
    assert seen.refusals == TRIES + 1 and seen.meanwhile == [FOUND] * 2 and seen.end == "full"


async def test_it_may_begin_with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = await climbed(House(9), 4, monkeypatch, first=3)
    assert [each.count for each in seen.steps] == [3, 4] and len(seen.first_ms) == 4
    with pytest.raises(BenchError, match="not one session: full"):
        await climbed(House(2), 4, monkeypatch, first=3)


async def test_it_ends_when_pictures_are_bad_twice_or_at_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = await climbed(House(9, replace(FOUND, drawn=5)), 8, monkeypatch)
    assert len(seen.steps) == 2 and "late or too few" in seen.end
    assert len((await climbed(House(9), 3, monkeypatch)).steps) == 3
    with pytest.raises(BenchError, match="not one session"):
        await climbed(House(0), 3, monkeypatch)
