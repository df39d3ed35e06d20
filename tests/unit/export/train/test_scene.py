"""Training of the head lowers its loss and repeats bit for bit."""

from __future__ import annotations

from dataclasses import replace

import torch

from export.train.scene import look_up, train_head
from export.train.scene_cli import SMOKE, smoke_table


def test_the_loss_falls_and_a_seed_repeats() -> None:
    tokens, table = smoke_table(SMOKE.net.table)
    config = replace(SMOKE, epochs=3)
    net, history = train_head(tokens, table, config)
    assert history[-1]["loss"] < history[0]["loss"]
    again, _ = train_head(tokens, table, config)
    for a, b in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_past_the_end_is_zero() -> None:
    x, mask = look_up(torch.ones(3, 2), torch.tensor([[1, 2, -1, -1], [0, -1, -1, -1]]))
    assert x.shape == (2, 2, 2)
    assert mask.tolist() == [[1, 1], [1, 0]] and not x[1, 1].any()
