"""Tests of export.data.grid."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.data import grid
from export.data.grid import Word


def test_splits_share_nothing_and_never_change() -> None:
    names = [f"clip{i:03d}" for i in range(300)]
    parts = grid.split(names)
    assert {k: len(v) for k, v in parts.items()} == {"test": 100, "validation": 50, "train": 150}
    assert set().union(*map(set, parts.values())) == set(names)
    assert sum(map(len, parts.values())) == len(names)
    assert parts == grid.split(names[::-1])
    assert parts["test"] != sorted(parts["test"])


def test_words_and_text(tmp_path: Path) -> None:
    folder = tmp_path / "grid_s1"
    folder.mkdir()
    rows = ["clip\tstart_frame\tend_frame\tword", "a\t0\t10.5\tsil", "a\t10.5\t20\tbin"]
    rows += ["a\t20\t22\tsp", "a\t22\t30.2\tnow", "a\t30.2\t75\tsil"]
    (folder / "words.tsv").write_text("\n".join(rows) + "\n")
    (folder / "a.mkv").touch()
    words = grid.words(tmp_path)["a"]
    assert words[1] == Word(10.5, 20.0, "bin")
    assert grid.spoken_text(words) == "bin now"
    assert grid.speech_span(words) == (10, 31)
    assert grid.clip_names(tmp_path) == ["a"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(grid.DataMissing, match="SYNCHRORAMA_DATA"):
        grid.clip_names(tmp_path)
