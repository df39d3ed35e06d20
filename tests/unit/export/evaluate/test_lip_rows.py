"""Tests of export.evaluate.lip_rows."""

from __future__ import annotations

import numpy as np
import pytest

from export.evaluate.lip_metrics import Track
from export.evaluate.lip_rows import HEAD, show, show_closures

REAL = np.abs(np.random.default_rng(0).standard_normal((75, 7))).astype(np.float32) * 0.03


def test_a_row_has_all_figures_under_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    figures = show("made", [Track("a", REAL, REAL, (10, 60), [])])
    others = dict.fromkeys(("r", "sd_ratio", "width r", "jaw r", "protrusion r"), 1.0)
    assert figures == pytest.approx(others | {"lag": 0.0})
    row = capsys.readouterr().out.rstrip("\n")
    assert row.startswith("made") and row.count("1.000") == 4
    assert len(row) == len(HEAD)


def test_closures_have_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    track = Track("a", REAL, np.zeros_like(REAL), (10, 60), [("B", 0.8, 0.9)])
    assert show_closures("made", [track])["closed"] == 1.0
    assert "p/b/m closed 100.0% of 1" in capsys.readouterr().out
