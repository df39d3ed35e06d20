from __future__ import annotations

from typing import Any

import pytest

from server.bench.analyse import follow
from server.bench.series import believed, held, series, text
from tests.unit.server.bench.test_latency import T0, session

LOOK: dict[str, Any] = {"audio": [0.0, 0, 0.0, 0.0], "video": [0.0, 0, 0.0, 0.0]}


def looks(audio_ms: list[float]) -> list[dict[str, Any]]:
    """One a second, 50 frames of sound in each; what was held is twice what jitter asks for."""
    found, at = [{**LOOK, "at_ms": T0}], [0.0, 0.0, 0.0, 0.0]
    for second, each in enumerate(audio_ms, 1):
        at = [at[0] + each / 20, at[1] + 50, at[2] + each / 25, at[3] + each / 40]
        found.append({**LOOK, "at_ms": T0 + 1000 * second, "audio": at})
    return found


def test_the_part_that_moved_is_seen_and_no_other() -> None:
    sounds, _ = follow(session(seconds=60))
    raw = {
        "buffers": looks([60.0] * 30 + [110.0] * 30),
        "events": [
            {"type": "stats", "at_ms": T0 + 1000 * s, "delay_ms": 140 if s <= 30 else 180}
            for s in range(1, 61)
        ]
        + [{"type": "motion", "at_ms": T0}],
    }
    found = series(sounds, raw, T0)
    assert found["audio jitter buffer"] == pytest.approx([60, 110])
    assert found["audio buffer for jitter"] == pytest.approx([30, 55])
    assert found["server: playout delay"] == [140, 180]
    assert found["microphone to media clock"] == pytest.approx([25, 25])
    assert found["A/V offset"] == pytest.approx([5, 5], abs=0.1)
    assert all("video" not in name for name in found)
    said = text(found)
    assert "By half minutes, server: playout delay (ms): 140, 180." in said


def test_a_span_without_anything_is_a_hole() -> None:
    events = [{"type": "stats", "at_ms": T0 + at, "delay_ms": 120} for at in (1000, 80_000)]
    found = series([], {"events": events}, T0)
    assert found == {"server: playout delay": [120, None, 120]}
    assert text(found) == ["By half minutes, server: playout delay (ms): 120, -, 120."]
    assert series([], {}, T0) == {}


def test_looks_without_a_counter_say_nothing() -> None:
    old = [{"at_ms": T0 + n, "audio": [n / 100, n]} for n in (0, 1)]
    ((at_ms, value),) = held(old, "audio")
    assert at_ms == T0 + 1 and value == pytest.approx(10.0)
    assert held(old, "audio", 2) == held(old, "device") == held(old[:1], "audio") == []


def test_the_browsers_own_offset_is_late_where_the_voice_is_behind() -> None:
    known = [{"at_ms": T0, "playing": [1000, 1030]}, {"at_ms": T0, "playing": [0, 1030]}, {}]
    assert believed(known) == [(T0, 30.0)]
