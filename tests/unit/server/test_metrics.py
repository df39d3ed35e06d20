"""The metrics, by name."""

from __future__ import annotations

import re

from engines.backends.runs import Runs
from engines.meters import EngineStats
from server.metrics import (
    KINDS,
    OUTCOMES,
    REFUSALS,
    RESULTS,
    STAGES,
    Metrics,
    engine_text,
    program_version,
)

WANTED = {
    "avatar_sessions_active",
    "avatar_sessions_total",
    "avatar_admission_rejected_total",
    "avatar_stage_duration_seconds",
    "avatar_first_frame_seconds",
    "avatar_audio_to_frame_seconds",
    "avatar_interrupt_to_silence_seconds",
    "avatar_frames_total",
    "avatar_queue_age_seconds",
    "avatar_webrtc_rtt_seconds",
    "avatar_webrtc_packets_lost_total",
    "avatar_build_info",
}


def test_every_name_is_there_from_the_start() -> None:
    metrics = Metrics()
    metrics.watch_queues(lambda: {"mic": 0.5})
    text = metrics.text().decode()
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE avatar")} >= (
        WANTED
    )
    assert 'avatar_queue_age_seconds{queue="mic"} 0.5' in text
    for label, values in (
        ("result", RESULTS),
        ("reason", REFUSALS),
        ("outcome", OUTCOMES),
        ("kind", KINDS),
        ("stage", STAGES),
    ):
        for value in values:
            assert f'{label}="{value}"' in text


def test_two_apps_in_one_process_do_not_share_counts() -> None:
    one, two = Metrics(), Metrics()
    one.frames.labels("sent").inc(5)
    assert 'avatar_frames_total{outcome="sent"} 5.0' in one.text().decode()
    assert 'avatar_frames_total{outcome="sent"} 0.0' in two.text().decode()


def test_the_version_is_told() -> None:
    assert re.match(r"\d+\.\d+\.\d+", program_version())
    assert f'version="{program_version()}"' in Metrics().text().decode()


def test_how_hard_the_engine_is_pressed_and_what_it_did_is_told_at_the_scrape() -> None:
    metrics = Metrics()
    now = [EngineStats(2, 0.75, 0.0, 9, 3, 1)]
    on = {"renderer/mouth": Runs("onnxruntime-cpu", "1.32.0", "int8")}
    metrics.watch_engine(lambda: now[0], lambda: on)
    text = metrics.text().decode()
    assert "avatar_engine_use 0.75" in text
    assert 'avatar_ladder_steps_total{direction="down"} 3.0' in text
    assert 'avatar_ladder_steps_total{direction="up"} 1.0' in text
    told = (
        'avatar_network_info{backend="%s",network="renderer/mouth",precision="%s",version="%s"} 1'
    )
    assert told % ("onnxruntime-cpu", "int8", "1.32.0") in text
    now[0] = EngineStats(0, 0.0, 0.0, 9)
    on["renderer/mouth"] = Runs("tensorrt_rtx", "1.7.1", "fp16")
    text = metrics.text().decode()
    assert told % ("tensorrt_rtx", "fp16", "1.7.1") in text and "onnxruntime-cpu" not in text
    assert "avatar_engine_use 0.0" in metrics.text().decode()


def test_a_process_with_an_engine_alone_tells_of_it_and_of_itself() -> None:
    text = engine_text(lambda: EngineStats(2, 0.75, 0.0, 9, 3, 1)).decode()
    assert "avatar_engine_use 0.75" in text and "process_resident_memory_bytes" in text
    assert "avatar_sessions" not in text
