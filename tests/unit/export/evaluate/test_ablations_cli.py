"""`evaluate ablations`: names what is not trained, reads what is."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.cli import resolve
from export.evaluate import ablations_cli
from export.evaluate.ablations_cli import DATA, LOOK_AHEAD, MOTION, trained


def test_a_net_that_is_not_there_is_named_with_its_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "look_40" / "weights").mkdir(parents=True)
    (tmp_path / "look_40" / "weights" / "manifest.json").write_text("{}")
    assert trained(LOOK_AHEAD, tmp_path) == {"40 ms": tmp_path / "look_40"}
    told = capsys.readouterr().err
    assert "train lips --epochs 16 --lookahead-ms 120" in told and "0 ms" in told


def test_every_command_is_one_that_there_is() -> None:
    for run in (*LOOK_AHEAD.values(), *DATA.values(), *MOTION.values()):
        command, rest = resolve(run.command.split())
        assert command is not None and command.target.endswith(":train")
        assert "--epochs" in rest


def test_figures_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablations_cli, "PARTS", {"lookahead": lambda _: {"40 ms": {"r": 0.5}}})
    out = tmp_path / "figures.json"
    assert ablations_cli.main(["lookahead", "--json", str(out)]) == 0
    assert '"r": 0.5' in out.read_text()


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ablations_cli.main(["motion", "--data", str(tmp_path), "--cache", str(tmp_path)]) == 1
    assert "evaluate ablations:" in capsys.readouterr().err
