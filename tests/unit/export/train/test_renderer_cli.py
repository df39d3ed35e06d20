"""The command: smoke in seconds, bad words refused, no test shard ever read."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.nets.renderer import MOUTH_NET
from export.train.renderer import load_trained
from export.train.renderer_cli import (
    config_of,
    line,
    made_up,
    pairs_of,
    parser,
    train,
    widths_of,
)


@pytest.mark.parametrize("more", [[], ["--regression"]])
def test_smoke_leaves_a_run_that_can_go_on(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--smoke", "--box", "eye", "--run", str(tmp_path), *more]
    assert train(words) == 0
    for name in ("checkpoint.safetensors", "config.json", "log.json", "curves.png"):
        assert (tmp_path / name).is_file(), name
    assert list((tmp_path / "sheets").glob("*.png"))
    history = json.loads((tmp_path / "log.json").read_text())
    assert history[-1]["step"] == 6 and "video_1_psnr" in history[-1]
    assert ("video_4_psnr" in history[-1]) == (not more)
    assert train([*words, "--resume", "--steps", "8"]) == 0
    assert json.loads((tmp_path / "log.json").read_text())[-1]["step"] == 8
    assert "step 8" in capsys.readouterr().out


def test_training_begins_with_another_run(tmp_path: Path) -> None:
    base, run = tmp_path / "base", tmp_path / "run"
    assert train(["--smoke", "--box", "eye", "--run", str(base)]) == 0
    words = ["--smoke", "--box", "eye", "--run", str(run), "--regression", "--start", str(base)]
    assert train([*words, "--steps", "1", "--rate", "1e-12"]) == 0
    old, new = load_trained(base).mean, load_trained(run).now
    for name, value in old.state_dict().items():
        assert torch.allclose(value, new.state_dict()[name], atol=1e-6), name
    note = json.loads((run / "config.json").read_text())
    assert note["start"] == str(base) and note["regression"]
    assert note["net"]["widths"] == [8, 12, 16]


def test_without_the_run_to_begin_with_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--smoke", "--run", str(tmp_path / "run"), "--start", str(tmp_path / "none")]
    assert train(words) == 1
    assert "none" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_pairs_are_read_from_shards_but_never_from_a_test_shard(tmp_path: Path) -> None:
    folder = tmp_path / "renderer"
    made_up("eye", 5).save(folder / "eye-grid.npz")
    made_up("eye", 7).save(folder / "eye-cycle.npz")
    made_up("eye", 9).save(folder / "eye-cycle-test.npz")
    made_up("mouth", 3).save(folder / "mouth-grid.npz")
    args = parser().parse_args(["--box", "eye", "--cache", str(tmp_path)])
    assert len(pairs_of(args)) == 12


def test_without_pairs_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(["--box", "eye", "--cache", str(tmp_path), "--run", str(tmp_path / "run")]) == 1
    assert "--prepare" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_arguments_reach_the_configuration() -> None:
    words = "--box mouth --widths 8,16,24 --steps 7 --batch 3 --rate 0.1 --seed 4 --regression"
    config = config_of(parser().parse_args(words.split()))
    assert config.net == replace(MOUTH_NET, widths=(8, 16, 24))
    assert (config.steps, config.batch, config.rate, config.seed) == (7, 3, 0.1, 4)
    assert config.regression
    assert config_of(parser().parse_args([])).net == MOUTH_NET


@pytest.mark.parametrize("text", ["", "8", "8,16", "8,16,24,32", "8,x,9", "8,0,9", "8,-1,9"])
def test_senseless_widths_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        widths_of(text)


def test_a_report_names_each_group_once() -> None:
    row = {"loss": 0.1, "video_warp_psnr": 20.0, "video_1_psnr": 21.0, "video_1_edge": 2.0}
    row |= {"video_rare_warp_psnr": 18.0, "video_rare_1_psnr": 19.5}
    assert line(row) == "loss 0.1000, video 20.00/21.00, video_rare 18.00/19.50"


@pytest.mark.parametrize("more", [[], ["--codec", "none"], ["--codec", "none", "--prepare"]])
def test_a_face_needs_a_codec(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--box", "face", "--cache", str(tmp_path), "--run", str(tmp_path / "run"), *more]
    assert train(words) == 1
    assert "train autoencoder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
