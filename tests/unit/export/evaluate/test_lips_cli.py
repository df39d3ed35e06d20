"""Tests of export.evaluate.lips_cli; the bars themselves need the data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from export.evaluate import lips_cli
from export.evaluate.lip_metrics import Track
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


def test_floors_are_told_for_correlation_and_for_closures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(1)
    clips = [
        GridClip(
            name,
            np.zeros(48_000, np.float32),
            rng.uniform(0.02, 0.1, (75, 7)).astype(np.float32),
            [("B", 1.0, 1.08), ("AA", 1.08, 1.4)],
        )
        for name in "ab"
    ]
    # Only the first clip's sound shuts the lips, where both clips have their b.
    made = [clip.geometry.copy() for clip in clips]
    made[0][24:28] = 0.0
    tracks = [
        Track(c.name, c.geometry, m, (10, 65), c.phones) for c, m in zip(clips, made, strict=True)
    ]
    lips_cli.floors(clips, clips, made, tracks)
    said = capsys.readouterr().out
    assert [line.split("  ")[0] for line in said.splitlines()] == [
        "floor: another clip's sound",
        "floor: log energy, best shift",
        "floor: time alone (mean of train)",
        "floor: still mouth",
        "floor: another clip's sound",
    ]
    assert " 50.0% of 2" in said.splitlines()[-1]


@pytest.mark.data
@pytest.mark.skipif("SYNCHRORAMA_DATA" not in os.environ, reason="SYNCHRORAMA_DATA is not set")
def test_the_bars_hold_on_the_test_split(tmp_path: Path) -> None:
    cache, tracker = "artifacts/cache", os.environ.get("SYNCHRORAMA_TRACKER_PYTHON")
    if tracker is None or not Path(cache).is_dir():
        pytest.skip(f"SYNCHRORAMA_TRACKER_PYTHON is not set, or {cache} was not prepared")
    out = tmp_path / "figures.json"
    argv = ["--cache", cache, "--tracker-python", tracker, "--json", str(out)]
    assert lips_cli.main(argv) == 0
    figures = json.loads(out.read_text())["motion"]
    assert figures["r"] >= 0.80
    assert abs(figures["lag"]) <= 1
    assert 0.8 <= figures["sd_ratio"] <= 1.2
    assert figures["closed"] >= 0.95 and figures["vowels_closed"] < 0.02
