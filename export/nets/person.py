"""The person net: who is person in a crop about a face; a U-shaped net that knows where it looks.

Offline; CPU or GPU unchanged.
Never reads a picture from disk, never knows the data.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.nets.face import conv, level

WIDTHS = (32, 32, 48, 64, 80)
"""Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the crop."""


class PersonNet(nn.Module):
    """U-Net (Ronneberger, Fischer, Brox 2015) on pixels folded two by two."""

    xy: Tensor

    def __init__(self, side: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        first = widths[0]
        self.side = side
        self.fold = nn.PixelUnshuffle(2)
        self.look = nn.Conv2d(12, first, 3, padding=1, bias=False)
        # The face is always in the same place: where a pixel lies says much of what it is.
        self.place = nn.Conv2d(2, first, 1)
        line = torch.linspace(-1, 1, side // 2)
        self.register_buffer("xy", torch.stack(torch.meshgrid(line, line, indexing="xy"))[None])
        self.norm = nn.Sequential(nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        pairs = list(zip(widths, widths[1:], strict=False))
        self.down = nn.ModuleList(nn.Sequential(conv(a, b, 2), conv(b, b)) for a, b in pairs)
        self.up = nn.ModuleList(conv(a + b, a) for a, b in reversed(pairs))
        self.person = nn.Sequential(nn.Conv2d(first, 4, 1), nn.PixelShuffle(2))

    def forward(self, pictures: Tensor) -> Tensor:
        """[N,3,S,S] BGR 0-255 -> logits [N,1,S,S]."""
        seen = [self.norm(self.look(self.fold(level(pictures))) + self.place(self.xy))]
        for layer in self.down:
            seen.append(layer(seen[-1]))
        out = seen.pop()
        for layer in self.up:
            larger = nn.functional.interpolate(out, scale_factor=2.0, mode="nearest")
            out = layer(torch.cat([larger, seen.pop()], 1))
        logits: Tensor = self.person(out)
        return logits
