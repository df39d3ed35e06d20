from __future__ import annotations

from dataclasses import replace

import pytest

from server.bench.analyse import Recording
from server.bench.error import Found, found, held_ms, inserted_delays, rows
from server.bench.latency import Plan
from server.bench.needs import BenchError
from tests.unit.server.bench.test_latency import T0, run_of, session


def buffered(delay_ms: float, audio_ms: float = 0.0, video_ms: float = 0.0) -> Found:
    """A run whose browser held so much."""
    looks = [
        {
            "at_ms": T0 + n * 1000,
            "audio": [n * audio_ms / 1000, n],
            "video": [n * video_ms / 1000, n],
        }
        for n in range(40)
    ]
    return found(replace(run_of(session(delay_ms=delay_ms)), raw={"buffers": looks}))


def test_what_a_buffer_held_is_that_of_its_second() -> None:
    looks = [
        {"at_ms": 0.0, "audio": [1.0, 10]},
        {"at_ms": 1000.0, "audio": [3.0, 20]},
        {"at_ms": 2000.0, "audio": [3.0, 20]},
    ]
    assert held_ms(looks, "audio", 500.0) == pytest.approx(200)
    # Nothing came out of it, or no look was taken on both sides.
    assert held_ms(looks, "audio", 1500.0) == 0.0
    assert held_ms(looks, "audio", -1.0) == held_ms(looks, "audio", 2500.0) == 0.0
    assert held_ms([], "audio", 1.0) == 0.0


@pytest.mark.parametrize("wrong_ms", [0.0, 8.0, -12.0])
def test_error_is_read_back_minus_inserted(wrong_ms: float) -> None:
    runs = [
        (inserted, buffered(140 + inserted + (wrong_ms if inserted else 0)))
        for inserted in (0, 50, 200, 200, 50, 0)
    ]
    table = {item.name: item for item in rows(runs)}
    for part in ("mouth", "voice", "release"):
        item = table[f"200 ms inserted, error of the {part}"]
        assert item.summary is not None and item.summary.p50 == pytest.approx(wrong_ms, abs=0.6)
        assert item.held is (abs(wrong_ms) <= 10)
        assert item.summary.count == 2 * len(runs[0][1].mouth)
    assert len(table) == 13


def test_what_the_browser_says_it_held_is_no_error_of_the_bench() -> None:
    # The browser's buffers are 30 and 20 ms deeper in the second run.
    deep = buffered(210, 60, 40)._replace(
        voice=buffered(220, 60, 40).voice, heard=buffered(220, 60, 40).heard
    )
    runs = [(0, buffered(140, 30, 20)), (50, deep), (200, buffered(340, 30, 20))]
    table = {item.name: item.summary for item in rows(runs)}
    for name, seen in (("mouth", "mouth as seen"), ("voice", "voice as heard")):
        error, raw = table[f"50 ms inserted, error of the {name}"], table[
            f"50 ms inserted, error of the {seen}"
        ]  # fmt: skip
        assert error is not None and error.p50 == pytest.approx(0.0, abs=0.6)
        assert raw is not None and raw.p50 == pytest.approx(20 if name == "mouth" else 30, abs=0.6)


def test_a_session_without_probe_is_said() -> None:
    with pytest.raises(BenchError, match="probe"):
        found(run_of(Recording()))


async def test_a_running_server_cannot_be_delayed() -> None:
    with pytest.raises(BenchError, match="leave --server"):
        await inserted_delays(Plan(url="http://127.0.0.1:1"), print)
    with pytest.raises(BenchError, match="--set"):
        await inserted_delays(Plan(settings={"media.playout_delay_ms": "180"}), print)
