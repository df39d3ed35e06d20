"""The contest: verdicts where the opening is, a lead that each side answers, smooth slopes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from export.distill.contest import CELL, Discriminator, cells, lost, smoothness

Sides = tuple[Tensor, Tensor, Tensor]


@pytest.fixture
def sides() -> Sides:
    """True boxes, drawn ones (flatter), and masks with an opening in the middle."""
    torch.manual_seed(0)
    truth = torch.rand(4, 3, 48, 64) * 2 - 1
    masks = torch.zeros(4, 2, 48, 64)
    masks[:, 0, 20:28, 24:40] = 1
    return truth, truth * 0.3, masks


def test_verdicts_count_about_the_opening_alone(sides: Sides) -> None:
    truth, drawn, masks = sides
    where = cells(masks)
    assert where.shape == Discriminator(4)(truth, drawn, masks).shape
    rows, columns = places(where)
    assert min(rows) >= 12 // CELL and max(rows) <= 36 // CELL
    assert min(columns) >= 16 // CELL and max(columns) <= 48 // CELL
    away = torch.where(where > 0, 0.0, 100.0)
    assert float(lost(away, -away, where)) == pytest.approx(0.6931, abs=1e-3)
    assert float(lost(away, away, cells(masks * 0))) == 0


def places(where: Tensor) -> tuple[list[int], list[int]]:
    rows, columns = torch.nonzero(where[0, 0], as_tuple=True)
    return rows.tolist(), columns.tolist()


def test_who_leads_has_little_to_lose() -> None:
    where = torch.ones(1, 1, 2, 2)
    ahead, behind = torch.full((1, 1, 2, 2), 3.0), torch.zeros(1, 1, 2, 2)
    assert float(lost(ahead, behind, where)) < 0.05 < 3 < float(lost(behind, ahead, where))


def test_a_discriminator_learns_which_is_true(sides: Sides) -> None:
    truth, drawn, masks = sides
    torch.manual_seed(1)
    judge, where = Discriminator(8), cells(masks)
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3)
    losses = []
    for _ in range(30):
        loss = lost(judge(truth, drawn, masks), judge(drawn, drawn, masks), where)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_it_is_awake_from_the_start(sides: Sides) -> None:
    truth, drawn, masks = sides
    torch.manual_seed(1)
    with torch.no_grad():
        judge = Discriminator()
        apart = judge(truth, drawn, masks) - judge(drawn, drawn, masks)
    assert float(apart.abs().mean()) > 0.1


def test_steeper_verdicts_are_rougher_and_it_can_be_lowered(sides: Sides) -> None:
    truth, drawn, masks = sides
    torch.manual_seed(1)
    judge = Discriminator(4)
    before = smoothness(judge, truth, drawn, masks)
    before.backward()  # type: ignore[no-untyped-call]
    grads = [p.grad for p in judge.parameters() if p.ndim > 1]
    assert all(grad is not None and grad.any() for grad in grads) and truth.grad is None
    with torch.no_grad():
        list(judge.parameters())[-2].mul_(3.0)
    steeper = smoothness(judge, truth, drawn, masks).detach()
    assert float(steeper) == pytest.approx(9 * float(before.detach()), rel=0.01)
