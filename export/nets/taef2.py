"""TAEF2: a published tiny autoencoder with a latent of 32 layers (Ollin Boer Bohan, MIT).

Offline, torch; reads the files of the data folder.
Never changed in shape: its own files fit, or it says which do not.

Six times the sums of `codec.own_codec` at the same size; a ready latent, or a start to train from.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.render.boxes import LATENT
from export.nets.codec import Codec

WIDTH = 64
FILES = {half: Path("taef2") / f"taef2_{half}.pth" for half in ("encoder", "decoder")}


class CodecMissing(Exception):
    """Its weights are not there; the message says where they should be."""


class Stage(nn.Module):
    """Three convolutions; in the coarsest layers a look at the whole picture before them."""

    def __init__(self, width: int, pooled: bool = False) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip
        if pooled:
            wide = 4 * width
            self.pool = nn.Sequential(
                nn.Conv2d(width, wide, 1, bias=False), nn.GroupNorm(4, wide), nn.ReLU(),
                nn.Conv2d(wide, width, 1, bias=False),
            )  # fmt: skip
        self.pooled = pooled

    def forward(self, x: Tensor) -> Tensor:
        """f32[N,C,h,w] -> f32[N,C,h,w]"""
        if self.pooled:
            x = x + self.pool(x)
        return functional.relu(self.conv(x) + x)


class Bounded(nn.Module):
    """A latent kept within +-3."""

    def forward(self, x: Tensor) -> Tensor:
        """As it was, where it is small."""
        return torch.tanh(x / 3) * 3


class _Encoder(nn.Sequential):
    """BGR in [-1,1] in, as everywhere here; its files are of RGB in [0,1]."""

    def forward(self, x: Tensor) -> Tensor:
        """f32[N,3,h,w] -> f32[N,32,h/8,w/8]"""
        x = (x.flip(1) + 1) / 2
        for layer in self:
            x = layer(x)
        return x


class _Decoder(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        """f32[N,32,h/8,w/8] -> f32[N,3,h,w]"""
        for layer in self:
            x = layer(x)
        return x.flip(1) * 2 - 1


def _shrink() -> nn.Module:
    return nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1, bias=False)


def _grow() -> tuple[nn.Module, nn.Module]:
    larger = nn.Upsample(scale_factor=2.0, mode="nearest")
    return larger, nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)


def _three(pooled: bool = False) -> tuple[nn.Module, ...]:
    return tuple(Stage(WIDTH, pooled) for _ in range(3))


def taef2() -> Codec:
    """Untrained, of its shapes."""
    encoder = _Encoder(
        nn.Conv2d(3, WIDTH, 3, padding=1), Stage(WIDTH),
        _shrink(), *_three(), _shrink(), *_three(), _shrink(), *_three(pooled=True),
        nn.Conv2d(WIDTH, LATENT, 3, padding=1),
    )  # fmt: skip
    decoder = _Decoder(
        Bounded(), nn.Conv2d(LATENT, WIDTH, 3, padding=1), nn.ReLU(), *_three(pooled=True),
        *_grow(), *_three(), *_grow(), *_three(), *_grow(), Stage(WIDTH),
        nn.Conv2d(WIDTH, 3, 3, padding=1),
    )  # fmt: skip
    return Codec(encoder, decoder)


def load_taef2(data: Path) -> Codec:
    """As published, from the data folder. Raises CodecMissing."""
    out = taef2()
    for half, file in FILES.items():
        path = data / file
        if not path.is_file():
            raise CodecMissing(f"no {path}; pass --data FOLDER, or train without --taef2")
        stored = torch.load(path, weights_only=True, map_location="cpu")
        net: nn.Module = getattr(out, half)
        net.load_state_dict({name: value.float() for name, value in stored.items()})
    return out
