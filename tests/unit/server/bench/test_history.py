from __future__ import annotations

from pathlib import Path

import pytest

from server.bench.history import keep, runs
from server.bench.needs import BenchError
from server.bench.report import Result, row


def test_runs_are_kept_apart_and_read_back_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "bench"
    when = "2026-11-23T10:00:00+00:00"
    first = keep(Result("latency", "c", [row("a", "ms", [1])]), when, "abc+", folder)
    again = keep(Result("latency", "c", [row("a", "ms", [2])]), when, "abc+", folder)
    keep(Result("soak", "c"), when, None, folder)
    assert first.name == "20261123T100000-latency-abc+.json"
    assert again.name == "20261123T100000-latency-abc+-2.json"
    lines: list[str] = []
    (folder / "other.json").write_text("{}")
    assert len(runs(folder, lines.append)) == 3 and "other.json" in lines[0]
    found = runs(folder, lines.append, "latency")
    assert {each.samples("a") for each in found} == {(1.0,), (2.0,)}
    assert [each.when for each in found] == sorted(each.when for each in found)


def test_a_name_never_leaves_the_folder(tmp_path: Path) -> None:
    path = keep(Result("latency", "c"), "../../x", "../y", tmp_path)
    assert path.parent == tmp_path and path.name == "x-latency-y.json"


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no such folder"):
        runs(tmp_path / "none", print)
