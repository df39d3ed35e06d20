from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from server.bench import quality as quality_module
from server.bench.latency import Plan
from server.bench.needs import BenchError
from server.bench.quality import SOURCES, figure, quality


def rows(result: Any) -> dict[str, Any]:
    return {item.name: item for item in result.rows}


async def evaluated(folder: Path) -> Any:
    return await quality(Plan(command="c"), folder, lambda line: None)


async def test_headlines_are_read_and_judged_and_the_rest_is_named(tmp_path: Path) -> None:
    lips = {"motion": {"r": 0.82, "closed": 0.9, "vowels_closed": 0.0}}
    (tmp_path / "lips.json").write_text(json.dumps(lips))
    (tmp_path / "avatars").mkdir()
    lines = [
        {"name": "portraits used", "median": 27, "worst": None, "by": "median"},
        {"name": "identity distance moved", "median": 0.25, "worst": 0.48, "by": "worst"},
    ]
    (tmp_path / "avatars" / "figures.json").write_text(json.dumps({"lines": lines}))
    mood = {"not tuned on": {"recognised": 0.62, "whole": 0.6}}
    (tmp_path / "motion.json").write_text(json.dumps({"mood": mood}))
    result = await evaluated(tmp_path)
    found = rows(result)
    assert found["lips against real video, motion: r in speech"].held
    assert found["lips against real video, motion: p, b, m closed"].held is False
    assert found["held-out portraits taken, of 30"].held
    # The worst one, as its line says, and not the median.
    assert found["identity distance, moved, worst"].summary.p50 == 0.48
    assert found["asked-for emotion recognised on faces not tuned on"].held
    missing = found["arousal after 2 s: concordance"]
    assert missing.summary is None and missing.held is False
    notes = " ".join(result.notes)
    assert "Not evaluated: emotion.json" in notes and "by chance" in notes


async def test_results_older_than_the_weights_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lips.json"
    path.write_text("{}")
    weights = tmp_path / "weights"
    (weights / "lips").mkdir(parents=True)
    (weights / "lips" / "net.onnx").touch()
    monkeypatch.setattr(quality_module, "WEIGHTS", weights)
    os.utime(path, (1, 1))
    assert any("older than" in note for note in (await evaluated(tmp_path)).notes)


async def test_no_results_and_bad_ones_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="nothing was evaluated"):
        await evaluated(tmp_path)
    for bad in ("[]", "{", "\x00"):
        (tmp_path / "lips.json").write_text(bad)
        with pytest.raises(BenchError, match="no results"):
            await evaluated(tmp_path)


@pytest.mark.parametrize("found", [{}, {"lines": 3}, {"lines": []}, {"motion": {"r": "x"}}])
def test_what_is_not_there_is_none(found: dict[str, Any]) -> None:
    for source in SOURCES:
        for headline in source.headlines:
            assert figure(found, headline.path) is None
    assert figure({"motion": {"r": True}}, ("motion", "r")) is None
