"""Rated texts: the file format, lines that are none, folders without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.data.grid import DataMissing
from export.data.ratings import read_ratings


def test_collections_are_read_by_name_from_anywhere_below(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b_GroundTruth.txt").write_text("1\t4\tgood\tday\nno line\n2\t-2\tbad\n")
    (tmp_path / "a_GroundTruth.txt").write_bytes(b"1\t0.0\tcaf\xe9\n")
    a, b = read_ratings(tmp_path)
    assert (a.name, a.texts) == ("a", ("café",))
    assert (b.name, b.texts) == ("b", ("good\tday", "bad"))
    assert b.valence.tolist() == [1.0, -0.5]


def test_an_empty_folder_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"docs/emotion\.md"):
        read_ratings(tmp_path)
