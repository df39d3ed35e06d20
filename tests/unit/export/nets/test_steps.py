"""Convolutions a column at a time: they give what they give over a sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.nets.steps import ResidualSteps, column, column_sum


def in_order(window: Tensor) -> Tensor:
    """f32[B,taps*in,1] of f32[B,in,taps]: columns in order of time."""
    return window.transpose(1, 2).reshape(len(window), -1, 1)


def test_a_column_is_one_window_of_its_convolutions() -> None:
    torch.manual_seed(0)
    convs = [nn.Conv1d(5, 4, 3), nn.Conv1d(5, 2, 3, bias=False)]
    x = torch.randn(2, 5, 3)
    wanted = torch.cat([conv(x) for conv in convs], dim=1)
    assert torch.allclose(column(*convs)(in_order(x)), wanted, atol=1e-6)


def test_a_sum_adds_what_each_says() -> None:
    torch.manual_seed(1)
    first, second = nn.Conv1d(3, 4, 2), nn.Conv1d(6, 4, 1)
    x, y = torch.randn(1, 3, 2), torch.randn(1, 6, 1)
    given = torch.cat((in_order(x), y), dim=1)
    assert torch.allclose(column_sum(first, second)(given), first(x) + second(y), atol=1e-6)


def test_residual_layers_step_as_they_run() -> None:
    torch.manual_seed(2)
    dilations = (1, 2, 4)
    convs = nn.ModuleList(nn.Conv1d(6, 6, 3, dilation=d) for d in dilations)
    mixes = nn.ModuleList(nn.Conv1d(6, 6, 1) for _ in dilations)
    sound = torch.randn(1, 6, 30)
    whole = sound
    for conv, mix, d in zip(convs, mixes, dilations, strict=True):
        past = torch.zeros(1, 6, 2 * d)
        moved = nn.functional.gelu(conv(torch.cat((past, whole), dim=2)), approximate="tanh")
        whole = whole + mix(moved)
    steps = ResidualSteps(convs, mixes)
    state = torch.zeros(1, sum(steps.sizes), 1)
    assert state.shape[1] == sum(2 * d * 6 for d in dilations)
    columns = []
    for at in range(sound.shape[2]):
        step, after = steps(sound[:, :, at : at + 1], iter(torch.split(state, steps.sizes, dim=1)))
        state = torch.cat(after, dim=1)
        columns.append(step)
    assert torch.allclose(torch.cat(columns, dim=2), whole, atol=1e-5)
