"""Trains one face expert on the boxes of one kind: action units, expressions, or text and action.

Offline; CPU or GPU unchanged, seeded by step so that resuming changes nothing.
Never sees who is kept apart, nor the sentences that are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engines.values import F32
from export.nets.expert import ExpertConfig, ExpertNet
from export.train.course import Course, enter, follow
from export.train.experts_data import Examples, augmented, chances, outputs
from export.train.renderer_batch import levels

SPACE = 48
"""Values of the space in which boxes and sentences meet."""
LEAST_SPREAD = 0.02
"""A unit that moves less than this in the examples counts as if it moved so much."""


@dataclass(frozen=True, slots=True)
class ExpertPlan:
    """How to train one."""

    which: str = "au"
    """Of `experts_data.WHICH`."""
    box: str = "mouth"
    steps: int = 1500
    batch: int = 48
    rate: float = 2e-3
    weight_decay: float = 0.03
    seed: int = 1
    device: str = "cpu"
    width: int = 24
    every: int = 100

    @property
    def net(self) -> ExpertConfig:
        """Sizes of its net."""
        says = self.which == "action"
        number = SPACE if says else len(outputs(self.which, self.box))
        return ExpertConfig(number, says, self.width)


ExpertTrainer: TypeAlias = Course[ExpertPlan, ExpertNet]
"""Of `start`."""


def start(plan: ExpertPlan, folder: Path, *, resume: bool) -> ExpertTrainer:
    """A fresh trainer, or the one saved in `folder`."""
    torch.manual_seed(plan.seed)
    return enter(plan, folder, ExpertNet(plan.net).to(plan.device), resume=resume)


def measure(net: ExpertNet, target: F32) -> None:
    """Tell the net the usual and the spread of units f32[N,K], which its outputs count in."""
    with torch.no_grad():
        net.usual.copy_(torch.from_numpy(target.mean(0)))
        net.spread.copy_(torch.from_numpy(np.maximum(target.std(0), LEAST_SPREAD)))


def agreeing(fits: Tensor, same: Tensor) -> Tensor:
    """Contrast of N boxes with N sentences, several of which may tell the same action.

    fits f32[N,N] scaled agreements; same bool[N,N]. Both ways, as in supervised contrast
    (Khosla et al., 2020).
    """
    goal = same.float() / same.sum(1, keepdim=True)
    both = functional.cross_entropy(fits, goal) + functional.cross_entropy(fits.T, goal)
    return both / 2


def loss_of(
    trainer: ExpertTrainer, part: Examples, says: Sequence[F32], rng: np.random.Generator
) -> Tensor:
    """Loss of one batch; `says`: vectors of the sentences of each action (`experts_data.says`)."""
    plan, net = trainer.config, trainer.net
    pictures = augmented(part, plan.box == "mouth", rng)
    box, rest = (levels(picture, plan.device) for picture in pictures)
    target = torch.from_numpy(part.target).to(plan.device)
    if plan.which == "au":
        away = net(box, rest) - (target - net.usual) / net.spread
        return functional.smooth_l1_loss(away, torch.zeros_like(away))
    if plan.which == "emotion":
        return functional.cross_entropy(net(box, rest), target, label_smoothing=0.05)
    told = np.stack([says[int(i)][int(rng.integers(len(says[int(i)])))] for i in part.target])
    told = told + rng.normal(0, 0.3 * told.std(), told.shape)
    vectors = torch.from_numpy(told.astype(np.float32)).to(plan.device)
    fits = net.agreement(box, rest, vectors) * net.scale()
    return agreeing(fits, target[:, None] == target[None])


def fit(
    trainer: ExpertTrainer,
    examples: Examples,
    says: Sequence[F32],
    judge: Callable[[ExpertNet], dict[str, float]],
    say: Callable[[dict[str, float]], None],
    seconds: float | None = None,
) -> None:
    """As `course.follow`."""
    if trainer.config.which == "au" and trainer.step == 0:
        measure(trainer.net, examples.target)
    chance = chances(examples)

    def loss(rng: np.random.Generator) -> Tensor:
        rows = rng.choice(len(chance), trainer.config.batch, p=chance)
        return loss_of(trainer, examples.take(rows), says, rng)

    follow(trainer, loss, judge, say, seconds)
