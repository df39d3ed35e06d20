"""The command `train sync`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.train import sync_cli


def test_smoke_trains_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sync_cli.train(["--smoke", "--steps", "20"]) == 0
    folder = tmp_path / "artifacts" / "smoke" / "sync_run"
    assert (folder / "curves.png").is_file()
    found = json.loads((folder / "figures.json").read_text())
    assert found["own sound"]["confidence"] > found["another clip's"]["confidence"]
    assert "own sound" in capsys.readouterr().out


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--data", str(tmp_path), "--cache", str(tmp_path), "--run", str(tmp_path / "run")]
    assert sync_cli.train(argv) == 1
    assert "grid_s1" in capsys.readouterr().err
