"""Training of the codec: learns, goes on where it stopped, is read again; what it sees."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.values import U8
from export.nets.codec import SPREAD, CodecConfig
from export.train.autoencoder import (
    PART,
    AutoencoderConfig,
    NoCodecRun,
    finish,
    fit,
    load_codec,
    parts,
    start,
    there_and_back,
    train_step,
)

CONFIG = AutoencoderConfig(CodecConfig("own", (8, 8), 1), steps=4, batch=2, rate=3e-3, every=2)


@pytest.fixture
def pictures() -> U8:
    rows = np.linspace(40, 200, 160)[None, :, None, None] + np.array([0, 20])[:, None, None, None]
    return np.broadcast_to(rows, (2, 160, 160, 3)).astype(np.uint8)


def test_steps_bring_pictures_nearer(pictures: U8, tmp_path: Path) -> None:
    trainer = start(replace(CONFIG, rate=1e-2), tmp_path, None, resume=False)
    losses = []
    for _ in range(10):
        # The batch goes by the step: the same one each time.
        trainer.step = 0
        losses.append(train_step(trainer, pictures))
    assert losses[-1] < 0.8 * losses[0]


def test_a_run_goes_on_from_where_it_was_kept(pictures: U8, tmp_path: Path) -> None:
    said: list[dict[str, float]] = []
    whole = start(CONFIG, tmp_path / "whole", None, resume=False)
    fit(whole, pictures, lambda _: {"held_psnr": 1.0}, said.append)
    assert [row["step"] for row in said] == [2, 4] and said[-1]["held_psnr"] == 1.0
    again = start(CONFIG, tmp_path / "whole", None, resume=True)
    assert again.step == 4 and again.history == whole.history
    for name, value in whole.codec.state_dict().items():
        assert torch.equal(again.codec.state_dict()[name], value)


def test_what_was_trained_is_read_with_its_scale(pictures: U8, tmp_path: Path) -> None:
    trainer = start(CONFIG, tmp_path, None, resume=False)
    finish(trainer, pictures)
    (tmp_path / "config.json").write_text(json.dumps({"codec": CONFIG.codec.as_dict()}))
    read = load_codec(tmp_path)
    assert read.config == CONFIG.codec
    shown = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        assert float(read.codec.encode(shown).std()) == pytest.approx(SPREAD, rel=0.05)
    assert there_and_back(read.codec, pictures).shape == (2, 3, 160, 160)


@pytest.mark.parametrize("text", ["", "{}", '{"codec": 3}', '{"codec": {"name": "own"}}'])
def test_a_folder_that_is_no_run_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(NoCodecRun, match="name a run of `train autoencoder`"):
        load_codec(tmp_path)


def test_parts_are_squares_of_the_pictures_changed(pictures: U8) -> None:
    out = parts(pictures, 3, np.random.default_rng(1))
    assert out.shape == (3, PART, PART, 3) and (out[0] != out[1]).any()


def test_no_steps_keep_what_was_given(pictures: U8, tmp_path: Path) -> None:
    trainer = start(replace(CONFIG, steps=0), tmp_path, None, resume=False)
    fit(trainer, pictures, lambda _: {}, lambda _: None)
    assert trainer.step == 0 and not trainer.history
