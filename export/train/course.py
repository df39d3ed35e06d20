"""The course of one net's training: what it needs to go on, its rate, steps until done.

Offline; CPU or GPU unchanged, seeded by step so that resuming changes nothing.
Never draws a batch and never judges: both are given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from export.train.checkpoint import load_checkpoint, save_checkpoint


class CourseConfig(Protocol):
    """What every training of one net is told."""

    @property
    def steps(self) -> int:
        """Until it is done, where no time is given."""

    @property
    def rate(self) -> float:
        """Of AdamW, at its peak."""

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""

    @property
    def seed(self) -> int:
        """Of the first weights and every batch."""

    @property
    def every(self) -> int:
        """Steps from one judgement and checkpoint to the next."""


ConfigT = TypeVar("ConfigT", bound=CourseConfig)
NetT = TypeVar("NetT", bound=nn.Module)


@dataclass(slots=True)
class Course(Generic[ConfigT, NetT]):
    """What training needs to go on from where it stopped."""

    config: ConfigT
    folder: Path
    net: NetT
    optimizer: torch.optim.AdamW
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def enter(config: ConfigT, folder: Path, net: NetT, *, resume: bool) -> Course[ConfigT, NetT]:
    """A fresh course of `net`, or the one saved in `folder`."""
    optimizer = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    course = Course(config, folder, net, optimizer)
    state = load_checkpoint(folder, net, optimizer) if resume else None
    if state is not None:
        course.step, course.history = state
    return course


def rate_at(share: float, peak: float) -> float:
    """Up over 5 %, then down to a hundredth along a cosine."""
    if share < 0.05:
        return peak * max(0.02, share / 0.05)
    return peak * float(0.01 + 0.99 * (1 + np.cos(np.pi * (share - 0.05) / 0.95)) / 2)


def follow(
    course: Course[ConfigT, NetT],
    loss_of: Callable[[np.random.Generator], Tensor],
    judge: Callable[[NetT], dict[str, float]],
    say: Callable[[dict[str, float]], None],
    seconds: float | None = None,
) -> None:
    """Train to the last step, or for so many seconds (counted over resumed runs too).

    `loss_of` draws a batch by the generator of the step and returns its loss.
    """
    config = course.config
    spent = course.history[-1]["seconds"] if course.history else 0.0
    began = time.monotonic() - spent
    losses: list[float] = []

    def share() -> float:
        if seconds is None:
            return course.step / config.steps
        return (time.monotonic() - began) / seconds

    done = share()
    while done < 1:
        course.net.train()
        for group in course.optimizer.param_groups:
            group["lr"] = rate_at(done, config.rate)
        rng = np.random.default_rng((config.seed, course.step))
        torch.manual_seed(config.seed * 1_000_003 + course.step)  # of dropout
        loss = loss_of(rng)
        course.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        course.optimizer.step()
        course.step += 1
        losses.append(float(loss.detach()))
        # Asked once a step: time that ran out between two askings would end a run unkept.
        done = share()
        if course.step % config.every == 0 or done >= 1:
            row = {"step": float(course.step), "loss": float(np.mean(losses))}
            row["seconds"] = time.monotonic() - began
            row |= judge(course.net.eval())
            losses.clear()
            course.history.append(row)
            save_checkpoint(
                course.folder, course.net, course.optimizer, course.step, course.history
            )
            say(row)
