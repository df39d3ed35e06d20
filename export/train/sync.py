"""Trains the sync expert by contrast: pairs of a mouth and its sound against all others.

Offline; CPU or GPU unchanged, seeded by step so that resuming changes nothing.
Never sees a test clip.

Batches hold several windows of each clip: the other times of a clip are the hard negatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from export.nets.sync import FRAMES, ROWS, SyncNet, SyncNetConfig, centred
from export.train.course import Course, enter, follow
from export.train.sync_data import SyncClip

_APART = 3
"""Frames between two windows of one clip in a batch; closer ones are hardly wrong."""
_SHIFT_PX = 3


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """How to train."""

    steps: int = 3000
    clips: int = 12
    windows: int = 8
    """Of each clip in a batch."""
    rate: float = 1.5e-3
    weight_decay: float = 0.02
    seed: int = 1
    device: str = "cpu"
    net: SyncNetConfig = field(default_factory=SyncNetConfig)
    every: int = 100


SyncTrainer: TypeAlias = Course[SyncConfig, SyncNet]
"""Of `start`."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clip as the net takes it."""

    mouths: Tensor
    """f32[F,48,64] in -1..1."""
    mean: Tensor
    sound: Tensor
    """f32[4F,80]"""
    first: int
    last: int
    """Windows start in [first, last)."""


def prepare(clip: SyncClip, device: str = "cpu") -> Prepared:
    """Tensors of a clip; windows lie inside its span where that is long enough."""
    mouths = torch.as_tensor(clip.mouths).to(device).float() / 127.5 - 1
    sound = torch.as_tensor(clip.sound).reshape(-1, clip.sound.shape[-1]).to(device)
    first, last = clip.span
    last = max(min(last, len(mouths)) - FRAMES + 1, first + 1)
    return Prepared(mouths, mouths.mean(0), sound, first, last)


def start(config: SyncConfig, folder: Path, *, resume: bool) -> SyncTrainer:
    """A fresh trainer, or the one saved in `folder`."""
    torch.manual_seed(config.seed)
    return enter(config, folder, SyncNet(config.net).to(config.device), resume=resume)


def windows(clip: Prepared, count: int, rng: np.random.Generator) -> list[int]:
    """First frames of at most `count` windows, _APART or more from each other."""
    places = np.arange(clip.first + int(rng.integers(_APART)), clip.last, _APART)
    if not len(places):
        places = np.array([clip.first])
    return [int(v) for v in rng.choice(places, min(count, len(places)), replace=False)]


def changed(mouths: Tensor, mean: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A clip's mouths f32[N,5,48,64] and mean in other light, place, size, mirrored or not."""
    if rng.random() < 0.5:
        mouths, mean = mouths.flip(-1), mean.flip(-1)
    zoom = float(rng.uniform(0.85, 1.15))
    shift = rng.integers(-_SHIFT_PX, _SHIFT_PX + 1, 2)
    move = torch.tensor(
        [[zoom, 0.0, shift[0] / 32], [0.0, zoom, shift[1] / 24]], dtype=mouths.dtype
    )
    both = torch.cat((mouths.flatten(0, 1), mean[None]))[:, None]
    at = torch.nn.functional.affine_grid(
        move[None].to(mouths.device), [1, 1, *both.shape[2:]], align_corners=False
    ).expand(len(both), -1, -1, -1)
    both = torch.nn.functional.grid_sample(
        both, at, padding_mode="border", align_corners=False
    )  # bilinear
    bent = float(rng.uniform(0.7, 1.4))
    both = ((both.clamp(-1, 1) + 1) / 2 + 1e-4) ** bent * 2 - 1
    return both[:-1, 0].reshape(mouths.shape), both[-1, 0]


def batch(
    clips: Sequence[Prepared], config: SyncConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Mouths f32[N,5,48,64] and their sounds f32[N,20,80]."""
    seen, heard = [], []
    for i in rng.choice(len(clips), min(config.clips, len(clips)), replace=False):
        clip = clips[int(i)]
        starts = windows(clip, config.windows, rng)
        mouths = torch.stack([clip.mouths[s : s + FRAMES] for s in starts])
        mouths, mean = changed(mouths, clip.mean, rng)
        mouths = mouths + 0.02 * torch.as_tensor(
            rng.standard_normal(tuple(mouths.shape), dtype=np.float32)
        ).to(mouths.device)
        seen.append(centred(mouths, mean))
        gain = float(rng.normal(0, 0.25))
        sounds = torch.stack([clip.sound[4 * s : 4 * s + ROWS] for s in starts]) + gain
        tilt = torch.linspace(-1, 1, sounds.shape[-1], device=sounds.device)
        heard.append(sounds + float(rng.normal(0, 0.15)) * tilt)
    return torch.cat(seen), torch.cat(heard)


def fit(
    trainer: SyncTrainer,
    clips: Sequence[Prepared],
    judge: Callable[[SyncNet], dict[str, float]],
    say: Callable[[dict[str, float]], None],
    seconds: float | None = None,
) -> None:
    """As `course.follow`."""

    def loss_of(rng: np.random.Generator) -> Tensor:
        return trainer.net.contrast(*batch(clips, trainer.config, rng))

    follow(trainer, loss_of, judge, say, seconds)
