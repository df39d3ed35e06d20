"""The loss: most in the opening, nothing where pasting hides; edges, tints, steepness."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines.render.boxes import MOUTH
from export.train.renderer_loss import (
    IN_OPENING,
    drawn_loss,
    fade_of,
    steepness_loss,
    tint_loss,
    weights,
    widened,
)


def masks() -> torch.Tensor:
    out = torch.zeros(1, 2, *MOUTH.shape)
    out[:, 0, 44:52, 56:72] = 1
    return out


def test_the_opening_is_widened_by_a_block_or_two() -> None:
    wide = widened(masks()[:, :1])[0, 0].numpy()
    rows, columns = np.flatnonzero(wide.any(1)), np.flatnonzero(wide.any(0))
    assert rows[0] in range(36, 42) and rows[-1] in range(54, 60)
    assert columns[0] in range(48, 54) and columns[-1] in range(74, 80)
    assert not widened(torch.zeros(1, 1, *MOUTH.shape)).any()


def test_the_opening_counts_most_and_the_edge_of_the_box_hardly() -> None:
    weight = weights(masks(), fade_of("mouth"))[0, 0]
    assert weight.mean() == pytest.approx(1, abs=1e-5)
    inside, beside, edge = weight[48, 64], weight[30, 64], weight[0, 0]
    assert float(inside / beside) == pytest.approx(IN_OPENING)
    assert float(edge / beside) == pytest.approx(0.1)


def test_a_flat_error_is_its_level_and_an_edge_costs_more() -> None:
    truth, weight = torch.zeros(2, 3, 8, 8), torch.ones(2, 1, 8, 8)
    drawn = truth.clone()
    drawn[0] += 0.25
    assert drawn_loss(drawn, truth, weight).tolist() == pytest.approx([0.25, 0.0])
    striped = truth.clone()
    striped[:, :, ::2] = 0.5
    assert (drawn_loss(striped, truth, weight) > 0.25 + 0.2).all()


def test_weights_move_the_loss_to_where_they_are() -> None:
    truth = torch.zeros(1, 3, 8, 8)
    drawn = truth.clone()
    drawn[..., 3:5, 3:5] = 1
    heavy = torch.ones(1, 1, 8, 8)
    heavy[..., 3:5, 3:5] = 5
    assert drawn_loss(drawn, truth, heavy) > 3 * drawn_loss(drawn, truth, torch.ones(1, 1, 8, 8))


def test_a_tint_is_colour_alone() -> None:
    truth, weight = torch.zeros(3, 3, 8, 8), torch.ones(3, 1, 8, 8)
    drawn = truth.clone()
    drawn[0] += 0.3  # lighter
    drawn[1, 1] += 0.3  # greener
    drawn[2, 0, ::2] += 0.3  # blue that no patch of 4 x 4 has
    drawn[2, 0, 1::2] -= 0.3
    lighter, greener, striped = tint_loss(drawn, truth, weight).tolist()
    assert lighter == pytest.approx(0, abs=1e-6) and striped == pytest.approx(0, abs=1e-6)
    assert greener == pytest.approx(0.3 + 0.15)


def test_steepness_asks_for_as_much_edge_wherever_it_is() -> None:
    truth = torch.zeros(3, 3, *MOUTH.shape)
    truth[..., ::4] = 0.4
    moved = torch.roll(truth, 1, dims=3)
    flat = torch.full_like(truth, 0.1)
    shapes = masks().expand(3, -1, -1, -1)
    assert steepness_loss(truth, truth, shapes).max() == 0
    assert (steepness_loss(moved, truth, shapes) < 0.1 * steepness_loss(flat, truth, shapes)).all()
    assert steepness_loss(flat, truth, shapes).mean() == pytest.approx(0.2, abs=0.01)
    # What no mask marks does not count; with no mask at all nothing does.
    aside = truth.clone()
    aside[:, :, :20] = 0.1
    assert steepness_loss(aside, truth, shapes).max() == 0
    assert steepness_loss(flat, truth, 0 * shapes).max() == 0


def test_both_can_be_followed_downhill() -> None:
    drawn = torch.full((1, 3, *MOUTH.shape), 0.1)
    drawn[..., ::4] = 0.2
    drawn.requires_grad_(True)
    truth = torch.zeros(1, 3, *MOUTH.shape)
    truth[..., ::4] = 0.4
    steepness_loss(drawn, truth, masks()).sum().backward()  # type: ignore[no-untyped-call]
    assert drawn.grad is not None
    inside = drawn.grad[0, :, 48, 56:72]
    # The light columns are to be lighter, the dark ones beside them darker.
    assert (inside[:, ::4] < 0).all() and (inside[:, 1::4] > 0).any()
