"""Tests of export.train.checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from export.train.checkpoint import load_checkpoint, load_net, save_checkpoint


def _step(net: nn.Linear, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    net(torch.ones(4, 3)).pow(2).sum().backward()
    optimizer.step()


def _pair() -> tuple[nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(3)
    net = nn.Linear(3, 2)
    return net, torch.optim.AdamW(net.parameters(), 0.1)


def test_going_on_equals_never_having_stopped(tmp_path: Path) -> None:
    net, optimizer = _pair()
    for _ in range(3):
        _step(net, optimizer)
    save_checkpoint(tmp_path, net, optimizer, 3, [{"loss": 0.5}])
    for _ in range(3):
        _step(net, optimizer)

    other, other_optimizer = _pair()
    assert load_checkpoint(tmp_path, other, other_optimizer) == (3, [{"loss": 0.5}])
    for _ in range(3):
        _step(other, other_optimizer)
    torch.testing.assert_close(other.weight, net.weight, rtol=0, atol=0)


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, *_pair()) is None


def test_a_net_alone_can_be_taken_over(tmp_path: Path) -> None:
    net, optimizer = _pair()
    _step(net, optimizer)
    save_checkpoint(tmp_path, net, optimizer, 1, [])
    other, _ = _pair()
    load_net(tmp_path, other)
    torch.testing.assert_close(other.weight, net.weight, rtol=0, atol=0)
