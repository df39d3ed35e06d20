"""Figures: by identity apart, right on answers that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from export.nets.renderer import BoxNetConfig
from export.train.renderer import Nets
from export.train.renderer_cli import made_up
from export.train.renderer_figures import (
    HELD_EVERY,
    apart,
    box_of,
    figures,
    groups,
    psnr,
    shown,
    watched,
)

SMALL = BoxNetConfig((8, 12, 16), (1, 1, 1), 16)


def test_nobody_is_both_trained_on_and_watched() -> None:
    pairs = made_up("eye", 300)
    named = np.array([f"{kind} {i // 3 % 30}" for i, kind in enumerate(pairs.kind)])
    pairs = replace(pairs, identity=named)
    held = apart(pairs)
    assert 0 < held.mean() < 2 / HELD_EVERY + 0.1
    assert not set(pairs.identity[held]) & set(pairs.identity[~held])


def test_of_few_people_the_last_rows_are_watched() -> None:
    held = apart(made_up("eye", 72))
    assert held.sum() == 6 and held[-3:].all()


def test_the_watched_rows_are_always_the_same() -> None:
    pairs = made_up("eye", 60)
    first, second = watched(pairs, "eye", 20), watched(pairs, "eye", 20)
    assert len(first) == 20
    np.testing.assert_array_equal(first.picture, second.picture)


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((1, 4, 4, 3), np.float32)
    assert psnr(truth + 25.5, truth)[0] == pytest.approx(20.0)
    assert psnr(truth, truth)[0] > 60


def test_the_truth_itself_is_perfect_and_a_blur_is_not_sharp() -> None:
    pairs = made_up("eye", 24)
    truth = pairs.truth.astype(np.float32)
    flat = np.repeat(truth.mean(2, keepdims=True), truth.shape[2], axis=2)
    found = figures(pairs, {"truth": truth, "flat": flat})
    for group in groups(pairs):
        assert found[f"{group}_truth_edge"] == 0
        assert found[f"{group}_truth_sharp"] == pytest.approx(1)
        assert found[f"{group}_flat_sharp"] == pytest.approx(0, abs=1e-3)
        assert found[f"{group}_warp_psnr"] < found[f"{group}_truth_psnr"]


def test_groups_part_video_from_stills_and_open_from_shut() -> None:
    pairs = made_up("mouth", 12)
    found = groups(pairs)
    np.testing.assert_array_equal(found["video"], pairs.kind == "grid")
    np.testing.assert_array_equal(
        found["stills_rare"], (pairs.kind != "grid") & (pairs.open > 0.12)
    )


@pytest.mark.parametrize(("steps", "regression"), [(1, True), (1, False), (3, False)])
def test_an_untrained_net_shows_the_motion_frame(steps: int, regression: bool) -> None:
    pairs = made_up("eye", 5)
    out = shown(Nets(SMALL), pairs, steps, regression=regression)
    np.testing.assert_allclose(out, pairs.picture, atol=1e-3)


def test_what_is_pasted_fades_at_the_edge() -> None:
    nets, pairs = Nets(SMALL), made_up("eye", 2)
    torch.nn.init.constant_(nets.box.last.bias, 0.2)  # type: ignore[arg-type]
    change = shown(nets, pairs, 1) - pairs.picture
    assert np.abs(change[:, 0]).max() < 1e-3
    assert change[:, 24, 32].mean() == pytest.approx(0.2 * 127.5, abs=1)


def test_a_shape_that_is_no_box_is_refused() -> None:
    pairs = made_up("eye", 2)
    with pytest.raises(ValueError, match="no box"):
        box_of(replace(pairs, picture=pairs.picture[:, :8]))
