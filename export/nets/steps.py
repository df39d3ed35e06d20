"""Causal convolutions one column at a time: what training runs over sequences, of one tap.

Offline (torch); what serving runs is the ONNX of the step nets built from these.
Never copies more of a left context than one column: columns lie one after the other, oldest first,
so that moving on drops the first and appends the newest. A column costs half of what the same
convolution costs over a window (no transposes, no columns gathered with a stride). Convolutions
and not products: TensorRT-RTX builds no product in single precision for RTX 20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor, nn

OPSET = 20
"""The first that has GELU as one operator."""


def column(*convs: nn.Conv1d) -> nn.Conv1d:
    """All outputs of convolutions of one input, one after the other, of a single window.

    f32[B,taps*in,1] (columns in order of time) -> f32[B,out,1].
    """
    weights = torch.cat([_flat(conv) for conv in convs])
    return _one_tap(weights, torch.cat([_bias(conv) for conv in convs]))


def column_sum(*convs: nn.Conv1d) -> nn.Conv1d:
    """The sum of convolutions of several inputs: f32[B,sum of taps*in,1] -> f32[B,out,1]."""
    weights = torch.cat([_flat(conv) for conv in convs], dim=1)
    return _one_tap(weights, torch.stack([_bias(conv) for conv in convs]).sum(0))


def _flat(conv: nn.Conv1d) -> Tensor:
    return conv.weight.detach().permute(0, 2, 1).flatten(1)


def _bias(conv: nn.Conv1d) -> Tensor:
    return torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()


def _one_tap(weights: Tensor, biases: Tensor) -> nn.Conv1d:
    made = nn.Conv1d(weights.shape[1], weights.shape[0], 1)
    made.load_state_dict({"weight": weights[:, :, None], "bias": biases})
    return made


class ResidualStep(nn.Module):
    """x + mix(GELU(conv)) of a dilated convolution of three taps, a column at a time."""

    def __init__(self, conv: nn.Conv1d, mix: nn.Conv1d) -> None:
        super().__init__()
        self.conv = column(conv)
        self.mix = column(mix)
        self.act = nn.GELU(approximate="tanh")
        width, between = conv.in_channels, (conv.dilation[0] - 1) * conv.in_channels
        self.sizes = [size for size in (width, between, width, between) if size]
        """Of the parts of the left context: the two columns that are heard, what lies between."""

    def forward(self, x: Tensor, parts: Iterator[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """f32[B,C,1], and the next left context in parts; takes as many as `sizes` has."""
        left = list(islice(parts, len(self.sizes)))
        heard = torch.cat((left[0], left[len(left) // 2], x), dim=1)
        return x + self.mix(self.act(self.conv(heard))), [*left[1:], x]


class ResidualSteps(nn.Module):
    """Several, one after the other."""

    def __init__(self, convs: Iterable[nn.Module], mixes: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            ResidualStep(conv, mix)
            for conv, mix in zip(convs, mixes, strict=True)
            if isinstance(conv, nn.Conv1d) and isinstance(mix, nn.Conv1d)
        )
        self.sizes: list[int] = []
        """As of each."""
        for layer in self.layers:
            if isinstance(layer, ResidualStep):
                self.sizes += layer.sizes

    def forward(self, x: Tensor, parts: Iterator[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """As of each."""
        after: list[Tensor] = []
        for layer in self.layers:
            x, kept = layer(x, parts)
            after += kept
        return x, after
