"""Batches: rare openings often, cues hidden with their flags, the frame before perturbed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engines.render.conditions import CONDITION_SIZE
from export.train.renderer_batch import (
    CUE_DROP,
    SHARES,
    batch_of,
    chances,
    kept_cues,
    levels,
    noise_like,
    perturbed,
)
from export.train.renderer_cli import made_up


@pytest.mark.parametrize("box", ["mouth", "eye"])
def test_kinds_come_by_their_shares_and_rare_openings_often(box: str) -> None:
    pairs = made_up("eye", 60)
    chance = chances(pairs, box)
    assert chance.sum() == pytest.approx(1)
    present = {kind: SHARES[kind] for kind in ("grid", "restore", "cycle")}
    for kind, share in present.items():
        rows = pairs.kind == kind
        assert chance[rows].sum() == pytest.approx(share / sum(present.values()))
        order = np.argsort(pairs.open[rows] if box == "mouth" else -pairs.open[rows])
        of_kind = chance[rows][order]
        assert of_kind[-1] == pytest.approx(3 * of_kind[0])


def test_other_shares_may_be_asked_for() -> None:
    pairs = made_up("eye", 60)
    chance = chances(pairs, "mouth", {"grid": 0.0, "restore": 0.6, "cycle": 0.2})
    assert chance[pairs.kind == "grid"].sum() == 0
    assert chance[pairs.kind == "restore"].sum() == pytest.approx(0.75)


def test_levels_are_the_nets() -> None:
    picture = np.array([0, 255, 51], np.uint8).reshape(1, 1, 1, 3)
    assert levels(picture, "cpu").flatten().tolist() == pytest.approx([-1.0, 1.0, -0.6])


def test_the_truth_is_picture_and_residual() -> None:
    pairs = made_up("eye")
    batch = batch_of(pairs)
    assert len(batch) == len(pairs)
    truth = (batch.picture + batch.residual).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose((truth + 1) * 127.5, pairs.truth, atol=1e-3)
    assert 0 <= float(batch.masks.min()) and float(batch.masks.max()) == 1


def test_the_first_of_a_batch_are_its_first() -> None:
    batch = batch_of(made_up("eye", 6))
    few = batch.first(2)
    assert len(few) == 2 and torch.equal(few.condition, batch.condition[:2])


def test_where_nothing_came_before_nothing_is_told_of_it() -> None:
    pairs = made_up("eye")
    noisy = replace(pairs, previous_picture=pairs.picture // 2)
    batch = batch_of(noisy)
    without = ~torch.from_numpy(pairs.has_previous)
    assert without.any() and not without.all()
    assert not batch.previous[without].any() and batch.previous[~without].any()
    assert torch.equal(batch.before[without], batch.picture[without])


def test_hidden_cues_are_hidden_with_their_flags() -> None:
    kept = kept_cues(4000, np.random.default_rng(0))
    assert kept.shape == (4000, CONDITION_SIZE)
    for first, last, flag in ((58, 138, 209), (138, 202, 210), (202, 209, 211)):
        part = kept[:, first:last]
        np.testing.assert_array_equal(part.min(1), part.max(1))
        np.testing.assert_array_equal(part[:, 0], kept[:, flag])
        assert abs((1 - part[:, 0]).mean() - CUE_DROP) < 0.03


def test_a_perturbed_residual_is_like_it_but_not_it() -> None:
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.randn(8, 3, 6, 8), scale_factor=8.0)
    moved = perturbed(smooth, np.random.default_rng(0))
    assert moved.shape == smooth.shape and not torch.equal(moved, smooth)
    likeness = torch.corrcoef(torch.stack([moved.flatten(), smooth.flatten()]))[0, 1]
    assert 0.7 < float(likeness) < 0.999


def test_noise_is_seeded() -> None:
    batch = batch_of(made_up("eye", 4))
    first, second = (noise_like(batch, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(first, second) and first.shape == batch.picture.shape
