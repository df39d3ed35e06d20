from __future__ import annotations

from dataclasses import replace

import pytest

from server.bench.analyse import Flow, Recording
from server.bench.latency import Plan
from server.bench.link import Conditions
from server.bench.needs import BenchError
from server.bench.network import BAD, frozen, judge
from server.bench.report import Result
from tests.unit.server.bench.test_latency import T0, run_of, session


def judged(recording: Recording) -> Result:
    run = replace(run_of(recording), settle_until_ms=T0 + 1000)
    link = (BAD, "a scripted relay", {"seen": 100, "dropped": 2})
    return judge(Plan(command="c"), run, link, {}, {})


def test_even_pictures_and_a_voice_in_step_hold() -> None:
    result = judged(session(seconds=60))
    assert result.held
    assert any("2.0% loss" in note and "scripted relay" in note for note in result.notes)
    assert any("dropped 2" in note for note in result.notes)


def test_a_delay_that_grows_misses() -> None:
    good = session(seconds=60)
    shown = [replace(each, at_ms=each.at_ms + index * 0.1) for index, each in enumerate(good.shown)]
    rows = {item.name: item for item in judged(replace(good, shown=shown)).rows}
    grown = rows["audio to matching mouth, last minute minus first"]
    assert grown.held is False and grown.summary is not None and grown.summary.p50 > 50


def test_pictures_that_stand_still_are_counted_as_frozen() -> None:
    good = session(seconds=60)
    shown = [
        replace(e, at_ms=e.at_ms + (1000 if i >= 700 else 0)) for i, e in enumerate(good.shown)
    ]
    rows = {item.name: item for item in judged(replace(good, shown=shown)).rows}
    frozen_share = rows["time frozen"]
    assert frozen_share.held is False and frozen_share.summary is not None
    assert frozen_share.summary.p50 == pytest.approx(100 * 1.04 / 60, abs=0.2)
    assert frozen(Flow(1, 25, [40.0] * 24 + [100.0], 0, 0, 0, 100)) == []


def test_nothing_coming_through_is_said() -> None:
    with pytest.raises(BenchError, match="nothing came through"):
        judged(Recording())
    assert Conditions().text().startswith("0.0% loss")
