"""What of a run's folder is read, and what is said of one that is not whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.render.boxes import EYE, MOUTH
from export.deploy.renderer_run import BadRun, load_run, with_columns
from tests.support.renderer_run import SMALL, write_run


def test_the_running_mean_is_what_is_read(tmp_path: Path) -> None:
    run = load_run(write_run(tmp_path / "eye", EYE))
    assert run.kind is EYE and run.step == 7 and not run.regression
    assert run.box.config == SMALL and not run.box.training
    assert float(run.box.last.weight.detach().abs().max()) > 0


@pytest.mark.parametrize("gone", ["config.json", "checkpoint.safetensors"])
def test_what_is_missing_is_named(tmp_path: Path, gone: str) -> None:
    folder = write_run(tmp_path / "mouth", MOUTH)
    (folder / gone).unlink()
    with pytest.raises(BadRun, match=gone):
        load_run(folder)


@pytest.mark.parametrize(
    "change", [{"box": "ear"}, {"net": {}}, {"net": None}, {"net": {"widths": [9, 9, 9]}}]
)
def test_another_config_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    folder = write_run(tmp_path / "mouth", MOUTH)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(BadRun, match="mouth"):
        load_run(folder)


def test_weights_of_another_size_and_no_weights_are_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "mouth", MOUTH)
    config = json.loads((folder / "config.json").read_text())
    config["net"]["widths"] = [9, 9, 9]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadRun, match="size mismatch"):
        load_run(folder)
    (folder / "checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(BadRun, match="Safetensor"):
        load_run(folder)


def test_columns_are_of_the_run_and_of_its_sizes(tmp_path: Path) -> None:
    run = with_columns(load_run(write_run(tmp_path / "mouth", MOUTH)), 1.5)
    assert run.box.columns is not None and run.box.config.as_dict()["columns"] == 1.5
    assert with_columns(run, 0.0).box.columns is None and run.box.config == SMALL


@pytest.mark.parametrize("gain", [-0.1, 4.1, float("nan"), float("inf")])
def test_a_senseless_gain_is_refused(tmp_path: Path, gain: float) -> None:
    run = load_run(write_run(tmp_path / "mouth", MOUTH))
    with pytest.raises(BadRun, match="wanted 0 to 4"):
        with_columns(run, gain)
