"""Training in the latent: what a batch becomes, losses on pictures, steps that learn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.render.boxes import face_box
from export.data.render_pairs import Pairs
from export.distill.student import Recipe, student_step
from export.distill.student import start as start_student
from export.nets.codec import codec_of
from export.train.renderer import (
    RenderConfig,
    Trained,
    load_trained,
    nets_of,
    save,
    start,
    train_step,
)
from export.train.renderer_batch import batch_of, chances
from export.train.renderer_cli import SMOKE_FACE
from export.train.renderer_figures import box_of, figures, shown
from export.train.wide import WideBatch, WideNets, put_codec
from tests.support.made_pairs import made_pairs

CONFIG = RenderConfig(box="face", steps=4, batch=2, every=1, net=SMOKE_FACE)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return made_pairs(4, face_box(256))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(1)


def nets() -> WideNets:
    out = nets_of(SMOKE_FACE)
    assert isinstance(out, WideNets)
    return out


def test_a_batch_is_of_latents_but_for_masks_and_rest(pairs: Pairs) -> None:
    wide, seen = nets(), batch_of(pairs)
    batch = wide.inner(seen)
    assert isinstance(batch, WideBatch)
    assert batch.picture.shape == batch.residual.shape == batch.previous.shape == (4, 32, 32, 32)
    assert batch.masks.shape == (4, 2, 256, 256) and batch.rest is seen.rest
    truth = wide.codec.encode(seen.picture + seen.residual)
    torch.testing.assert_close(batch.picture + batch.residual, truth)
    # No frame before: no residual of it.
    assert not batch.previous[0].any() and batch.previous[1].any()
    few = batch.first(1)
    assert isinstance(few, WideBatch) and len(few.pixels) == 1


def test_nothing_drawn_is_the_motion_frame_bit_for_bit(pairs: Pairs) -> None:
    wide = nets()
    batch = wide.inner(batch_of(pairs))
    seen, drawn, truth = wide.looked(batch, torch.zeros_like(batch.picture), "face")
    assert torch.equal(drawn, seen.picture)
    assert not torch.equal(truth, seen.picture)
    assert box_of(pairs) == "face"
    out = figures(pairs, {"1": shown(wide, pairs, 1)})
    assert out["stills_1_psnr"] == pytest.approx(out["stills_warp_psnr"], abs=1e-4)


def test_what_is_nearer_the_truth_loses_less(pairs: Pairs) -> None:
    wide = nets()
    batch = wide.inner(batch_of(pairs))
    with torch.no_grad():
        none = wide.away(batch, torch.zeros_like(batch.residual), "face")
        half = wide.away(batch, 0.5 * batch.residual, "face")
    assert none.shape == (4,) and (half < none).all()
    weight = wide.weight(batch, "face")
    assert weight.shape == (4, 1, 32, 32) and weight[:, :, 16, 16].min() > weight[:, :, 0, 0].max()


def test_training_moves_the_net_and_leaves_the_codec(pairs: Pairs, tmp_path: Path) -> None:
    trainer = start(CONFIG, tmp_path, resume=False)
    given = codec_of(SMOKE_FACE.codec)
    put_codec(trainer.nets, given)
    chance = chances(pairs, "face")
    for _ in range(2):
        assert np.isfinite(train_step(trainer, pairs, chance))
    assert trainer.nets.now.box.last.weight.any()
    for side in (trainer.nets.now, trainer.nets.mean):
        assert isinstance(side, WideNets)
        for name, value in given.state_dict().items():
            assert torch.equal(side.codec.state_dict()[name], value), name
    save(trainer)
    (tmp_path / "config.json").write_text(
        '{"net": ' + json.dumps(SMOKE_FACE.as_dict()) + "}")  # fmt: skip
    assert isinstance(load_trained(tmp_path), Trained)
    assert isinstance(load_trained(tmp_path).mean, WideNets)


def test_a_student_of_two_steps_learns_from_it(pairs: Pairs, tmp_path: Path) -> None:
    trainer = start(replace(CONFIG, batch=1), tmp_path, resume=False)
    recipe = Recipe(two=1.0, features=0.0, teacher_steps=2, steep=0.1, warm=0)
    student = start_student(trainer, recipe, nets(), None, resume=False)
    assert np.isfinite(student_step(student, pairs, chances(pairs, "face")))
    assert trainer.nets.now.box.last.weight.any()
