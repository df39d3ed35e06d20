"""The net of the whole face: its shapes, nothing drawn at first, every input counts."""

from __future__ import annotations

import torch

from engines.render.conditions import CONDITION_SIZE
from export.nets.codec import CodecConfig
from export.nets.renderer import MOUTH_NET, Residual
from export.nets.wide import FACE_NET, WideNet, WideNetConfig, WideReference, config_of

SMALL = WideNetConfig((8, 12, 16), (1, 1, 1), 16, codec=CodecConfig("own", (8, 8), 1))
SIDE = 64


def feeds() -> list[torch.Tensor]:
    torch.manual_seed(1)
    latent = (2, 32, SIDE // 8, SIDE // 8)
    return [
        torch.randn(latent), torch.rand(2, 2, SIDE, SIDE), torch.randn(latent),
        torch.randn(latent), torch.rand(2, 1), torch.randn(2, CONDITION_SIZE),
        torch.randn(2, 24, SIDE // 8, SIDE // 8),
    ]  # fmt: skip


def test_untrained_it_draws_nothing_and_then_every_input_counts() -> None:
    inputs = feeds()
    net = WideNet(SMALL)
    assert net(*inputs).shape == inputs[0].shape and not net(*inputs).any()
    for block in net.modules():
        if isinstance(block, Residual):
            torch.nn.init.normal_(block.film.weight, 0, 0.1)
    torch.nn.init.normal_(net.last.weight)
    with torch.no_grad():
        drawn = net(*inputs)
        for k in range(len(inputs)):
            others = [*inputs]
            others[k] = others[k] * 0.5 + 0.1
            assert not torch.equal(net(*others), drawn), k


def test_a_face_at_rest_is_read_at_an_eighth() -> None:
    rest = WideReference()(torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 2, SIDE, SIDE))
    assert rest.shape == (1, 24, SIDE // 8, SIDE // 8)


def test_sizes_come_back_from_a_runs_note() -> None:
    for config in (SMALL, FACE_NET, MOUTH_NET):
        again = config_of(config.as_dict())
        assert again == config and type(again) is type(config)
