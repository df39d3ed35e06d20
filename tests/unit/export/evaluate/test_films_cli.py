"""The command: a smoke over built-in avatars, with nets and without, and missing data told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.evaluate import films_cli
from tests.support.tiny_renderer import write_weights


def test_a_smoke_with_nets_writes_tables_and_strips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_weights(tmp_path / "weights")
    out, blind = tmp_path / "out", tmp_path / "blind"
    argv = ["--smoke", "--people", "1", "--seconds", "1.2", "--long", "0", "--out", str(out)]
    assert films_cli.main([*argv, "--weights", str(weights), "--blind", str(blind)]) == 0
    kept = json.loads((out / "films.json").read_text())
    assert set(kept) == {"motion frame", "renderer", "real flicker"}
    assert len(kept["renderer"]["flicker"]) == 1 and kept["motion frame"]["added"] == [0.0]
    assert "mouth net" in capsys.readouterr().out
    assert len(list((blind / "strips").glob("*.png"))) == len(
        json.loads((blind / "key" / "key.json").read_text())
    )


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--data", str(tmp_path), "--cache", str(tmp_path), "--people", "1", "--long", "0"]
    assert films_cli.main(argv) == 1
    assert "held-out portraits" in capsys.readouterr().err
    assert films_cli.main([*argv, "--weights", str(tmp_path)]) == 1
    assert "weights" in capsys.readouterr().err
