"""Metrics of several processes as one text."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from engines.meters import EngineStats
from server.metrics import Metrics
from server.workers.merging import merged


def test_every_sample_keeps_its_value_and_says_whose_it_is() -> None:
    one, two = Metrics(), Metrics()
    one.sessions_active.set(3)
    two.rejected.labels("cpu").inc(2)
    two.stage.labels("render").observe(0.005)
    one.watch_engine(lambda: EngineStats(3, 0.5, 0.0, 9, 4, 1))
    text = merged({"media-0": one.text().decode(), "media-1": two.text().decode()}).decode()
    assert 'avatar_sessions_active{process="media-0"} 3.0' in text
    assert 'avatar_sessions_active{process="media-1"} 0.0' in text
    assert 'avatar_admission_rejected_total{process="media-1",reason="cpu"} 2.0' in text
    assert 'avatar_ladder_steps_total{direction="down",process="media-0"} 4.0' in text
    assert text.count("# TYPE avatar_stage_duration_seconds histogram") == 1
    families = {family.name: family for family in text_string_to_metric_families(text)}
    buckets = families["avatar_stage_duration_seconds"].samples
    assert any(s.labels.get("le") == "+Inf" and s.value == 1.0 for s in buckets)


def test_nobody_is_no_text() -> None:
    assert merged({}) == b""
