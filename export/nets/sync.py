"""The sync expert: does this fifth of a second of sound belong to these five mouths?

Offline (torch); used as a judge, and as a loss where gradients must reach the mouths.
Never sees who speaks: it is given mouths less their clip's mean picture.

Two small towers that meet in one space, as SyncNet (Chung, Zisserman 2016), trained by contrast.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.features import MEL_BINS

FRAMES = 5
ROWS = 4 * FRAMES
"""Log-mel rows of five frames: 0.2 s."""
HEIGHT, WIDTH = 48, 64
"""A mouth: half the renderer's box, grey."""
_GREY = (0.114, 0.587, 0.299)
"""Of blue, green and red (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True)
class SyncNetConfig:
    """Sizes."""

    width: int = 32
    size: int = 128
    """Numbers that describe a mouth or a sound."""
    dropout: float = 0.1

    def as_dict(self) -> dict[str, int | float]:
        """For checkpoints."""
        return asdict(self)


class SyncNet(nn.Module):
    """Unit vectors of mouths and of sounds; their product is how well they fit."""

    def __init__(self, config: SyncNetConfig) -> None:
        super().__init__()
        self.config = config
        w = config.width
        self.mouth = nn.Sequential(
            nn.Conv2d(FRAMES, w, 5, stride=2, padding=2), nn.BatchNorm2d(w), nn.ReLU(),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), nn.BatchNorm2d(2 * w), nn.ReLU(),
            nn.Conv2d(2 * w, 3 * w, 3, stride=2, padding=1), nn.BatchNorm2d(3 * w), nn.ReLU(),
            nn.Conv2d(3 * w, 4 * w, 3, stride=2, padding=1), nn.BatchNorm2d(4 * w), nn.ReLU(),
            nn.Flatten(), nn.Dropout(config.dropout),
            nn.Linear(4 * w * (HEIGHT // 16) * (WIDTH // 16), config.size),
        )  # fmt: skip
        self.sound = nn.Sequential(
            nn.Conv2d(1, w, (3, 5), stride=(1, 2), padding=(1, 2)), nn.BatchNorm2d(w), nn.ReLU(),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), nn.BatchNorm2d(2 * w), nn.ReLU(),
            nn.Conv2d(2 * w, 3 * w, 3, stride=(2, 2), padding=1), nn.BatchNorm2d(3 * w), nn.ReLU(),
            nn.Flatten(), nn.Dropout(config.dropout),
            nn.Linear(3 * w * (ROWS // 4) * (MEL_BINS // 8), config.size),
        )  # fmt: skip
        self.sharpness = nn.Parameter(torch.tensor(2.7))
        """Natural logarithm of what products are multiplied by in the loss."""

    def see(self, mouths: Tensor) -> Tensor:
        """f32[N,5,48,64] as `centred` makes them -> unit f32[N,size]."""
        return functional.normalize(self.mouth(mouths), dim=1)

    def hear(self, sounds: Tensor) -> Tensor:
        """Log-mel f32[N,20,80] -> unit f32[N,size]."""
        return functional.normalize(self.sound(sounds[:, None]), dim=1)

    def contrast(self, mouths: Tensor, sounds: Tensor) -> Tensor:
        """Loss of N pairs that belong together: each against all others, both ways."""
        scale = self.sharpness.clamp(0.0, 4.0).exp()
        fits = self.see(mouths) @ self.hear(sounds).T * scale
        right = torch.arange(len(fits), device=fits.device)
        return (functional.cross_entropy(fits, right) + functional.cross_entropy(fits.T, right)) / 2


def grey(boxes: Tensor) -> Tensor:
    """f32[N,48,64] of the renderer's mouth boxes f32[N,3,96,128], BGR in -1..1; differentiable."""
    weights = torch.tensor(_GREY, device=boxes.device)[None, :, None, None]
    return functional.avg_pool2d((boxes * weights).sum(1), 2)


def centred(mouths: Tensor, mean: Tensor) -> Tensor:
    """Grey mouths f32[...,48,64] less their clip's mean f32[48,64], of unit spread over the window.

    Takes skin, light and the mouth's usual place away, so that strangers look alike.
    """
    moved = mouths - mean
    return moved / (moved.std(dim=(-3, -2, -1), keepdim=True) + 0.02)
