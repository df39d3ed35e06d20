"""The head: shapes, and what lies past the end of a text does not count."""

from __future__ import annotations

import torch

from export.nets.scene import SceneNet, SceneNetConfig


def test_padding_changes_nothing() -> None:
    torch.manual_seed(1)
    net = SceneNet(SceneNetConfig(table=8, grams=6, hidden=5)).eval()
    x = torch.randn(2, 4, 8)
    dials, feelings = net(x, torch.ones(2, 4))
    assert dials.shape == (2, 7) and feelings.shape == (2, 8)
    assert bool(((dials > 0) & (dials < 1)).all())
    longer = torch.cat([x, torch.zeros(2, 3, 8)], 1)
    mask = torch.cat([torch.ones(2, 4), torch.zeros(2, 3)], 1)
    assert torch.allclose(net(longer, mask)[0], dials, atol=1e-6)
