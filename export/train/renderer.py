"""Trains the nets of one box: a rectified flow on residuals, or the plain regressor.

Offline; CPU or GPU unchanged, one process, seeded by step so that resuming changes nothing.
Never sees more than the pairs it is given.

Half of a batch is at t = 1, where the flow is what one step draws; the rest is spread over t.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.render.sampler import SIGMA, noised
from export.data.render_augment import augment
from export.data.render_pairs import Pairs
from export.nets.renderer import BoxNet, BoxNetConfig, ReferenceNet
from export.nets.wide import CONFIGS, WideNetConfig, config_of
from export.train import several
from export.train.checkpoint import load_checkpoint, load_net, save_checkpoint
from export.train.renderer_batch import (
    REFERENCE_DROP,
    Batch,
    batch_of,
    kept_cues,
    noise_like,
    perturbed,
)
from export.train.renderer_loss import drawn_loss, fade_of, weights

PURE = 0.5
"""Share of a batch at t = 1."""
BEFORE = {"none": 0.45, "true": 0.15, "own": 0.4}
"""What stands for the frame before: nothing, its true residual perturbed, one drawn by the net."""
KEPT = 0.99
"""Of the running mean of the weights, at each step; over 500 steps (0.998) the mean of nets that
each draw as much edge as the truth was as flat as a net that was never asked for it."""


@dataclass(frozen=True, slots=True)
class RenderConfig:
    """How to train one box."""

    box: str = "mouth"
    steps: int = 12000
    batch: int = 16
    rate: float = 1.5e-3
    weight_decay: float = 0.01
    seed: int = 1
    device: str = "cpu"
    regression: bool = False
    """Always t = 1 and no noise: the baseline."""
    net: BoxNetConfig | None = None
    """None: the shipped sizes."""
    plain: bool = False
    """Pairs as they are, in their own colours, light and sharpness: of one face in one room."""
    every: int = 50
    """Steps between reports; judged and saved every fifth of them."""


class Nets(nn.Module):
    """The two nets of a box."""

    def __init__(self, config: BoxNetConfig) -> None:
        super().__init__()
        self.box = BoxNet(config)
        self.reference: nn.Module = ReferenceNet()

    def inner(self, batch: Batch) -> Batch:
        """The batch as the nets see it: of boxes in pixels, as it is."""
        return batch

    def weight(self, batch: Batch, box: str) -> Tensor:
        """What each place of a residual counts, f32[N,1,h,w]."""
        return weights(batch.masks, fade_of(box).to(batch.picture.device))

    def away(self, batch: Batch, drawn: Tensor, box: str) -> Tensor:
        """f32[N]: how far residuals are from the true ones."""
        return drawn_loss(drawn, batch.residual, self.weight(batch, box))

    def looked(self, batch: Batch, drawn: Tensor, box: str) -> tuple[Batch, Tensor, Tensor]:
        """A batch of pictures, and pictures drawn and true, as they are pasted."""
        faded = fade_of(box).to(drawn.device)
        return batch, batch.picture + drawn * faded, batch.picture + batch.residual * faded

    def features(self, batch: Batch) -> Tensor:
        """The cached features f32[N,24,h/4,w/4]."""
        out: Tensor = self.reference(batch.rest, batch.rest_masks)
        return out

    def draw(self, batch: Batch, current: Tensor, at: Tensor, features: Tensor) -> Tensor:
        """The residual that the net sees in `current` at times f32[N,1]."""
        out: Tensor = self.box(
            batch.picture, batch.masks, batch.previous, current, at, batch.condition, features
        )
        return out


def nets_of(config: BoxNetConfig) -> Nets:
    """Untrained, of the sizes asked for."""
    if isinstance(config, WideNetConfig):
        from export.train.wide import WideNets

        return WideNets(config)
    return Nets(config)


class Trained(nn.Module):
    """In a checkpoint: the nets as they are trained, and their running mean, which ships."""

    def __init__(self, config: BoxNetConfig) -> None:
        super().__init__()
        self.now = nets_of(config)
        self.mean = nets_of(config).requires_grad_(False)
        self.mean.load_state_dict(self.now.state_dict())

    def average(self, step: int) -> None:
        """Move the running mean towards the nets; fast at first."""
        kept = min(KEPT, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, now in zip(self.mean.parameters(), self.now.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)


@dataclass(slots=True)
class RenderTrainer:
    """Everything that training needs to go on from where it stopped."""

    config: RenderConfig
    folder: Path
    nets: Trained
    optimizer: torch.optim.AdamW
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def start(config: RenderConfig, folder: Path, *, resume: bool) -> RenderTrainer:
    """A fresh trainer, or the one saved in `folder`."""
    torch.manual_seed(config.seed)
    nets = Trained(config.net or CONFIGS[config.box]).to(config.device)
    nets = nets.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(nets.now, config.rate, config.weight_decay)
    trainer = RenderTrainer(config, folder, nets, optimizer)
    state = load_checkpoint(folder, nets, optimizer) if resume else None
    if state is not None:
        trainer.step, trainer.history = state
    return trainer


def make_optimizer(nets: nn.Module, rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW that decays kernels only."""
    kernels = [p for p in nets.parameters() if p.ndim > 1]
    others = [p for p in nets.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": kernels}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, rate, weight_decay=decay)


def rate_at(share: float, peak: float) -> float:
    """Up over 2 %, flat, then down in a line over the last 40 %."""
    if share < 0.02:
        return peak * (0.1 + 45.0 * share)
    return peak * min(1.0, max(0.01, (1 - share) / 0.4))


def times_of(config: RenderConfig, rng: np.random.Generator) -> Tensor:
    """f32[N,1] in (0,1]: the first half of the batch, or all of a regressor's, at 1."""
    at = np.ones((config.batch, 1), np.float32)
    if not config.regression:
        pure = round(config.batch * PURE)
        at[pure:, 0] = rng.uniform(0.02, 1.0, config.batch - pure)
    return torch.from_numpy(at).to(config.device)


def put_before(nets: Nets, batch: Batch, features: Tensor, start: Tensor,
               rng: np.random.Generator) -> None:  # fmt: skip
    """Choose what each example has for its frame before (BEFORE).

    start f32[N,3,h,w]: from where the nets draw theirs; the session's noise is the same each frame.
    """
    count, device = len(batch), batch.picture.device
    kind = rng.choice(3, count, p=list(BEFORE.values()))
    true = (kind == 1) & batch.has_previous.cpu().numpy()
    own = np.flatnonzero(kind == 2)
    before = perturbed(batch.previous, rng) * _column(true, device)
    if len(own):
        rows = torch.from_numpy(own).to(device)
        with torch.no_grad():
            # The masks of the frame before are not kept: this one's are a frame off.
            drawn = nets.box(
                batch.before[rows],
                batch.masks[rows],
                torch.zeros_like(batch.before[rows]),
                start[rows],
                torch.ones(len(own), 1, device=device),
                batch.condition[rows],
                features[rows].detach(),
            )
            before[rows] = perturbed(drawn, rng)
    batch.previous = before


def _column(flags: NDArray[np.bool_], device: torch.device) -> Tensor:
    return torch.from_numpy(flags.astype(np.float32)).to(device)[:, None, None, None]


def fresh_batch(config: RenderConfig, pairs: Pairs, chance: NDArray[np.float64],
                rng: np.random.Generator) -> Batch:  # fmt: skip
    """Rows drawn by chance, changed in colour and side, some of their cues hidden."""
    rows = rng.choice(len(chance), config.batch, p=chance)
    taken = pairs.take(rows)
    batch = batch_of(taken if config.plain else augment(taken, rng), config.device)
    kept = torch.from_numpy(kept_cues(len(batch), rng))
    batch.condition = batch.condition * kept.to(config.device)
    return batch


def train_step(trainer: RenderTrainer, pairs: Pairs, chance: NDArray[np.float64]) -> float:
    """One step on a fresh batch; returns its loss."""
    config, nets = trainer.config, trainer.nets.now
    rng = np.random.default_rng((config.seed, trainer.step, several.rank()))
    batch = nets.inner(fresh_batch(config, pairs, chance, rng))
    told = _column(rng.random(len(batch)) >= REFERENCE_DROP, batch.picture.device)
    features = nets.features(batch) * told
    noise = noise_like(batch, rng) * (0.0 if config.regression else 1.0)
    put_before(nets, batch, features, noise * SIGMA, rng)
    at = times_of(config, rng)
    clean = torch.zeros_like(batch.residual) if config.regression else batch.residual
    drawn = nets.draw(batch, noised(clean, noise, at[..., None, None]), at, features)
    loss = nets.away(batch, drawn, config.box).mean()
    descend(trainer, loss)
    return float(loss.detach())


def descend(trainer: RenderTrainer, loss: Tensor) -> None:
    """One step of the optimizer down the gradient of `loss`, and the running mean after it."""
    trainer.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    several.mean_gradients(trainer.nets.now.parameters())
    nn.utils.clip_grad_norm_(trainer.nets.now.parameters(), 1.0)
    trainer.optimizer.step()
    trainer.step += 1
    trainer.nets.average(trainer.step)


def fit(trainer: RenderTrainer, advance: Callable[[], float],
        judge: Callable[[Nets, int], dict[str, float]], keep: Callable[[], None],
        say: Callable[[dict[str, float]], None], seconds: float | None = None) -> None:  # fmt: skip
    """Call `advance` to the last step, or for so many seconds (counted over resumed runs too).

    `advance` makes one step and returns its loss; judged and kept every fifth report.
    """
    config = trainer.config
    spent = trainer.history[-1]["seconds"] if trainer.history else 0.0
    began, total, count = time.monotonic() - spent, 0.0, 0
    trainer.nets.now.train()

    def share() -> float:
        if seconds is None:
            return trainer.step / config.steps
        return several.agreed((time.monotonic() - began) / seconds)

    done = share()
    while done < 1:
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate_at(done, config.rate)
        total, count = total + advance(), count + 1
        # Asked once a step: time that ran out between two askings would end a run unkept.
        done = share()
        last = done >= 1
        if not several.is_first():
            continue
        if trainer.step % config.every == 0 or last:
            row = {"step": float(trainer.step), "loss": total / count}
            row["seconds"] = time.monotonic() - began
            trainer.history.append(row)
            if trainer.step % (5 * config.every) == 0 or last:
                row |= judge(trainer.nets.mean, trainer.step)
                keep()
            say(row)
            total, count = 0.0, 0


def save(trainer: RenderTrainer) -> None:
    """A checkpoint, written aside and renamed."""
    save_checkpoint(trainer.folder, trainer.nets, trainer.optimizer, trainer.step, trainer.history)


def load_trained(folder: Path) -> Trained:
    """The nets of a run of `train renderer` or `distill`, of the sizes in its config.json.

    Raises FileNotFoundError.
    """
    for name in ("config.json", "checkpoint.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"no {folder / name}; `python -m export train renderer` first")
    note = json.loads((folder / "config.json").read_text())
    sizes = note["net"]
    nets = Trained(config_of(sizes))
    load_net(folder, nets)
    return nets.eval()
