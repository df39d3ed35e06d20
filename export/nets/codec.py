"""The latent of the wide profile: a face's box at an eighth of its size, 32 layers.

Offline (torch); what serves are the ONNX of its two halves.
Never what a picture passes through: only a difference of two latents is decoded (`difference`), so
what the codec loses of skin and hair is lost to nobody.

Space-to-depth of 4 x 4 pixels first, so that nothing runs at full size: a fifth of the sums of an
autoencoder that begins with pixels (export/nets/taef2.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.render.boxes import LATENT

PATCH = 4
_PIXELS = 3 * PATCH * PATCH
SPREAD = 0.5
"""Standard deviation of a latent: the sampler's noise is made for levels of such a spread."""


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """Sizes; the defaults are those for a card."""

    name: str = "own"
    """"own", or "taef2": sizes are then that one's."""
    widths: tuple[int, int] = (64, 128)
    """Channels at a fourth and at an eighth of the box."""
    blocks: int = 2

    def as_dict(self) -> dict[str, object]:
        """For manifests and checkpoints."""
        return asdict(self)


def codec_config(sizes: Mapping[str, Any]) -> CodecConfig:
    """Out of what `as_dict` made. Raises KeyError."""
    fine, coarse = sizes["widths"]
    return CodecConfig(sizes["name"], (fine, coarse), sizes["blocks"])


class Block(nn.Module):
    """Two convolutions beside the straight way; the second starts small."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """f32[N,C,h,w] -> f32[N,C,h,w]"""
        out: Tensor = x + self.second(functional.relu(self.first(functional.relu(x))))
        return out


class Codec(nn.Module):
    """What every codec is: an encoder, a decoder, and how far latents spread."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.register_buffer("scale", torch.ones(()))

    scale: Tensor

    def encode(self, picture: Tensor) -> Tensor:
        """f32[N,3,h,w] BGR in [-1,1] -> f32[N,32,h/8,w/8] of spread SPREAD."""
        out: Tensor = self.encoder(picture) * self.scale
        return out

    def decode(self, latent: Tensor) -> Tensor:
        """The way back."""
        out: Tensor = self.decoder(latent / self.scale)
        return out

    def difference(self, latent: Tensor, residual: Tensor) -> Tensor:
        """f32[N,3,h,w]: what `residual` adds to the picture of `latent`; exactly 0 for 0."""
        both: Tensor = self.decode(torch.cat((latent + residual, latent)))
        changed, before = both.chunk(2)
        return changed - before

    def forward(self, picture: Tensor) -> Tensor:
        """There and back."""
        return self.decode(self.encode(picture))

    def measure(self, pictures: Tensor) -> float:
        """Set `scale` so that latents of `pictures` spread by SPREAD; returns what they did."""
        with torch.no_grad():
            spread = float(self.encode(pictures).std() / self.scale)
            self.scale.fill_(SPREAD / max(spread, 1e-6))
        return spread


def own_codec(config: CodecConfig) -> Codec:
    """Untrained."""
    fine, coarse = config.widths
    count = config.blocks
    encoder = nn.Sequential(
        nn.PixelUnshuffle(PATCH),
        nn.Conv2d(_PIXELS, fine, 3, padding=1),
        *(Block(fine) for _ in range(count)),
        nn.Conv2d(fine, coarse, 3, stride=2, padding=1),
        *(Block(coarse) for _ in range(count)),
        nn.ReLU(),
        nn.Conv2d(coarse, LATENT, 3, padding=1),
    )
    decoder = nn.Sequential(
        nn.Conv2d(LATENT, coarse, 3, padding=1),
        *(Block(coarse) for _ in range(count)),
        nn.Conv2d(coarse, fine, 1),
        nn.Upsample(scale_factor=2.0, mode="nearest"),
        *(Block(fine) for _ in range(count)),
        nn.ReLU(),
        nn.Conv2d(fine, _PIXELS, 3, padding=1),
        nn.PixelShuffle(PATCH),
    )
    return Codec(encoder, decoder)


def codec_of(config: CodecConfig) -> Codec:
    """Untrained, of the sizes asked for. Raises ValueError for another name."""
    if config.name == "own":
        return own_codec(config)
    if config.name == "taef2":
        from export.nets.taef2 import taef2

        return taef2()
    raise ValueError(f"codec {config.name!r}: own or taef2")
