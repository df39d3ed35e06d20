"""Tests of export.train.lip_data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.data import grid
from export.data.lip_examples import synthetic_examples
from export.train import lip_data
from export.train.lip_data import Places


def test_examples_come_back_as_saved(tmp_path: Path) -> None:
    examples = synthetic_examples(3, 1)
    lip_data.save_examples(tmp_path / "e.npz", examples)
    for a, b in zip(examples, lip_data.load_examples(tmp_path / "e.npz"), strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.power, b.power)
        np.testing.assert_array_equal(a.viseme, b.viseme)


def test_the_tracker_runs_only_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: runs.append(command))
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.npz").touch()
    places = Places(tmp_path, tmp_path, Path(sys.executable))
    lip_data.run_tracker(places, [Path("a.mkv")], out)
    assert runs == []
    lip_data.run_tracker(places, [Path("a.mkv"), Path("b.mkv")], out)
    assert (out / "todo.txt").read_text() == "b.mkv"
    assert runs[0][0] == sys.executable and "image" in runs[0]
    nowhere = Places(tmp_path, tmp_path, tmp_path / "python")
    with pytest.raises(grid.DataMissing, match=r"1 clips .* --tracker-python"):
        lip_data.run_tracker(nowhere, [Path("a.mkv"), Path("b.mkv")], out)


def test_landmarks_are_read_from_the_cache(tmp_path: Path) -> None:
    (tmp_path / "grid_tracks").mkdir()
    points, found = np.ones((2, 478, 3), np.float32), np.array([True, False])
    np.savez(tmp_path / "grid_tracks" / "a.npz", landmarks=points, found=found)
    np.savez(tmp_path / "grid_tracks" / "b.npz", landmarks=points, found=~found & ~found[::-1])
    places = Places(tmp_path, tmp_path, Path("x"))
    assert lip_data.tracked_landmarks(places, "a").shape == (2, 478, 3)
    # Without this the clip would be a mouth at zero, with a height of zero.
    with pytest.raises(ValueError, match="b: a face in 0%"):
        lip_data.tracked_landmarks(places, "b")
