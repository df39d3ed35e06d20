"""What a drawn mouth is judged by when its levels are no longer enough: features and a critic.

Offline, torch; pure but for loading the features' weights.
Never the features that `evaluate renderer` judges with: training on a judge spoils it.

Features are of the first stages of TAEF2's encoder (Ollin Boer Bohan, MIT), a published image
autoencoder; a critic's are told by hinges (Lim, Ye, Geometric GAN, 2017) and matched (Wang et al.,
pix2pixHD, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.nets.renderer import BLOCK

FEATURES_FILE = Path("taef2") / "taef2_encoder.pth"
"""Within the data folder."""
CUTS = {"mouth": (32, 64), "eye": (32, 48), "face": (160, 160)}
"""Rows and columns about the opening that features are taken of."""
_TAPS = (1, 3, 5)
"""Stages whose activations count."""
_LAST = max(_TAPS)


class FeaturesMissing(Exception):
    """The weights of the features are not there; the message says where they should be."""


class Stage(nn.Module):
    """Three convolutions beside the straight way, as in TAESD."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """f32[N,C,h,w] -> f32[N,C,h,w]"""
        return functional.relu(self.conv(x) + x)


class Features(nn.Module):
    """Distance of pictures by the early activations of a frozen encoder."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1),
            Stage(width),
            nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
            *(Stage(width) for _ in range(3)),
        )
        self.requires_grad_(False)

    @classmethod
    def load(cls, data: Path) -> Features:
        """From the data folder. Raises FeaturesMissing."""
        path = data / FEATURES_FILE
        if not path.is_file():
            raise FeaturesMissing(f"no {path}; pass --data FOLDER, or --features 0 to do without")
        stored = torch.load(path, weights_only=True, map_location="cpu")
        out = cls()
        wanted = out.layers.state_dict()
        out.layers.load_state_dict({name: stored[name].float() for name in wanted})
        return out.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Activations of f32[N,3,h,w] BGR in [-1,1], each pixel's brought to length 1."""
        x = (pictures.flip(1) + 1) / 2
        out = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in _TAPS:
                out.append(x / (x.square().sum(1, keepdim=True) + 1e-4).sqrt())
        return out

    def between(self, drawn: Tensor, truth: Tensor) -> Tensor:
        """f32[N]: mean squared distance of unit features, summed over stages."""
        with torch.no_grad():
            goal = self(truth)
        total = torch.zeros(len(drawn), device=drawn.device)
        for x, y in zip(self(drawn), goal, strict=True):
            total = total + (x - y).square().sum(1).mean(dim=(1, 2))
        return total


class Critic(nn.Module):
    """Tells drawn boxes from true ones by patches, knowing the motion frame and its masks."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        planes = (3 + 3 + 2) * BLOCK * BLOCK
        norm = nn.utils.parametrizations.spectral_norm
        self.layers = nn.ModuleList(
            norm(nn.Conv2d(before, after, 3, stride=stride, padding=1))
            for before, after, stride in (
                (planes, width, 1),
                (width, width, 1),
                (width, width * 3 // 2, 2),
            )
        )
        self.last = norm(nn.Conv2d(width * 3 // 2, 1, 3, padding=1))

    def forward(self, shown: Tensor, picture: Tensor, masks: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Verdicts f32[N,1,h/8,w/8], high for true, and the activations before them."""
        x = functional.pixel_unshuffle(torch.cat((shown, picture, masks), dim=1), BLOCK)
        seen = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            seen.append(x)
        verdict: Tensor = self.last(x)
        return verdict, seen


def critic_loss(true: Tensor, drawn: Tensor) -> Tensor:
    """Hinges: what the critic lowers."""
    return functional.relu(1 - true).mean() + functional.relu(1 + drawn).mean()


def matched(drawn: Sequence[Tensor], true: Sequence[Tensor]) -> Tensor:
    """Mean L1 of a critic's activations; no gradient reaches those of the truth."""
    parts = [(x - y.detach()).abs().mean() for x, y in zip(drawn, true, strict=True)]
    return torch.stack(parts).mean()


def about_opening(masks: Tensor, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Top left corner of the cut about each opening, on whole blocks; the middle when it is shut.

    masks f32[N,2,h,w]; lips or lids count a little, so that a shut mouth has a place too.
    """
    height, width = masks.shape[2:]
    mass = masks[:, 0] + 0.1 * masks[:, 1] + 1e-4
    rows = (mass.sum(2) * torch.arange(height, device=masks.device)).sum(1) / mass.sum((1, 2))
    columns = (mass.sum(1) * torch.arange(width, device=masks.device)).sum(1) / mass.sum((1, 2))

    def start(middle: float, size: int, most: int) -> int:
        first = round((middle - size / 2) / BLOCK) * BLOCK
        return min(max(first, 0), most - size)

    return [
        (start(row, shape[0], height), start(column, shape[1], width))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def cut(pictures: Tensor, corners: Sequence[tuple[int, int]], shape: tuple[int, int]) -> Tensor:
    """f32[N,C,*shape]: a part of each picture."""
    parts = [
        one[:, top : top + shape[0], left : left + shape[1]]
        for one, (top, left) in zip(pictures, corners, strict=True)
    ]
    return torch.stack(parts).contiguous(memory_format=torch.channels_last)
