"""The sound-to-lips net: a small causal convolutional net, trained whole, served frame by frame.

Offline (torch); what serving runs is the ONNX of `StepNet`.
Never looks ahead by itself: the 80 ms of look-ahead are in how frames and sound are paired.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.features import LOG_OFFSET, LOG_SCALE, MEL_BINS, POWER_FLOOR
from engines.values import F32
from export.nets.steps import OPSET, ResidualSteps, column

SILENCE = float((np.log(POWER_FLOOR) + LOG_OFFSET) / LOG_SCALE)


@dataclass(frozen=True, slots=True)
class LipNetConfig:
    """Sizes; the defaults are the shipped net (334 k parameters)."""

    hidden: int = 128
    dilations: tuple[int, ...] = (1, 2, 4)
    geometry: int = 7
    visemes: int = 8
    curves: int = 8
    dropout: float = 0.1

    def as_dict(self) -> dict[str, object]:
        """For the manifest and checkpoints."""
        return asdict(self)


class LipNet(nn.Module):
    """mel f32[B,4T,80] -> (geometry [B,T,7] scaled, closure logit [B,T], visemes, curves scaled).

    Two strided convolutions bring 100 rows a second to 25; residual causal convolutions give
    0.69 s of memory. Every convolution is padded on the left only.
    """

    def __init__(self, config: LipNetConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.down1 = nn.Conv1d(MEL_BINS, hidden, 5, stride=2)
        self.down2 = nn.Conv1d(hidden, hidden, 5, stride=2)
        self.dilated = nn.ModuleList(
            nn.Conv1d(hidden, hidden, 3, dilation=d) for d in config.dilations
        )
        self.mix = nn.ModuleList(nn.Conv1d(hidden, hidden, 1) for _ in config.dilations)
        self.drop = nn.Dropout(config.dropout)
        self.geometry = nn.Conv1d(hidden, config.geometry, 1)
        self.closure = nn.Conv1d(hidden, 1, 1)
        self.visemes = nn.Conv1d(hidden, config.visemes, 1)
        self.curves = nn.Conv1d(hidden, config.curves, 1)
        self.act = nn.GELU(approximate="tanh")

    def pads(self) -> list[tuple[int, int]]:
        """(channels, columns) of left context that each convolution keeps."""
        hidden = self.config.hidden
        return [(MEL_BINS, 3), (hidden, 3)] + [(hidden, 2 * d) for d in self.config.dilations]

    def run(self, mel: Tensor, left: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Heads and next left contexts; `left[i]` is f32[B,channels,columns] of `pads()`."""
        after: list[Tensor] = []

        def extend(x: Tensor, i: int) -> Tensor:
            joined = torch.cat((left[i], x), dim=2)
            after.append(joined[:, :, -left[i].shape[2] :])
            return joined

        x = self.act(self.down1(extend(mel.transpose(1, 2), 0)))
        x = self.act(self.down2(extend(x, 1)))
        for i, (conv, mix) in enumerate(zip(self.dilated, self.mix, strict=True)):
            x = x + mix(self.drop(self.act(conv(extend(x, 2 + i)))))
        x = self.drop(self.act(x))
        heads = [self.geometry(x), self.closure(x), self.visemes(x), self.curves(x)]
        return [head.transpose(1, 2) for head in heads], after

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Whole sequences, from a zero left context (mask the first rows of a loss)."""
        left = [mel.new_zeros(mel.shape[0], c, n) for c, n in self.pads()]
        (geometry, closure, visemes, curves), _ = self.run(mel, left)
        return geometry, closure[..., 0], visemes, curves


class StepNet(nn.Module):
    """One frame for serving: (mel f32[1,4,80], state f32[1,S]) -> physical units and next state."""

    def __init__(self, net: LipNet, scale: dict[str, F32]) -> None:
        super().__init__()
        self.down1 = column(net.down1)
        self.down2 = column(net.down2)
        self.layers = ResidualSteps(net.dilated, net.mix)
        heads = (net.geometry, net.closure, net.visemes, net.curves)
        self.heads = column(*heads)
        self.head_sizes = [head.out_channels for head in heads]
        self.act = net.act
        self.sizes = [columns * channels for channels, columns in net.pads()[:2]]
        self.sizes += self.layers.sizes
        for name, value in scale.items():
            self.register_buffer(name, torch.as_tensor(value))

    @property
    def state_size(self) -> int:
        """S."""
        return sum(self.sizes)

    def forward(self, mel: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Geometry [1,7] face heights, closure [1] probability, visemes [1,8], curves [1,8]."""
        first, second, *left = torch.split(state[:, :, None], self.sizes, dim=1)
        # Seven rows of sound are two windows of five, two apart; both rows that come of them and
        # three before are the one window of the second.
        heard = torch.cat((first, mel.reshape(1, -1, 1)), dim=1)
        window, apart = self.down1.in_channels, 2 * mel.shape[2]
        rows = [self.act(self.down1(heard[:, at : at + window])) for at in (0, apart)]
        joined = torch.cat((second, *rows), dim=1)
        x = self.act(self.down2(joined))
        after = [heard[:, -first.shape[1] :], joined[:, -second.shape[1] :]]
        x, kept = self.layers(x, iter(left))
        geometry, closure, visemes, curves = torch.split(
            self.heads(self.act(x)).flatten(1), self.head_sizes, dim=1
        )
        return (
            geometry * self.get_buffer("geometry_sd") + self.get_buffer("geometry_mean"),
            torch.sigmoid(closure[:, 0]),
            torch.softmax(visemes, dim=-1),
            curves * self.get_buffer("curves_sd") + self.get_buffer("curves_mean"),
            torch.cat([*after, *kept], dim=1).flatten(1),
        )


def export_onnx(net: LipNet, scale: dict[str, F32], path: Path) -> None:
    """Write the ONNX of one step."""
    step = StepNet(net, scale).eval()
    mel = torch.full((1, 4, MEL_BINS), SILENCE)
    names = ["geometry", "closure", "visemes", "curves", "next_state"]
    torch.onnx.export(
        step,
        (mel, torch.zeros(1, step.state_size)),
        str(path),
        input_names=["mel", "state"],
        output_names=names,
        opset_version=OPSET,
        dynamo=False,
    )
