"""From running counters to metrics: only what is new is added."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engines.meters import EngineSessionStats, StepTimes
from server.media_metrics import Meter
from server.metrics import Metrics
from server.player import PlayerStats

ENGINE = EngineSessionStats()
PLAYER = PlayerStats(
    ticks=0,
    skipped=0,
    delay_ms=140,
    delay_grown=0,
    delay_shrunk=0,
    sent=0,
    repeated=0,
    late=0,
    dropped=0,
    audio_underflow=0,
    audio_to_frame_p50_ms=None,
    audio_to_frame_p95_ms=None,
)


def count(metrics: Metrics, line: str) -> float:
    for row in metrics.text().decode().splitlines():
        if row.startswith(line + " "):
            return float(row.split()[-1])
    raise KeyError(line)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_however_often_it_is_told_the_total_is_the_last(steps: list[int]) -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    total = 0
    for step in steps:
        total += step
        meter.update(ENGINE, replace(PLAYER, sent=total), {}, ())
    assert count(metrics, 'avatar_frames_total{outcome="sent"}') == total


def test_two_sessions_add_up() -> None:
    metrics = Metrics()
    for _ in range(2):
        Meter(metrics).update(replace(ENGINE, frames_dropped=1), replace(PLAYER, dropped=2), {}, ())
    assert count(metrics, 'avatar_frames_total{outcome="dropped"}') == 6


def test_a_lost_count_that_goes_back_takes_nothing_away() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    for lost in (5, 3, 6):
        meter.update(ENGINE, PLAYER, {"remote_video": {"packets_lost": lost, "rtt_ms": 20.0}}, ())
    assert count(metrics, 'avatar_webrtc_packets_lost_total{kind="video"}') == 6
    assert count(metrics, "avatar_webrtc_rtt_seconds_count") == 3


def test_stages_are_observed_only_when_they_ran() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    ran = replace(ENGINE, render=StepTimes(steps=10, mean_s=0.008))
    for engine, encode in ((ENGINE, ()), (ran, (0.004,)), (ran, (0.004,))):
        meter.update(engine, PLAYER, {}, encode)
    assert count(metrics, 'avatar_stage_duration_seconds_count{stage="render"}') == 1
    assert count(metrics, 'avatar_stage_duration_seconds_count{stage="motion"}') == 0
    assert count(metrics, 'avatar_stage_duration_seconds_sum{stage="encode"}') == 0.008


def test_audio_to_frame_is_told_where_it_is_known() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    meter.update(ENGINE, PLAYER, {}, ())
    meter.update(ENGINE, replace(PLAYER, audio_to_frame_p50_ms=150.0), {}, ())
    assert count(metrics, "avatar_audio_to_frame_seconds_count") == 1
    assert count(metrics, "avatar_audio_to_frame_seconds_sum") == 0.15
