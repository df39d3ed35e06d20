"""The renderer's nets: what a box of a face lacks beside its motion frame.

Offline (torch); what serves is their ONNX.
Never normalises over a picture or a batch: one frame of one face is drawn as any number are.

A U-Net on space-to-depth blocks (the exact, free latent of a box), conditioned by feature-wise
scale and shift (Perez et al., FiLM, 2018). Last layer starts at zero: untrained, it draws nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.render.conditions import CONDITION_SIZE

BLOCK = 4
"""Pixels a side of one space-to-depth block."""
REFERENCE_CHANNELS = 24
ACROSS_PX, DOWN_PX = 1.0, 1.5
"""Deviations of the Gaussians that `Columns` blurs by across and down."""
_GREY = (0.114, 0.587, 0.299)
_PIXELS = BLOCK * BLOCK
_PLANES = 3 + 2 + 3 + 3
"""Of the motion frame, its masks, the residual before and the noised one."""


@dataclass(frozen=True, slots=True)
class BoxNetConfig:
    """Sizes; the defaults are the shipped mouth net."""

    widths: tuple[int, int, int] = (48, 96, 160)
    """Channels at a fourth, an eighth and a sixteenth of the box."""
    blocks: tuple[int, int, int] = (1, 1, 2)
    """Residual blocks on the way down (and up again, but for the last)."""
    hidden: int = 128
    columns: float = 0.0
    """Of `Columns`; 0: none."""

    def as_dict(self) -> dict[str, object]:
        """For manifests and checkpoints."""
        return asdict(self)


MOUTH_NET = BoxNetConfig()
EYE_NET = BoxNetConfig((48, 80, 128), (1, 1, 1))
NETS = {"mouth": MOUTH_NET, "eye": EYE_NET}


class Residual(nn.Module):
    """Two convolutions beside the straight way; the second starts at nearly nothing."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(hidden, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """f32[N,C,h,w] and f32[N,hidden] -> f32[N,C,h,w]"""
        scale, shift = self.film(code)[..., None, None].chunk(2, dim=1)
        y = self.first(functional.relu(x)) * (1 + scale) + shift
        out: Tensor = x + self.second(functional.relu(y))
        return out


class Columns(nn.Module):
    """What differs across the opening, evened along its columns, drawn so much more of.

    An unsharp mask of grey across, averaged down: gaps between teeth stand upright and stay, grain
    goes in all directions and is averaged away.
    """

    across: Tensor
    down: Tensor
    inside: Tensor

    def __init__(self, gain: float) -> None:
        super().__init__()
        grey = torch.tensor(_GREY)[None, :, None, None]
        around = -_gauss(ACROSS_PX, 3)
        around[3] += 1
        self.register_buffer("across", grey * around[None, None, None, :])
        self.register_buffer("down", gain * _gauss(DOWN_PX, 4)[None, None, :, None])
        opening = torch.tensor((1.0, 0.0))[None, :, None, None]
        self.register_buffer("inside", opening * torch.full((3, 3), 1 / 9))

    def forward(self, residual: Tensor, picture: Tensor, masks: Tensor) -> Tensor:
        """f32[N,3,h,w] of residual and picture, f32[N,2,h,w] of masks -> f32[N,3,h,w]."""
        detail = functional.conv2d(picture + residual, self.across, padding=(0, 3))
        upright = functional.conv2d(detail, self.down, padding=(4, 0))
        where = functional.conv2d(masks, self.inside, padding=1)
        return residual + upright * where


class BoxNet(nn.Module):
    """Draws the residual of one box; inputs and outputs by name as in its ONNX."""

    def __init__(
        self,
        config: BoxNetConfig = MOUTH_NET,
        seen: int = _PLANES * _PIXELS + REFERENCE_CHANNELS,
        drawn: int = 3 * _PIXELS,
    ) -> None:
        """seen, drawn: channels of the first layer and of the last."""
        super().__init__()
        self.config = config
        w0, w1, w2 = config.widths
        hidden = config.hidden
        self.code = nn.Sequential(
            nn.Linear(CONDITION_SIZE + 4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.stem = nn.Conv2d(seen, w0, 3, padding=1)
        n0, n1, n2 = config.blocks
        self.down0 = nn.ModuleList(Residual(w0, hidden) for _ in range(n0))
        self.shrink1 = nn.Conv2d(w0, w1, 3, stride=2, padding=1)
        self.down1 = nn.ModuleList(Residual(w1, hidden) for _ in range(n1))
        self.shrink2 = nn.Conv2d(w1, w2, 3, stride=2, padding=1)
        self.middle = nn.ModuleList(Residual(w2, hidden) for _ in range(n2))
        self.grow1 = nn.Conv2d(w2, w1, 1)
        self.up1 = nn.ModuleList(Residual(w1, hidden) for _ in range(n1))
        self.grow0 = nn.Conv2d(w1, w0, 1)
        self.up0 = nn.ModuleList(Residual(w0, hidden) for _ in range(n0))
        self.last = nn.Conv2d(w0, drawn, 3, padding=1)
        for value in self.last.parameters():
            nn.init.zeros_(value)
        self.columns = Columns(config.columns) if config.columns else None

    def forward(
        self,
        picture: Tensor,
        masks: Tensor,
        previous: Tensor,
        noised: Tensor,
        time: Tensor,
        condition: Tensor,
        reference: Tensor,
    ) -> Tensor:
        """The residual f32[N,3,h,w] without noise.

        picture f32[N,3,h,w] in [-1,1], masks f32[N,2,h,w] in [0,1], previous and noised
        f32[N,3,h,w], time f32[N,1], condition f32[N,212], reference f32[N,24,h/4,w/4].
        """
        angle = 1.5707963 * time
        times = (time, time * time, torch.sin(angle), torch.cos(angle))
        code = self.code(torch.cat((condition, *times), dim=1))
        blocks = self.blocks(picture, masks, previous, noised)
        fine = _through(self.down0, self.stem(torch.cat((blocks, reference), dim=1)), code)
        middle = _through(self.down1, self.shrink1(fine), code)
        coarse = _through(self.middle, self.shrink2(middle), code)
        middle = _through(self.up1, middle + _twice(self.grow1(coarse)), code)
        fine = _through(self.up0, fine + _twice(self.grow0(middle)), code)
        drawn = self.spread(self.last(functional.relu(fine)))
        return drawn if self.columns is None else self.columns(drawn, picture, masks)

    def blocks(self, *planes: Tensor) -> Tensor:
        """What the net sees of picture, masks, previous and noised, at the size it works at."""
        return functional.pixel_unshuffle(torch.cat(planes, dim=1), BLOCK)

    def spread(self, drawn: Tensor) -> Tensor:
        """The residual out of the last layer's channels."""
        return functional.pixel_shuffle(drawn, BLOCK)


class ReferenceNet(nn.Module):
    """What one face looks like in a box at rest; run once for an avatar."""

    def __init__(self, width: int = 48, block: int = BLOCK) -> None:
        """`block`: pixels of the box to one of the features, each way."""
        super().__init__()
        self.block = block
        self.body = nn.Sequential(
            nn.Conv2d((3 + 2) * block * block, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, REFERENCE_CHANNELS, 3, padding=1),
        )

    def forward(self, rest: Tensor, masks: Tensor) -> Tensor:
        """f32[N,3,h,w] in [-1,1] and f32[N,2,h,w] in [0,1] -> f32[N,24,h/block,w/block]."""
        planes = torch.cat((rest, masks), dim=1)
        out: Tensor = self.body(functional.pixel_unshuffle(planes, self.block))
        return out


def _gauss(deviation: float, reach: int) -> Tensor:
    """f32[2 * reach + 1], of sum 1."""
    at = torch.arange(-reach, reach + 1, dtype=torch.float32)
    taps = torch.exp(-0.5 * (at / deviation) ** 2)
    return taps / taps.sum()


def _through(blocks: nn.ModuleList, x: Tensor, code: Tensor) -> Tensor:
    for block in blocks:
        x = block(x, code)
    return x


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
