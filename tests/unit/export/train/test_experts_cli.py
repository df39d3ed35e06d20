"""The command `train experts`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.train import experts_cli


def test_smoke_trains_tells_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--smoke", "--which", "emotion", "--box", "mouth"]
    assert experts_cli.train([*words, "--steps", "2"]) == 0
    assert experts_cli.train([*words, "--steps", "4", "--resume"]) == 0
    folder = tmp_path / "artifacts" / "smoke" / "experts" / "mouth-emotion"
    assert (folder / "curves.png").is_file()
    assert json.loads((folder / "log.json").read_text())[-1]["step"] == 4
    found = json.loads((folder / "figures.json").read_text())
    assert found["test"]["floor"] == 0.125 and "kept apart" in found
    assert json.loads((folder / "config.json").read_text())["net"]["outputs"] == 8
    assert "mouth-emotion, test: recall" in capsys.readouterr().out


def test_missing_boxes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--data", str(tmp_path), "--cache", str(tmp_path), "--run", str(tmp_path / "run")]
    assert experts_cli.train(["--which", "action", *places]) == 1
    assert "--prepare" in capsys.readouterr().err
    assert experts_cli.train(["--prepare", *places]) == 1
    assert "librispeech" in capsys.readouterr().err
