"""The face expert: sizes, what it is blind to, and that gradients reach the box."""

from __future__ import annotations

import pytest
import torch

from export.nets.expert import SAYS_SIZE, ExpertConfig, ExpertNet


@pytest.mark.parametrize("shape", [(96, 128), (48, 64)])
def test_both_boxes_are_read_and_pull_back(shape: tuple[int, int]) -> None:
    net = ExpertNet(ExpertConfig(5, width=4)).eval()
    box = torch.rand(2, 3, *shape, requires_grad=True)
    rest = torch.rand(2, 3, *shape)
    out = net(box, rest)
    assert out.shape == (2, 5)
    out.sum().backward()
    assert box.grad is not None and float(box.grad.abs().sum()) > 0


def test_a_mouth_is_read_by_halves() -> None:
    net = ExpertNet(ExpertConfig(3, width=4)).eval()
    box, rest = torch.rand(2, 1, 3, 48, 64)
    large = [x.repeat_interleave(2, 2).repeat_interleave(2, 3) for x in (box, rest)]
    assert torch.allclose(net(*large), net(box, rest), atol=1e-6)


def test_units_are_counted_in_their_spread() -> None:
    net = ExpertNet(ExpertConfig(2, width=4)).eval()
    net.usual.copy_(torch.tensor([0.1, 0.2]))
    net.spread.copy_(torch.tensor([2.0, 3.0]))
    box, rest = torch.rand(2, 4, 3, 48, 64)
    wanted = net(box, rest) * torch.tensor([2.0, 3.0]) + torch.tensor([0.1, 0.2])
    assert torch.allclose(net.units(box, rest), wanted)


def test_agreement_is_of_unit_vectors_and_only_where_sentences_are_met() -> None:
    net = ExpertNet(ExpertConfig(6, says=True, width=4)).eval()
    box, rest = torch.rand(2, 3, 3, 48, 64)
    fits = net.agreement(box, rest, torch.randn(5, SAYS_SIZE)).detach()
    assert fits.shape == (3, 5) and float(fits.abs().max()) <= 1 + 1e-5
    assert 1 <= float(net.scale().detach()) <= 60
    with pytest.raises(ValueError, match="sentences"):
        ExpertNet(ExpertConfig(6, width=4)).agreement(box, rest, torch.randn(5, SAYS_SIZE))
