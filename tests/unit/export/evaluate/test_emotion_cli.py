"""Tests of export.evaluate.emotion_cli: its smoke run is in train/test_emotion_cli."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.functionals import FUNCTIONAL_NAMES, FUNCTIONALS
from export.data.emotion import Examples
from export.evaluate import emotion_cli


def test_a_floor_hears_one_kind_of_feature_alone() -> None:
    examples = Examples(np.ones((1, FUNCTIONALS), np.float32), np.zeros(1, int), np.ones(1, bool))
    found = [{"1 s": np.full(FUNCTIONALS, 2.0, np.float32)}]
    (masked,) = emotion_cli.masked(found, examples, "f0_")
    kept = [name for name, value in zip(FUNCTIONAL_NAMES, masked["1 s"], strict=True) if value]
    assert kept and all(name.startswith("f0_") for name in kept)


def test_a_missing_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emotion_cli.main(["--data", str(tmp_path)]) == 1
    assert "Emo-DB" in capsys.readouterr().err
