"""Causal convolutions one column at a time: what training runs over sequences, as products.

Offline (torch); what serving runs is the ONNX of the step nets built from these.
Never copies more of a left context than one column: columns lie one after the other, oldest first,
so that moving on drops the first and appends the newest: no transposes, no columns gathered with
a stride.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor, nn

OPSET = 20
"""The first that has GELU as one operator."""


def product(*convs: nn.Conv1d) -> nn.Linear:
    """All outputs of convolutions of one input, one after the other, of a single window.

    f32[B,taps*in] (columns in order of time) -> f32[B,out].
    """
    weights = torch.cat([conv.weight.detach().permute(0, 2, 1).flatten(1) for conv in convs])
    biases = [conv.bias.detach() for conv in convs if conv.bias is not None]
    return _linear(weights, torch.cat(biases))


def sum_of_products(*convs: nn.Conv1d) -> nn.Linear:
    """The sum of convolutions of several inputs: f32[B,sum of taps*in] -> f32[B,out]."""
    weights = [conv.weight.detach().permute(0, 2, 1).flatten(1) for conv in convs]
    biases = [conv.bias.detach() for conv in convs if conv.bias is not None]
    return _linear(torch.cat(weights, dim=1), torch.stack(biases).sum(0))


def _linear(weights: Tensor, biases: Tensor) -> nn.Linear:
    made = nn.Linear(weights.shape[1], weights.shape[0])
    made.load_state_dict({"weight": weights, "bias": biases})
    return made


class ResidualStep(nn.Module):
    """x + mix(GELU(conv)) of a dilated convolution of three taps, a column at a time."""

    def __init__(self, conv: nn.Conv1d, mix: nn.Conv1d) -> None:
        super().__init__()
        self.conv = product(conv)
        self.mix = product(mix)
        self.act = nn.GELU(approximate="tanh")
        width, between = conv.in_channels, (conv.dilation[0] - 1) * conv.in_channels
        self.sizes = [size for size in (width, between, width, between) if size]
        """Of the parts of the left context: the two columns that are heard, what lies between."""

    def forward(self, x: Tensor, parts: Iterator[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """f32[B,C], and the next left context in parts; takes as many as `sizes` has."""
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
