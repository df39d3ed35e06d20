"""The smoke run that continuous integration makes, and a missing folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.model import EmotionModel
from export.evaluate import emotion_cli as evaluate
from export.train import emotion_cli


def test_smoke_trains_loads_and_evaluates_without_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "w"
    assert emotion_cli.train(["--smoke", "--data", "/nowhere", "--out", str(out)]) == 0
    assert (tmp_path / "artifacts" / "smoke" / "emotion_curve.png").is_file()
    model = EmotionModel.load(out)
    state = model.new_state()
    emotion = model.step(state, np.zeros(640, np.float32), False)
    assert emotion.label == "neutral"
    figures = tmp_path / "figures.json"
    asked = ["--smoke", "--data", "/nowhere", "--weights", str(out), "--json", str(figures)]
    assert evaluate.main(asked) == 0
    said = capsys.readouterr().out
    for part in ("floor: pitch alone", "floor: chance", "pink noise 15 dB", "valence r", "cost"):
        assert part in said
    assert figures.is_file()


def test_a_missing_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emotion_cli.train(["--data", str(tmp_path)]) == 1
    assert "Emo-DB" in capsys.readouterr().err
