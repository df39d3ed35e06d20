"""Figures are written where they are wanted, and missing data is a line and a status."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from export.data.grid import DataMissing
from export.evaluate.figures_file import keep


def test_figures_are_written_into_a_folder_made_for_them(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lips.json"
    args = argparse.Namespace(json=path)
    assert keep("lips", args, lambda args: {"r": 0.8}) == 0
    assert json.loads(path.read_text()) == {"r": 0.8}
    assert keep("lips", argparse.Namespace(json=None), lambda args: {}) == 0


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def find(args: argparse.Namespace) -> dict[str, object]:
        raise DataMissing("no clips there")

    path = tmp_path / "lips.json"
    assert keep("lips", argparse.Namespace(json=path), find) == 1
    assert capsys.readouterr().err == "evaluate lips: no clips there\n"
    assert not path.exists()
