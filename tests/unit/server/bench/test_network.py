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


def test_the_sound_device_delays_the_voice_at_the_loudspeaker() -> None:
    run = replace(run_of(session(seconds=60)), settle_until_ms=T0 + 1000)
    before, after = run.browser_stats
    before["device"] = {"totalPlayoutDelay": 10.0, "totalSamplesCount": 1000}
    after["device"] = {"totalPlayoutDelay": 100.0, "totalSamplesCount": 4000}
    result = judge(Plan(command="c"), run, (BAD, "a scripted relay", {}), {}, {})
    rows = {item.name: item for item in result.rows}
    offset, there = rows["A/V offset, + voice late"], rows["A/V offset at the loudspeaker"]
    assert offset.summary is not None and there.summary is not None
    assert there.summary.p50 - offset.summary.p50 == pytest.approx(30)
    assert there.held is None
    assert "delay of the sound device" not in {item.name for item in judged(session()).rows}


def test_each_part_is_told_by_half_minutes() -> None:
    result = judged(session(seconds=60))
    assert result.raw["series"]["microphone to media clock"] == pytest.approx([25, 25])
    assert any(note.startswith("By half minutes, release to screen") for note in result.notes)


def test_nothing_coming_through_is_said() -> None:
    with pytest.raises(BenchError, match="nothing came through"):
        judged(Recording())
    assert Conditions().text().startswith("0.0% loss")
