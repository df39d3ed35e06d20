"""`train scene --smoke` makes weights that load; a missing teacher is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.scene.encoder import SceneEncoder
from export.train.scene_cli import train


def test_smoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scene"
    assert train(["--smoke", "--out", str(out)]) == 0
    assert "loads" in capsys.readouterr().out
    assert 0 < SceneEncoder.load(out).read("a cheerful teacher").dials["smile"] < 1


def test_a_missing_teacher_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--teacher", str(tmp_path / "none"), "--out", str(tmp_path)]) == 1
    assert "--teacher" in capsys.readouterr().err
