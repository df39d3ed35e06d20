"""Tests of export.evaluate.lips_cli: rows are printed; a run on the data needs the data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from export.evaluate import lips_cli
from export.evaluate.lip_metrics import Track

REAL = np.abs(np.random.default_rng(0).standard_normal((75, 7))).astype(np.float32) * 0.03


def test_a_row_has_all_figures(capsys: pytest.CaptureFixture[str]) -> None:
    figures = lips_cli.show("made", [Track("a", REAL, REAL, (10, 60), [])])
    assert figures == {"r": pytest.approx(1.0), "lag": 0.0, "sd_ratio": pytest.approx(1.0)}
    row = capsys.readouterr().out
    assert row.startswith("made") and row.count("1.000") == 4


def test_closures_have_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    track = Track("a", REAL, np.zeros_like(REAL), (10, 60), [("B", 0.8, 0.9)])
    assert lips_cli.show_closures("made", [track])["closed"] == 1.0
    assert "p/b/m closed 100.0% of 1" in capsys.readouterr().out


@pytest.mark.data
@pytest.mark.skipif("SYNCHRORAMA_DATA" not in os.environ, reason="SYNCHRORAMA_DATA is not set")
def test_the_bars_hold_on_the_test_split(tmp_path: Path) -> None:
    cache, tracker = os.environ.get("SYNCHRORAMA_CACHE"), os.environ.get("SYNCHRORAMA_TRACKER")
    if cache is None or tracker is None:
        pytest.skip("SYNCHRORAMA_CACHE and SYNCHRORAMA_TRACKER are not set")
    out = tmp_path / "figures.json"
    argv = ["--cache", cache, "--tracker-python", tracker, "--json", str(out)]
    assert lips_cli.main(argv) == 0
    figures = json.loads(out.read_text())["motion"]
    assert figures["r"] >= 0.80
    assert abs(figures["lag"]) <= 1
    assert 0.8 <= figures["sd_ratio"] <= 1.2
    assert figures["closed"] >= 0.95 and figures["vowels_closed"] < 0.02
