"""The shipped readers meet their bar; damaged weights are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.evaluate.scene_cli import main


def test_the_shipped_readers_meet_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "both (served)" in out and "met" in out


def test_no_weights_is_status_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--weights", str(tmp_path)]) == 1
    assert "train scene" in capsys.readouterr().err
