"""Tests of export.train.lips_cli: the smoke run that continuous integration makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.motion.lips import LipModel
from export.data.lip_examples import synthetic_examples
from export.train import lips_cli
from export.train.lip_data import LipData


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_smoke_trains_exports_and_loads_without_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lips_cli.train(["--smoke", "--data", "/nowhere", "--out", str(tmp_path / "w")]) == 0
    model = LipModel.load(tmp_path / "w")
    state = model.new_state()
    rng = np.random.default_rng(0)
    quiet = [model.step(state, np.zeros(640, np.float32)) for _ in range(40)][-1]
    loud = [
        model.step(state, (0.2 * rng.standard_normal(640)).astype(np.float32)) for _ in range(20)
    ][-1]
    assert loud.geometry[0] > quiet.geometry[0] + 0.01, "lips follow the made-up speech"
    assert loud.closure < quiet.closure
    assert (tmp_path / "artifacts" / "smoke" / "lips_run" / "curves.png").is_file()


def test_kinds_can_be_left_out() -> None:
    examples = synthetic_examples(4, 1)
    data = LipData(examples, examples, [])
    assert len(lips_cli.without(data, "tts,facegood").train) == 4
    assert len(lips_cli.without(data, "").train) == 4


def test_frames_are_paired_with_another_look_ahead() -> None:
    examples = synthetic_examples(4, 1)
    data = lips_cli.paired(LipData(examples[:3], examples[3:], []), 640)
    for part, others in ((data.train, examples[:3]), (data.validation, examples[3:])):
        for one, other in zip(part, others, strict=True):
            np.testing.assert_array_equal(one.geometry[:-1], other.geometry[1:])


def test_a_missing_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lips_cli.prepare(["--data", str(tmp_path)]) == 1
    assert "words.tsv" in capsys.readouterr().err
