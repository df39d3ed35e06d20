from pathlib import Path

import cv2
import pytest

from export.gallery import command
from tests.unit.export.gallery.studio_folder import RECIPE, SIDE, draw


def test_makes_the_portraits_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RECIPES", {"test": RECIPE})
    data, out = draw(tmp_path), tmp_path / "out"
    argv = ["--data", str(data), "--out", str(out), "--only", "test", "--size", str(SIDE)]
    assert command.main([*argv, "--cache", str(tmp_path / "cache")]) == 0
    assert cv2.imread(str(out / "test.png")) is not None
    assert "test.png" in capsys.readouterr().out


def test_a_missing_data_folder_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--data", str(tmp_path / "none"), "--out", str(tmp_path)]
    assert command.main(argv) == 1
    assert "--data" in capsys.readouterr().err
