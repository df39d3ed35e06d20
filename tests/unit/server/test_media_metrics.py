"""From running counters to metrics: only what is new is added."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.meters import EngineSessionStats, StepMeter
from server.media_metrics import Meter, newest, stats_event
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


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_however_often_it_is_told_the_total_is_the_last(steps: list[int]) -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    total = 0
    for step in steps:
        total += step
        meter.update(ENGINE, replace(PLAYER, sent=total), {}, {})
    assert count(metrics, 'avatar_frames_total{outcome="sent"}') == total


def test_two_sessions_add_up() -> None:
    metrics = Metrics()
    for _ in range(2):
        Meter(metrics).update(replace(ENGINE, frames_dropped=1), replace(PLAYER, dropped=2), {}, {})
    assert count(metrics, 'avatar_frames_total{outcome="dropped"}') == 6


def test_a_lost_count_that_goes_back_takes_nothing_away() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    for lost in (5, 3, 6):
        meter.update(ENGINE, PLAYER, {"remote_video": {"packets_lost": lost, "rtt_ms": 20.0}}, {})
    assert count(metrics, 'avatar_webrtc_packets_lost_total{kind="video"}') == 6
    assert count(metrics, "avatar_webrtc_rtt_seconds_count") == 3


def test_every_step_of_a_stage_is_observed_once() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    steps = StepMeter()
    for _ in range(3):
        steps.add(0.008)
        steps.add(0.016)
        meter.update(ENGINE, PLAYER, {}, {"render": steps.since})
    meter.update(ENGINE, PLAYER, {}, {"render": steps.since})
    assert count(metrics, 'avatar_stage_duration_seconds_count{stage="render"}') == 6
    assert count(metrics, 'avatar_stage_duration_seconds_count{stage="motion"}') == 0
    assert count(metrics, 'avatar_stage_duration_seconds_sum{stage="render"}') == pytest.approx(
        0.072
    )


@given(st.lists(st.integers(0, 9), max_size=10), st.integers(1, 20))
def test_of_a_bounded_history_only_what_is_new_and_left_is_told(
    batches: list[int], size: int
) -> None:
    history: deque[float] = deque(maxlen=size)
    total = seen = 0
    for batch in batches:
        for _ in range(batch):
            history.append(float(total))
            total += 1
        told = newest(history, total)(seen)
        assert list(told) == [float(i) for i in range(max(seen, total - size), total)]
        seen = total


def test_audio_to_frame_is_told_where_it_is_known() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    meter.update(ENGINE, PLAYER, {}, {})
    meter.update(ENGINE, replace(PLAYER, audio_to_frame_p50_ms=150.0), {}, {})
    assert count(metrics, "avatar_audio_to_frame_seconds_count") == 1
    assert count(metrics, "avatar_audio_to_frame_seconds_sum") == 0.15


def test_pictures_are_counted_by_rung() -> None:
    metrics = Metrics()
    meter = Meter(metrics)
    for drawn in ({"1 step": 3}, {"1 step": 5, "motion frame": 2}):
        meter.update(replace(ENGINE, drawn=drawn), PLAYER, {}, {})
    assert count(metrics, 'avatar_rung_frames_total{rung="1 step"}') == 5
    assert count(metrics, 'avatar_rung_frames_total{rung="motion frame"}') == 2
    assert count(metrics, 'avatar_rung_frames_total{rung="mouth"}') == 0


def test_the_page_is_told_of_frames_dropped_on_either_side() -> None:
    event = stats_event(replace(ENGINE, frames_dropped=1), replace(PLAYER, dropped=2, sent=7))
    assert (event["type"], event["frames_dropped"], event["frames_sent"]) == ("stats", 3, 7)
