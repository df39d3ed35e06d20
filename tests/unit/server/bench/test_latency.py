from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.bench import sounds
from server.bench.analyse import Recording, Report, Shown
from server.bench.latency import Plan, Run, drawn, judge, make_sound
from server.bench.machine import Usage
from server.bench.needs import BenchError
from server.bench.report import Result

T0 = 1_700_000_000_000.0


def session(delay_ms: float = 140.0, downlink_ms: float = 45.0, seconds: int = 20) -> Recording:
    """A steady session: sounds each 1.17 s, one picture each 40 ms."""
    recording = Recording()
    for index in range(seconds * 25):
        sent = T0 + index * 40 + delay_ms
        shown = Shown(sent + downlink_ms, index, round(sent) % 2**24, index, sent + 10)
        recording.shown.append(shown)
    for index in range(1, int(seconds / 1.17)):
        at_ms = T0 + index * 1170
        pts = round((at_ms + 25 - T0) * 16)
        recording.heard_ms.append(at_ms)
        recording.reports.append(Report(at_ms + 28, pts, at_ms + 25))
        recording.echo_ms.append(at_ms + 25 + delay_ms + 50)
    return recording


def halved() -> Recording:
    """Every second picture was never presented."""
    kept = session().shown[::2]
    shown = [replace(picture, presented=count) for count, picture in enumerate(kept)]
    return replace(session(), shown=shown)


def browser_stats(emitted: int, delay_s: float) -> dict[str, Any]:
    video = {
        "jitterBufferEmittedCount": emitted,
        "jitterBufferDelay": delay_s,
        "jitterBufferMinimumDelay": delay_s / 2,
        "freezeCount": 1,
    }
    return {"video_in": video, "audio_in": dict(video)}


def run_of(recording: Recording) -> Run:
    times = {"click_ms": T0, "live_ms": T0 + 200, "first_ms": T0 + 350, "session": "s"}
    stats = (browser_stats(100, 2.0), browser_stats(600, 12.0))
    usage = {"server": Usage(0.5, 200.0)}
    return Run([times, times], recording, {}, T0 + 3000, stats, {"sent": 1}, usage)


def judged(run: Run, plan: Plan | None = None) -> dict[str, Any]:
    result = judge(plan or Plan(command="c"), run, {}, {}, {})
    return {"result": result, **{item.name: item for item in result.rows}}


def middle(table: dict[str, Any], name: str) -> float:
    found: float = table[name].summary.p50
    return found


def test_a_good_session_holds_every_bar() -> None:
    table = judged(run_of(session()))
    assert table["result"].held
    assert middle(table, "click to first picture") == 350
    assert middle(table, "pictures") == pytest.approx(25)
    assert middle(table, "interval of pictures") == pytest.approx(40)
    assert 25 + 140 + 45 <= middle(table, "audio to matching mouth") <= 25 + 140 + 45 + 40
    assert middle(table, "A/V offset, + voice late") == pytest.approx(5, abs=0.1)
    assert middle(table, "release to screen, every picture") == pytest.approx(45)
    assert middle(table, "mouth: last packet to screen") == pytest.approx(35)
    assert middle(table, "video jitter buffer") == pytest.approx(20)
    assert middle(table, "video buffer for jitter alone") == pytest.approx(10)
    assert middle(table, "freezes") == 0
    assert middle(table, "server CPU") == 0.5


@pytest.mark.parametrize(
    ("recording", "missed"),
    [
        (session(delay_ms=240), "audio to matching mouth"),
        (
            replace(session(), echo_ms=[t + 60 for t in session().echo_ms]),
            "A/V offset, + voice late",
        ),
        (halved(), "interval of pictures"),
        (replace(session(), reports=[]), "audio to matching mouth"),
        (replace(session(), shown=[]), "pictures"),
    ],
)
def test_a_bad_session_misses_its_bar(recording: Recording, missed: str) -> None:
    table = judged(run_of(recording))
    assert table[missed].held is False
    assert not table["result"].held


def test_table_says_what_was_left_out_and_which_time_is_meant() -> None:
    said = " ".join(judged(run_of(session()))["result"].notes)
    assert "expected display time" in said and "first 3 s" in said and "could not be" in said
    plain: Result = judged(run_of(session()), Plan(browser=False))["result"]
    assert "no screen" in " ".join(plain.notes)


def test_counters_before_the_measured_time_are_left_out() -> None:
    settled, at_end = browser_stats(100, 2.0), browser_stats(600, 12.0)
    settled["video_in"] |= {"framesDropped": 7, "packetsLost": 2}
    at_end["video_in"] |= {"framesDropped": 8, "packetsLost": 5}
    at_end["audio_in"] |= {"packetsLost": 1}
    table = judged(replace(run_of(session()), browser_stats=(settled, at_end)))
    assert middle(table, "dropped by the browser") == 1
    assert middle(table, "packets lost") == 4
    assert middle(table, "freezes") == 0


def test_the_server_s_share_is_told_stage_by_stage() -> None:
    recording = session()
    shown = [replace(each, drawn_ms=(each.sent_ms or 0) - 20.0) for each in recording.shown]
    near = T0 - T0 % 2**24
    shown = [replace(each, drawn_ms=near + (each.drawn_ms or 0)) for each in shown]
    run = replace(
        run_of(replace(recording, shown=shown)),
        server_stats={
            "engine": {"render_mean_ms": 6.5, "work_mean_ms": 5.0, "drawn_1_step": 7},
            "player": {"delay_ms": 160},
        },
        interruptions=[
            {"silence_ms": 90.0, "closed_ms": None},
            {"silence_ms": 110, "closed_ms": 150},
        ],
    )
    table = judged(run)
    assert middle(table, "stage: drawn to release") == pytest.approx(20, abs=1)
    assert middle(table, "stage: release to last packet") == pytest.approx(10, abs=1)
    whole = middle(table, "mouth: media clock to release")
    assert middle(table, "stage: media clock to drawn") == pytest.approx(whole - 20, abs=2)
    assert middle(table, "engine: renderer, mean") == 6.5 and "engine: queue, mean" not in table
    assert middle(table, "engine: renderer, work of its thread, mean") == 5.0
    assert middle(table, "server: playout delay at the end") == 160
    assert drawn(run.server_stats) == [
        "Of the whole call, pictures drawn by rung: 1 step 7; 0 held, 0 too late."
    ]
    assert drawn({}) == []
    assert middle(table, "interrupt to silence") == 100 and table["interrupt to silence"].held
    assert table["interrupt to closed mouth, as sent"].summary.count == 1
    assert middle(table, "A/V offset, last third minus first") == pytest.approx(0, abs=0.1)
    # The plain peer pushes no speech: then there are no such rows, held or missed.
    assert "interrupt to silence" not in judged(run_of(recording))


def test_without_browser_statistics_there_are_no_such_rows() -> None:
    run = replace(run_of(session()), browser_stats=({}, {}))
    assert "freezes" not in judged(run)


def test_microphone_sounds(tmp_path: Path) -> None:
    path = tmp_path / "m.wav"
    make_sound("clicks", path)
    clicks, _ = sounds.read_wav(path)
    assert 55 * sounds.RATE_HZ < len(clicks) <= 62 * sounds.RATE_HZ
    make_sound(str(path), tmp_path / "copy.wav")
    assert (tmp_path / "copy.wav").read_bytes() == path.read_bytes()
    with pytest.raises(BenchError, match="absent.wav"):
        make_sound(str(tmp_path / "absent.wav"), path)
