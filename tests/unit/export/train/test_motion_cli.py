"""`train motion --smoke`: trains, goes on where it stopped, packs what serving loads."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from engines.motion.a2m import A2M
from engines.motion.face import CHANNEL_COUNT
from export.train.motion_cli import train

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("motion")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(folder)
        warnings.simplefilter("ignore", DeprecationWarning)
        assert train(["--smoke", "--out", str(folder / "weights")]) == 0
    return folder


def test_it_leaves_weights_and_curves(trained: Path) -> None:
    names = {path.name for path in (trained / "weights").iterdir()}
    assert names == {"motion.onnx", "manifest.json"}
    run = trained / "artifacts" / "smoke" / "motion_run"
    assert (run / "curves.png").stat().st_size > 1000
    assert (run / "checkpoint.safetensors").is_file()


def test_what_it_leaves_is_served(trained: Path) -> None:
    model = A2M.load(trained / "weights")
    state = model.new_state(3)
    rows = np.stack([model.step(state, *model.nothing(), 1.0) for _ in range(30)])
    assert rows.shape == (30, CHANNEL_COUNT) and np.isfinite(rows).all()


def test_resuming_goes_on(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained)
    out = trained / "again"
    assert train(["--smoke", "--resume", "--epochs", "3", "--out", str(out)]) == 0
    assert '"epoch": 3.0' in (out / "manifest.json").read_text()


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 1
    assert "words.tsv" in capsys.readouterr().err
