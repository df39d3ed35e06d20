from __future__ import annotations

from server.bench.cycles import Rest, judge
from server.bench.latency import Plan
from server.bench.report import Row
from server.bench.service import Service
from server.bench.soak import Look


def table(after: Rest) -> dict[str, Row]:
    before = Rest(Look(0, 200.0, 12, 9), 0)
    half = Rest(Look(0, 203.0, 12, 9), 0)
    rests = (before, half, after)
    result = judge(Plan(connects=3), [300.0] * 3, rests, {}, Service("u", None, {}))
    return {item.name: item for item in result.rows}


def held(after: Rest) -> dict[str, bool | None]:
    return {name: item.held for name, item in table(after).items()}


def test_memory_is_told_from_the_start_and_from_half_time() -> None:
    rows = table(Rest(Look(0, 205.0, 12, 9), 0))
    found = [rows[name].summary for name in rows if name.startswith("server memory")]
    assert [summary.p50 for summary in found if summary is not None] == [5.0, 2.0]


def test_nothing_left_holds() -> None:
    assert all(value is not False for value in held(Rest(Look(0, 205.0, 12, 9), 0)).values())


def test_anything_left_misses() -> None:
    assert held(Rest(Look(0, 205.0, 13, 9), 0))["tasks left"] is False
    assert held(Rest(Look(0, 205.0, 12, 10), 0))["threads left"] is False
    assert held(Rest(Look(0, 205.0, 12, 9), 1))["sessions left"] is False
    assert held(Rest(Look(0, 205.0, None, 9), 0))["tasks left"] is False
