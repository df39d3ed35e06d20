from __future__ import annotations

from typing import Any

import pytest

from server.bench.analyse import Recording
from server.bench.error import inserted_delays, medians, rows
from server.bench.latency import Plan
from server.bench.needs import BenchError
from tests.unit.server.bench.test_latency import run_of, session


@pytest.mark.parametrize("wrong_ms", [0.0, 8.0, -12.0])
def test_error_is_read_back_minus_inserted(wrong_ms: float) -> None:
    found: dict[int, Any] = {}
    for inserted in (0, 50, 200):
        delay_ms = 140 + inserted + (wrong_ms if inserted else 0)
        found[inserted] = medians(run_of(session(delay_ms=delay_ms)))
    table = {item.name: item for item in rows(found)}
    for part in ("mouth", "voice", "release"):
        name = f"200 ms inserted, error of the {part}"
        summary = table[name].summary
        assert summary is not None and summary.p50 == pytest.approx(wrong_ms, abs=0.6)
        assert table[name].held is (abs(wrong_ms) <= 10)
    assert len(table) == 9


def test_a_session_without_probe_is_said() -> None:
    with pytest.raises(BenchError, match="probe"):
        medians(run_of(Recording()))


async def test_a_running_server_cannot_be_delayed() -> None:
    with pytest.raises(BenchError, match="leave --server"):
        await inserted_delays(Plan(url="http://127.0.0.1:1"), print)
    with pytest.raises(BenchError, match="--set"):
        await inserted_delays(Plan(settings={"media.playout_delay_ms": "180"}), print)
