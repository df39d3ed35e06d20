from __future__ import annotations

from typing import Any

import pytest

from server.bench.analyse import Sound, flow
from server.bench.latency import Plan
from server.bench.service import Service
from server.bench.soak import Look, Watch, growth_rows, judge
from tests.unit.server.bench.test_latency import session


def sound(at_s: float, mouth: float) -> Sound:
    return Sound(at_s * 1000, mouth, mouth, 5.0, 25.0, 140.0, 45.0)


def looks(growth_mib: float = 0.0, tasks: float = 0.0) -> list[Look]:
    # 30 MiB of loading in the first two minutes do not count.
    return [
        Look(at, 200 + min(at, 120) / 4 + max(0, at - 120) * growth_mib / 1680, 12 + tasks * at, 9)
        for at in range(0, 1801, 10)
    ]


def table(creep_ms: float = 0.0, seen: list[Look] | None = None) -> dict[str, Any]:
    found = [sound(at, 210 + creep_ms * at / 1800) for at in range(0, 1800, 2)]
    watched = Watch(found, 1, looks() if seen is None else seen, flow(session().shown))
    result = judge(Plan(command="c"), watched, {}, {}, Service("http://x", None, {}))
    return {"result": result, **{item.name: item for item in result.rows}}


def test_a_steady_session_holds() -> None:
    rows = table()
    assert rows["result"].held
    assert rows["audio to matching mouth, end minus start"].summary.p50 == 0
    assert rows["server memory, growth"].summary.p50 == pytest.approx(0, abs=0.5)
    assert rows["pictures"].summary.p50 == pytest.approx(25)


def test_creeping_latency_misses() -> None:
    rows = table(creep_ms=30)
    row = rows["audio to matching mouth, end minus start"]
    assert row.held is False
    assert row.summary.p50 == pytest.approx(28, abs=1)
    assert rows["audio to matching mouth, slope"].summary.p50 == pytest.approx(60)


def test_growing_memory_and_tasks_miss() -> None:
    assert table(seen=looks(growth_mib=25))["server memory, growth"].held is False
    assert table(seen=looks(growth_mib=15))["server memory, growth"].held is True
    assert table(seen=looks(tasks=0.01))["tasks, growth"].held is False


def test_unknown_memory_holds_nothing() -> None:
    rows = {
        item.name: item for item in growth_rows([Look(float(at), None, 1, 1) for at in range(9)])
    }
    assert rows["server memory, growth"].held is False
    assert rows["tasks, growth"].held is True


def test_a_run_without_pictures_is_shown_as_such() -> None:
    watched = Watch(looks=looks())
    result = judge(Plan(), watched, {}, {}, Service("http://x", None, {}))
    assert not result.held
    assert {item.name: item.summary for item in result.rows}["pictures"] is None
