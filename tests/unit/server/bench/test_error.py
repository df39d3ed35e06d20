from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from server.bench import error
from server.bench.analyse import Recording, follow
from server.bench.error import (
    AFTER_MS,
    BEFORE_MS,
    ORDER,
    Visit,
    change,
    delay_at,
    gather,
    inserted_delays,
    rows,
)
from server.bench.latency import Plan, Run
from server.bench.needs import BenchError
from server.bench.service import Service
from tests.unit.server.bench.test_latency import T0, run_of, session

TURN_MS = 20_000.0


def call(wrong_ms: float = 0.0, drift_ms: float = 0.0) -> tuple[Run, list[Visit]]:
    """A call with each delay of the order in turn; `drift_ms` more with every turn."""
    whole, visits = Recording(), []
    for turn, inserted in enumerate(ORDER):
        extra = inserted + (wrong_ms if inserted else 0) + turn * drift_ms
        one, shift = session(delay_ms=140 + extra), turn * TURN_MS
        frames = round(TURN_MS / 40) * turn
        whole.heard_ms += [at + shift for at in one.heard_ms]
        whole.echo_ms += [at + shift for at in one.echo_ms]
        whole.reports += [
            replace(
                each,
                arrived_ms=each.arrived_ms + shift,
                heard_ms=each.heard_ms + shift,
                onset_pts=each.onset_pts + frames * 640,
            )
            for each in one.reports
        ]
        whole.shown += [
            replace(
                each,
                at_ms=each.at_ms + shift,
                frame=each.frame + frames,
                sent_ms=(each.sent_ms + round(shift)) % 2**24 if each.sent_ms is not None else None,
            )
            for each in one.shown
        ]
        visits.append(Visit(inserted, T0 + shift, T0 + shift + TURN_MS))
    return run_of(whole), visits


def errors(run: Run, visits: list[Visit]) -> dict[str, Any]:
    return {item.name: item for item in rows({ms: gather(run, visits, ms) for ms in (0, 50, 200)})}


@pytest.mark.parametrize("wrong_ms", [0.0, 8.0, -12.0])
def test_error_is_read_back_minus_inserted(wrong_ms: float) -> None:
    run, visits = call(wrong_ms)
    table = errors(run, visits)
    for part in ("mouth", "voice", "release"):
        item = table[f"200 ms inserted, error of the {part}"]
        assert item.summary.p50 == pytest.approx(wrong_ms, abs=0.6)
        assert item.held is (abs(wrong_ms) <= 10)
        assert item.summary.count == len(gather(run, visits, 200).mouth)
    assert len(table) == 9


def test_what_drifts_through_the_call_is_in_no_difference() -> None:
    table = errors(*call(drift_ms=4.0))
    for inserted in (50, 200):
        found = table[f"{inserted} ms inserted, error of the voice"].summary
        assert abs(found.p50) <= 4.1


def test_sounds_near_a_change_are_left_out() -> None:
    sound = follow(session())[0][0]
    visits = [Visit(0, 0.0, 5000.0), Visit(50, 5000.0, 10_000.0)]
    for at_ms, met in (
        (AFTER_MS - 1, None),
        (AFTER_MS, 0),
        (5000 - BEFORE_MS, 0),
        (5000 - BEFORE_MS + 1, None),
        (5000 + AFTER_MS, 50),
        (11_000.0, None),
    ):
        assert delay_at(visits, replace(sound, at_ms=at_ms)) == met


async def test_each_delay_is_inserted_in_turn_once_the_call_has_settled() -> None:
    class Mirror:
        told: list[int] = []

        async def json(self, method: str, path: str, body: dict[str, int]) -> None:
            assert (method, path) == ("PUT", "/delay")
            self.told.append(body["ms"])

    settled = asyncio.Event()
    changing = asyncio.create_task(change(cast(Service, Mirror()), settled, 0.01, lambda _: None))
    await asyncio.sleep(0.03)
    assert Mirror.told == []
    settled.set()
    visits = await changing
    assert Mirror.told == [each.inserted_ms for each in visits] == list(ORDER)
    assert all(a.until_ms <= b.from_ms for a, b in zip(visits, visits[1:], strict=False))


def test_there_and_back_each_delay_has_the_same_middle() -> None:
    turns = {ms: [i for i, each in enumerate(ORDER) if each == ms] for ms in error.INSERTED_MS}
    assert {sum(each) / len(each) for each in turns.values()} == {(len(ORDER) - 1) / 2}


def test_a_session_without_probe_is_said() -> None:
    with pytest.raises(BenchError, match="probe"):
        gather(run_of(Recording()), [], 0)


async def test_a_running_server_cannot_be_delayed() -> None:
    with pytest.raises(BenchError, match="leave --server"):
        await inserted_delays(Plan(url="http://127.0.0.1:1"), print)
    with pytest.raises(BenchError, match="--set"):
        await inserted_delays(Plan(settings={"media.playout_delay_ms": "180"}), print)
