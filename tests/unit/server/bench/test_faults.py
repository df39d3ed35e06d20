from __future__ import annotations

import os
from dataclasses import replace
from typing import cast

import pytest

from server.bench import faults as faults_module
from server.bench.caller import Figures
from server.bench.faults import (
    GAP_BAR,
    _drain,
    _fill,
    fault_rows,
    faults,
    lost,
    outcome,
    until,
)
from server.bench.herd import Member
from server.bench.latency import Plan
from server.bench.needs import BenchError
from server.bench.report import Row, row
from tests.unit.server.bench.test_herd import FOUND


def test_what_was_lost_is_counted() -> None:
    assert lost(FOUND) == 0 and lost(replace(FOUND, pictures=20)) == 5
    assert lost(replace(FOUND, pictures=30)) == 0
    rows = fault_rows("x", replace(FOUND, interval_ms=[40.0, 700.0]), GAP_BAR)
    assert rows[0].held is False and rows[0].summary is not None and rows[0].summary.p50 == 700
    (nothing, *_) = fault_rows("x", replace(FOUND, interval_ms=[], seconds=8.0), GAP_BAR)
    assert nothing.summary is not None and nothing.summary.p50 == 8000


async def test_a_session_that_is_gone_is_a_row_and_no_end_of_the_run() -> None:
    class Gone:
        async def report(self) -> Figures:
            raise BenchError("410: this session has ended")

    class Lives(Gone):
        async def report(self) -> Figures:
            return FOUND

    (gone,) = await outcome("x", cast(Member, Gone()))
    assert gone.name == "x: the session lives" and gone.held is False
    *_, lives = await outcome("x", cast(Member, Lives()))
    assert lives.held is True


async def test_waiting_ends_when_it_is_so_or_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_module, "POLL_S", 0.0)
    tries: list[int] = []

    async def third() -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise BenchError("not there yet")
        return len(tries) == 3

    assert await until(third) < faults_module.LIMIT_S and len(tries) == 3
    monkeypatch.setattr(faults_module, "LIMIT_S", 0.0)
    assert await until(third) == 0.0


async def test_named_faults_are_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(plan: Plan) -> list[Row]:
        return [row("broken", "", [plan.seconds])]

    monkeypatch.setitem(faults_module.FAULTS, "cpu", broken)
    told: list[str] = []
    result = await faults(Plan(seconds=3, command="c"), ["cpu"], told.append)
    assert [item.name for item in result.rows] == ["broken"] and told == ["fault: cpu"]
    with pytest.raises(BenchError, match="no fault 'fire'"):
        await faults(Plan(), ["fire"], told.append)
    with pytest.raises(BenchError, match="leave --server"):
        await faults(Plan(url="http://127.0.0.1:9"), [], told.append)


def test_a_pipe_is_filled_to_the_brim_and_emptied() -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    _fill(writing)
    with pytest.raises(BlockingIOError):
        os.write(writing, b"." * 4096)
    assert set(_drain(reading)) == {ord(".")} and _drain(reading) == b""
    os.close(reading)
    os.close(writing)
