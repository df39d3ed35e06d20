"""The command: smoke in seconds, TAEF2 kept as it is, what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from export.nets.codec import CodecConfig, codec_of
from export.train.autoencoder import load_codec
from export.train.autoencoder_cli import config_of, figures, parser, train


def test_smoke_leaves_a_codec_that_can_be_read_and_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--smoke", "--run", str(tmp_path)]
    assert train([*words, "--steps", "2"]) == 0
    for name in ("checkpoint.safetensors", "config.json", "log.json", "curves.png", "sheet.png"):
        assert (tmp_path / name).is_file(), name
    assert "held_psnr" in json.loads((tmp_path / "log.json").read_text())[-1]
    assert load_codec(tmp_path).config == CodecConfig("own", (8, 8), 1)
    assert train([*words, "--resume", "--steps", "3"]) == 0
    assert "step 3" in capsys.readouterr().out


def test_arguments_reach_the_configuration() -> None:
    words = "--widths 16 32 --steps 7 --batch 3 --rate 0.1 --seed 4 --features 0"
    config = config_of(parser().parse_args(words.split()))
    assert config.codec == CodecConfig("own", (16, 32), 2)
    assert (config.steps, config.batch, config.rate, config.seed) == (7, 3, 0.1, 4)
    assert config.features == 0
    assert config_of(parser().parse_args(["--taef2"])).codec.name == "taef2"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--features", "0"], "face-\\*.npz"), ([], "taef2"), (["--taef2", "--steps", "0"], "taef2")],
)
def test_what_is_missing_is_said(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(tmp_path), "--cache", str(tmp_path), "--run", str(tmp_path / "run")]
    assert train([*words, *where]) == 1
    assert said.replace("\\", "") in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_figures_are_of_what_came_back() -> None:
    pictures = np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3)).astype(np.uint8)
    found = figures(codec_of(CodecConfig("own", (8, 8), 1)), pictures)
    assert found["held_psnr"] < 12 and found["held_sharp"] < 0.9
