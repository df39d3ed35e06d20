"""A contest of drawn boxes with true ones, for what the net cannot know: one that could be real.

Offline, torch; pure.
Never looks beyond the opening and what is about it: elsewhere the truth is known and levels do.

Box against box of the same motion frame (Jolicoeur-Martineau, The relativistic discriminator,
2019), kept smooth by the gradients at true and at drawn boxes (R1 and R2; Huang et al., The GAN is
dead, long live the GAN, 2024). L1 draws teeth that are nowhere in its input as their median, a
smear; here a smear loses to a row of teeth even where each stands a little off.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.train.renderer_loss import widened

_BLOCK = 2
"""Pixels a side of the space-to-depth blocks that are looked at: finer than the nets' own."""
_LEAK = 0.2
CELL = 8
"""Pixels a side of what one verdict stands for; it sees 38 x 38 about it."""


class Discriminator(nn.Module):
    """How real a box looks, cell by cell, knowing the motion frame and its masks; no norm."""

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        planes = (3 + 3 + 2) * _BLOCK * _BLOCK
        sizes = ((planes, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1),
                 (2 * width, 3 * width, 2), (3 * width, 1, 1))  # fmt: skip
        layers = [nn.Conv2d(a, b, 3, stride=stride, padding=1) for a, b, stride in sizes]
        # At torch's own scale its verdicts are nearly nothing and it learns nothing for 500 steps.
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, _LEAK)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.layers = nn.ModuleList(layers)

    def forward(self, shown: Tensor, picture: Tensor, masks: Tensor) -> Tensor:
        """f32[N,1,h/8,w/8], higher for more real; pictures f32[N,3,h,w], masks f32[N,2,h,w]."""
        x = functional.pixel_unshuffle(torch.cat((shown, picture, masks), dim=1), _BLOCK)
        for layer in self.layers[:-1]:
            x = functional.leaky_relu(layer(x), _LEAK)
        verdict: Tensor = self.layers[-1](x)
        return verdict


def cells(masks: Tensor) -> Tensor:
    """f32[N,1,h/8,w/8]: how much of each cell lies in the opening or about it."""
    return functional.avg_pool2d(widened(masks[:, :1]), CELL)


def lost(mine: Tensor, other: Tensor, where: Tensor) -> Tensor:
    """What the side of `mine` lowers: softplus of the other's lead, mean over `where`."""
    lead: Tensor = functional.softplus(other - mine)
    return (lead * where).sum() / where.sum().clamp(min=1)


def smoothness(judge: Discriminator, shown: Tensor, picture: Tensor, masks: Tensor) -> Tensor:
    """Mean over cells in question of the squared gradient of verdicts by the pictures shown."""
    shown = shown.detach().requires_grad_()
    where = cells(masks)
    total = (judge(shown, picture, masks) * where).sum()
    (slope,) = torch.autograd.grad(total, shown, create_graph=True)
    return slope.square().sum() / where.sum().clamp(min=1)
