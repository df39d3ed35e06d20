"""The face experts: what a drawn box shows, beside the same box at rest.

Offline (torch); used as losses where gradients must reach the box, and to tell what losses did.
Never sees who it is but by the rest: it is given the box and what differs from rest.

One small tower; its head tells action units, or an expression, or meets sentences in one space.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.nets.sync import HEIGHT, WIDTH

SAYS_SIZE = 80
"""Values of a sentence's vector (`engines.scene.encoder`)."""


@dataclass(frozen=True, slots=True)
class ExpertConfig:
    """Sizes."""

    outputs: int
    """Action units, expressions, or values of the space that sentences are met in."""
    says: bool = False
    """Whether it meets sentences."""
    width: int = 24
    dropout: float = 0.2

    def as_dict(self) -> dict[str, int | float]:
        """For checkpoints."""
        return asdict(self)


class ExpertNet(nn.Module):
    """Boxes to what they show; the mouth's box is looked at by halves, the eye's as it is."""

    def __init__(self, config: ExpertConfig) -> None:
        super().__init__()
        self.config = config
        w = config.width
        sizes = ((6, w, 5), (w, 2 * w, 3), (2 * w, 3 * w, 3), (3 * w, 4 * w, 3))
        layers: list[nn.Module] = []
        for before, after, kernel in sizes:
            conv = nn.Conv2d(before, after, kernel, stride=2, padding=kernel // 2)
            layers += [conv, nn.BatchNorm2d(after), nn.ReLU()]
        flat = 4 * w * (HEIGHT // 16) * (WIDTH // 16)
        self.tower = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(flat, config.outputs)
        )
        self.words = nn.Linear(SAYS_SIZE, config.outputs) if config.says else None
        self.sharpness = nn.Parameter(torch.tensor(2.3))
        """Natural logarithm of what agreements are multiplied by in the contrast."""
        self.usual: Tensor
        self.spread: Tensor
        self.register_buffer("usual", torch.zeros(config.outputs))
        self.register_buffer("spread", torch.ones(config.outputs))

    def forward(self, box: Tensor, rest: Tensor) -> Tensor:
        """f32[N,outputs] of boxes f32[N,3,h,w] in -1..1 and the same boxes at rest."""
        seen = torch.cat((box, 2 * (box - rest)), dim=1)
        if seen.shape[2] > HEIGHT:
            seen = functional.avg_pool2d(seen, seen.shape[2] // HEIGHT)
        out: Tensor = self.tower(seen)
        return out

    def units(self, box: Tensor, rest: Tensor) -> Tensor:
        """f32[N,K]: the outputs as action units, where they were trained to be."""
        out: Tensor = self(box, rest) * self.spread + self.usual
        return out

    def agreement(self, box: Tensor, rest: Tensor, says: Tensor) -> Tensor:
        """f32[N,M] in -1..1: how well each box agrees with each sentence f32[M,80]."""
        if self.words is None:
            raise ValueError("this expert was not made for sentences")
        seen = functional.normalize(self(box, rest), dim=1)
        return seen @ functional.normalize(self.words(says), dim=1).T

    def scale(self) -> Tensor:
        """What agreements are multiplied by before a softmax."""
        return self.sharpness.clamp(0.0, 4.0).exp()
