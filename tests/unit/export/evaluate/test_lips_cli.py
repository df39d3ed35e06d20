"""Tests of export.evaluate.lips_cli; the bars themselves need the data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from export.evaluate import lips_cli
from export.train.lip_data import GridClip, Places


def test_predictions_are_cut_to_their_clips(tmp_path: Path) -> None:
    folder = tmp_path / "grid_s1"
    folder.mkdir()
    rows = ["clip\tstart_frame\tend_frame\tword", "a\t0\t10\tsil", "a\t10\t60\tbin"]
    (folder / "words.tsv").write_text("\n".join(rows) + "\n")
    real = np.zeros((75, 7), np.float32)
    clip = GridClip("a", np.zeros(48000, np.float32), real, [])
    places = Places(tmp_path, tmp_path, tmp_path)
    (track,) = lips_cli.grid_tracks(places, [clip], [np.ones((70, 7), np.float32)])
    assert len(track.real) == len(track.made) == 70
    assert track.span == (10, 60)


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
