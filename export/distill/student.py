"""One or two steps from a teacher of several: the same net, taught what its one step should give.

Offline, torch; CPU or GPU unchanged, one process, seeded by step.
Never guided: what serves is one pass for each step.

At t = 1 the student's prediction is drawn to the truth, to what the teacher gives in several steps
from the same noise (so that noise means the same to both), to the truth's features, and past a
critic of boxes. What came before a frame is its own (roll-out), drawn from the same noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.render.sampler import SIGMA, sample, step
from export.data.render_pairs import Pairs
from export.distill.contest import Discriminator, cells, lost, smoothness
from export.distill.later import Later
from export.distill.losses import (
    CUTS,
    Critic,
    Features,
    about_opening,
    critic_loss,
    cut,
    matched,
)
from export.train import several
from export.train.checkpoint import load_checkpoint, save_checkpoint
from export.train.renderer import (
    Nets,
    RenderConfig,
    RenderTrainer,
    descend,
    fresh_batch,
    put_before,
)
from export.train.renderer_batch import Batch, noise_like
from export.train.renderer_loss import drawn_loss, steepness_loss, tint_loss

SECOND = 0.5
"""When the second of two steps begins."""
SMOOTHED = 4
"""The discriminator is made smooth once in so many steps, and as many times as much."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the student is taught by; weights of losses, 0 to leave one out."""

    teacher: float = 0.25
    teacher_steps: int = 4
    features: float = 0.05
    critic: float = 0.3
    matching: float = 2.0
    tint: float = 0.0
    """Colour alone (`tint_loss`)."""
    steep: float = 0.0
    """As much edge as the truth has (`steepness_loss`)."""
    contest: float = 0.0
    """To look as real as the truth about the opening (`export.distill.contest`)."""
    smooth: float = 0.1
    """Weight of the discriminator's smoothness."""
    warm: int = 100
    """Steps in which the critic learns before it is heard."""
    two: float = 0.25
    """Share of steps that teach the second of two steps."""
    critic_rate: float = 4e-4
    judge_rate: float = 1e-3

    def as_dict(self) -> dict[str, object]:
        """For the run's folder."""
        return asdict(self)


@dataclass(slots=True)
class Distiller:
    """A student in training (`trainer`), its teacher and its critics."""

    trainer: RenderTrainer
    recipe: Recipe
    teacher: Nets
    features: Features | None
    critic: Critic
    critic_optimizer: torch.optim.AdamW
    judge: Discriminator
    judge_optimizer: torch.optim.AdamW
    later: Later | None = None
    """Experts of the later stage."""

    @property
    def config(self) -> RenderConfig:
        """Of the student's training."""
        return self.trainer.config


def start(trainer: RenderTrainer, recipe: Recipe, teacher: Nets, features: Features | None, *,
          resume: bool) -> Distiller:  # fmt: skip
    """A student that begins as its teacher, or goes on from `trainer`'s folder."""
    device = trainer.config.device
    if trainer.step == 0:
        for nets in (trainer.nets.now, trainer.nets.mean):
            nets.load_state_dict(teacher.state_dict())
    torch.manual_seed(trainer.config.seed)
    critic = Critic().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(critic.parameters(), recipe.critic_rate, betas=(0.5, 0.99))
    judge = Discriminator().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    judged = torch.optim.AdamW(judge.parameters(), recipe.judge_rate, betas=(0.0, 0.99))
    if resume and trainer.step:
        load_checkpoint(_critic_folder(trainer.folder), critic, optimizer)
        load_checkpoint(_judge_folder(trainer.folder), judge, judged)
    if features is not None:
        features = features.to(device)
    teacher = teacher.to(device).requires_grad_(False)
    return Distiller(trainer, recipe, teacher, features, critic, optimizer, judge, judged)


def save(distiller: Distiller) -> None:
    """The student in the run's folder, its critic in one within."""
    trainer = distiller.trainer
    critic, optimizer = distiller.critic, distiller.critic_optimizer
    save_checkpoint(_critic_folder(trainer.folder), critic, optimizer, trainer.step, [])
    judge, judged = distiller.judge, distiller.judge_optimizer
    save_checkpoint(_judge_folder(trainer.folder), judge, judged, trainer.step, [])
    save_checkpoint(trainer.folder, trainer.nets, trainer.optimizer, trainer.step, trainer.history)


def _critic_folder(folder: Path) -> Path:
    return folder / "critic"


def _judge_folder(folder: Path) -> Path:
    return folder / "judge"


def student_step(distiller: Distiller, pairs: Pairs, chance: NDArray[np.float64]) -> float:
    """One step of the student, and one of its critic; returns the student's loss."""
    trainer, recipe, config = distiller.trainer, distiller.recipe, distiller.config
    rng = np.random.default_rng((config.seed, trainer.step, several.rank(), 1))
    nets = trainer.nets.now
    batch = nets.inner(fresh_batch(config, pairs, chance, rng))
    features = nets.features(batch)
    pure = noise_like(batch, rng) * SIGMA
    put_before(nets, batch, features, pure, rng)
    ones = pure.new_ones(len(batch), 1)
    drawn = nets.draw(batch, pure, ones, features)
    if rng.random() < recipe.two:
        # The second step starts from where the student's own first one leads.
        halfway = step(pure, drawn.detach(), 1.0, SECOND)
        drawn = nets.draw(batch, halfway, SECOND * ones, features)
    weight = nets.weight(batch, config.box)
    loss = nets.away(batch, drawn, config.box).mean()
    if recipe.teacher:
        loss = loss + recipe.teacher * _as_taught(distiller, batch, pure, drawn, weight)
    if recipe.tint:
        loss = loss + recipe.tint * tint_loss(drawn, batch.residual, weight).mean()
    loss = loss + _looks(distiller, batch, drawn)
    if distiller.later is not None:
        loss = loss + distiller.later.loss(nets, batch, drawn, rng)
    descend(trainer, loss)
    return float(loss.detach())


def _as_taught(
    distiller: Distiller, batch: Batch, pure: Tensor, drawn: Tensor, weight: Tensor
) -> Tensor:
    """Distance to what the teacher draws in its steps from the same noise; half the batch."""
    half = max(1, len(batch) // 2)
    few = batch.first(half)
    with torch.no_grad():
        features = distiller.teacher.features(few)

        def predict(current: Tensor, at: float) -> Tensor:
            time = current.new_full((half, 1), at)
            return distiller.teacher.draw(few, current, time, features)

        goal = sample(predict, pure[:half] / SIGMA, distiller.recipe.teacher_steps)
    return drawn_loss(drawn[:half], goal, weight[:half]).mean()


def _looks(distiller: Distiller, batch: Batch, drawn: Tensor) -> Tensor:
    """Losses on the boxes as they are shown, about the opening; teaches the critic too."""
    config, recipe = distiller.config, distiller.recipe
    batch, shown, truth = distiller.trainer.nets.now.looked(batch, drawn, config.box)
    total = drawn.new_zeros(())
    if recipe.steep:
        total = total + recipe.steep * steepness_loss(shown, truth, batch.masks).mean()
    shape = CUTS[config.box]
    if distiller.features is not None and recipe.features:
        corners = about_opening(batch.masks, shape)
        away = distiller.features.between(cut(shown, corners, shape), cut(truth, corners, shape))
        total = total + recipe.features * away.mean()
    if recipe.critic or recipe.matching:
        total = total + _critics(distiller, batch, shown, truth)
    if recipe.contest:
        total = total + recipe.contest * _contested(distiller, batch, shown, truth)
    return total


def _contested(distiller: Distiller, batch: Batch, shown: Tensor, truth: Tensor) -> Tensor:
    """One step of the discriminator, then what the student's boxes lose to the truth by."""
    recipe, judge, step = distiller.recipe, distiller.judge, distiller.trainer.step
    fake, real, picture, masks, where = _opened(distiller.config.box, batch, shown, truth)
    away = fake.detach()
    loss = lost(judge(real, picture, masks), judge(away, picture, masks), where)
    if step % SMOOTHED == 0:
        rough = smoothness(judge, real, picture, masks) + smoothness(judge, away, picture, masks)
        loss = loss + SMOOTHED * recipe.smooth / 2 * rough
    distiller.judge_optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    several.mean_gradients(judge.parameters())
    distiller.judge_optimizer.step()
    if step < recipe.warm:
        return shown.new_zeros(())
    with torch.no_grad():
        goal = judge(real, picture, masks)
    judge.requires_grad_(False)
    out = lost(judge(fake, picture, masks), goal, where)
    judge.requires_grad_(True)
    return out


def _opened(box: str, batch: Batch, shown: Tensor, truth: Tensor) -> tuple[Tensor, ...]:
    """Shown, true and motion frames and masks cut about the opening, and the cells that count."""
    height, width = CUTS[box]
    shape = (min(height + 16, shown.shape[2]), min(width + 32, shown.shape[3]))
    corners = about_opening(batch.masks, shape)
    parts = tuple(cut(x, corners, shape) for x in (shown, truth, batch.picture, batch.masks))
    return (*parts, cells(parts[3]))


def _critics(distiller: Distiller, batch: Batch, shown: Tensor, truth: Tensor) -> Tensor:
    """One step of the critic, then what it has to say of the student's boxes."""
    recipe, critic = distiller.recipe, distiller.critic
    height, width = CUTS[distiller.config.box]
    shape = (min(height + 16, shown.shape[2]), min(width + 32, shown.shape[3]))
    corners = about_opening(batch.masks, shape)
    fake, real, picture, masks = (
        cut(part, corners, shape) for part in (shown, truth, batch.picture, batch.masks)
    )
    true_verdict, _ = critic(real, picture, masks)
    drawn_verdict, _ = critic(fake.detach(), picture, masks)
    distiller.critic_optimizer.zero_grad()
    critic_loss(true_verdict, drawn_verdict).backward()  # type: ignore[no-untyped-call]
    several.mean_gradients(critic.parameters())
    distiller.critic_optimizer.step()
    if distiller.trainer.step < recipe.warm:
        return shown.new_zeros(())
    critic.requires_grad_(False)
    verdict, seen = critic(fake, picture, masks)
    with torch.no_grad():
        _, wanted = critic(real, picture, masks)
    critic.requires_grad_(True)
    told: Tensor = verdict.mean()
    return recipe.matching * matched(seen, wanted) - recipe.critic * told


def pulls(distiller: Distiller, pairs: Pairs) -> dict[str, float]:
    """How hard each loss pulls at the drawn boxes: norms of gradients, to balance a recipe by."""
    config, recipe = distiller.config, distiller.recipe
    rng = np.random.default_rng(0)
    nets = distiller.trainer.nets.now
    batch = nets.inner(fresh_batch(config, pairs, np.full(len(pairs), 1 / len(pairs)), rng))
    features = nets.features(batch)
    pure = noise_like(batch, rng) * SIGMA
    batch.previous = torch.zeros_like(pure)
    with torch.no_grad():
        first = nets.draw(batch, pure, pure.new_ones(len(batch), 1), features)
    weight = nets.weight(batch, config.box)
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "level": lambda x: nets.away(batch, x, config.box).mean(),
        "teacher": lambda x: _as_taught(distiller, batch, pure, x, weight) * recipe.teacher,
        "looks": lambda x: _looks(distiller, batch, x),
    }
    out = {}
    for name, way in ways.items():
        drawn = nn.Parameter(first.clone())
        loss = way(drawn)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        out[name] = 0.0 if drawn.grad is None else float(drawn.grad.norm())
    return out
