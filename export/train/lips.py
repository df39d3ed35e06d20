"""Trains the lip net: one seed, checkpoints to go on from, a curve picture, ONNX at the end.

Offline; CPU or GPU unchanged.
Never looks at the test split: epochs are judged on the validation clips.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.features import log_scale
from engines.values import F32
from export.data import noise
from export.data.facegood import CURVE_NAMES
from export.data.lip_examples import LOOKAHEAD, LipExample, statistics
from export.data.lip_geometry import GEOMETRY_NAMES
from export.nets.lips import LipNet, LipNetConfig
from export.train.checkpoint import load_checkpoint, load_net, save_checkpoint

GEOMETRY_LOSS: dict[str, float] = {
    "aperture": 2.0,
    "width": 1.0,
    "jaw": 1.0,
    "protrusion": 0.5,
    "upper_inner": 1.0,
    "upper_outer": 0.7,
    "lower_outer": 1.0,
}
CLOSURE_LOSS = 0.6
VISEME_LOSS = 0.3
CURVES_LOSS = 0.6
WARM_UP_BLOCKS = 18
"""The first blocks of a sequence have a cut-off memory and are not scored."""


@dataclass(frozen=True, slots=True)
class LipTrainConfig:
    """How to train."""

    epochs: int = 40
    batch: int = 24
    length: int = 160
    rate: float = 3e-3
    weight_decay: float = 0.02
    seed: int = 1
    device: str = "cpu"
    augment: bool = True
    lookahead: int = LOOKAHEAD
    """Samples that a frame hears past its time; the examples must have been paired so."""
    width_weight: float = GEOMETRY_LOSS["width"]
    """Of the mouth's width in the loss."""
    average: float = 0.0
    """What is judged and packed: 0 the net itself, else a running mean of its weights that keeps
    this share of itself at each step (Polyak, Juditsky 1992, with forgetting)."""
    net: LipNetConfig = field(default_factory=LipNetConfig)


@dataclass(frozen=True, slots=True)
class Stream:
    """Many examples in one row, cut into equal sequences: each f32[S,length,...]."""

    mel: F32
    geometry: F32
    geometry_weight: F32
    closed: F32
    closed_weight: F32
    viseme: NDArray[np.int64]
    curves: F32
    curves_weight: F32


def _pause(rng: np.random.Generator) -> LipExample:
    """A stretch of quiet with closed lips: rooms, muted microphones, the gaps of a conversation."""
    blocks = int(rng.integers(3, 25))
    level = 10.0 ** rng.uniform(-9.0, -5.0) if rng.random() < 0.7 else 0.0
    one, none = np.ones(blocks, np.float32), np.zeros(blocks, np.float32)
    return LipExample(
        name="pause",
        power=np.float32(level) * noise.noise_floor((blocks, 4, 80), rng),
        geometry=np.zeros((blocks, len(GEOMETRY_NAMES)), np.float32),
        geometry_weight=one * np.float32(0.3),
        closed=one,
        closed_weight=one * np.float32(0.3),
        viseme=np.zeros(blocks, np.int64),
        curves=np.zeros((blocks, len(CURVE_NAMES)), np.float32),
        curves_weight=none,
    )


def make_stream(
    examples: Sequence[LipExample],
    babble: Sequence[F32],
    scale: dict[str, F32],
    config: LipTrainConfig,
    rng: np.random.Generator,
) -> Stream:
    """One epoch: examples in random order, augmented, with pauses between some."""
    row: list[LipExample] = []
    powers: list[F32] = []
    for i in rng.permutation(len(examples)):
        row.append(examples[i])
        power = examples[i].power
        powers.append(noise.augment(power, babble, rng) if config.augment else power)
        if rng.random() < 0.3:
            row.append(_pause(rng))
            powers.append(row[-1].power)
    total = sum(len(power) for power in powers) // config.length * config.length

    def cut(parts: Sequence[NDArray[np.float32]]) -> F32:
        joined = np.concatenate(parts)[:total]
        return joined.reshape(-1, config.length, *joined.shape[1:])

    geometry = (cut([e.geometry for e in row]) - scale["geometry_mean"]) / scale["geometry_sd"]
    curves = (cut([e.curves for e in row]) - scale["curves_mean"]) / scale["curves_sd"]
    visemes = np.concatenate([e.viseme for e in row])[:total].reshape(-1, config.length)
    return Stream(
        mel=log_scale(cut(powers)),
        geometry=geometry.astype(np.float32),
        geometry_weight=cut([e.geometry_weight for e in row]),
        closed=cut([e.closed for e in row]),
        closed_weight=cut([e.closed_weight for e in row]),
        viseme=visemes,
        curves=curves.astype(np.float32),
        curves_weight=cut([e.curves_weight for e in row]),
    )


def _mean(loss: Tensor, weight: Tensor) -> Tensor:
    return (loss * weight).sum() / (weight.sum() + 1e-6)


def batch_loss(
    net: LipNet, stream: Stream, rows: NDArray[np.int64], config: LipTrainConfig
) -> Tensor:
    """Sum of the four heads' losses for sequences `rows` of the stream."""
    device = config.device
    skip = WARM_UP_BLOCKS

    def pick(array: NDArray[np.float32] | NDArray[np.int64]) -> Tensor:
        return torch.as_tensor(array[rows]).to(device)

    mel = pick(stream.mel)
    geometry, closure, visemes, curves = net(mel.flatten(1, 2))
    weights = GEOMETRY_LOSS | {"width": config.width_weight}
    share = torch.tensor([weights[name] for name in GEOMETRY_NAMES], device=device)
    error = ((geometry - pick(stream.geometry)) ** 2 * share).mean(dim=-1)[:, skip:]
    loss = _mean(error, pick(stream.geometry_weight)[:, skip:])
    touch = nn.functional.binary_cross_entropy_with_logits(
        closure, pick(stream.closed), reduction="none"
    )
    loss = loss + CLOSURE_LOSS * _mean(touch[:, skip:], pick(stream.closed_weight)[:, skip:])
    target = pick(stream.viseme)[:, skip:]
    named = nn.functional.cross_entropy(
        visemes[:, skip:].flatten(0, 1), target.clamp(min=0).flatten(), reduction="none"
    )
    loss = loss + VISEME_LOSS * _mean(named, (target >= 0).flatten().float())
    error = ((curves - pick(stream.curves)) ** 2).mean(dim=-1)[:, skip:]
    return loss + CURVES_LOSS * _mean(error, pick(stream.curves_weight)[:, skip:])


def learning_rate(step: int, steps: int, peak: float) -> float:
    """One cycle: up over the first tenth, then a cosine down to nothing."""
    share = step / max(1, steps)
    if share < 0.1:
        return peak * (0.1 + 9.0 * share)
    return peak * 0.5 * (1.0 + math.cos(math.pi * (share - 0.1) / 0.9))


def predict(net: LipNet, example: LipExample, scale: dict[str, F32]) -> tuple[F32, F32]:
    """Geometry f32[T,7] in face heights and closure probability f32[T] of one example."""
    lead = np.zeros((30, 4, example.power.shape[-1]), np.float32)
    mel = torch.as_tensor(log_scale(np.concatenate((lead, example.power)))).flatten(0, 1)[None]
    with torch.no_grad():
        geometry, closure, _, _ = net(mel.to(next(net.parameters()).device))
    shape = geometry[0, 30:].cpu().numpy() * scale["geometry_sd"] + scale["geometry_mean"]
    return shape, torch.sigmoid(closure[0, 30:]).cpu().numpy()


def validate(
    net: LipNet, examples: Sequence[LipExample], scale: dict[str, F32]
) -> dict[str, float]:
    """In-speech correlation by distance, and closure F1 at 0.5."""
    net.eval()
    seen, meant, touch, touched = [], [], [], []
    for example in examples:
        shape, closure = predict(net, example, scale)
        spoken = np.flatnonzero(example.viseme > 0) if (example.viseme > 0).any() else None
        part = slice(spoken[0], spoken[-1] + 1) if spoken is not None else slice(1, None)
        keep = example.geometry_weight[part] > 0
        seen.append(shape[part][keep])
        meant.append(example.geometry[part][keep])
        touch.append(closure[part][keep] > 0.5)
        touched.append(example.closed[part][keep] > 0.5)
    a, b = np.concatenate(seen), np.concatenate(meant)
    p, q = np.concatenate(touch), np.concatenate(touched)
    hits = float((p & q).sum())
    figures = {"f1": 2 * hits / max(1.0, float(p.sum() + q.sum()))}
    for i, name in enumerate(GEOMETRY_NAMES):
        moving = a[:, i].std() > 0 and b[:, i].std() > 0
        figures[name] = float(np.corrcoef(a[:, i], b[:, i])[0, 1]) if moving else 0.0
    return figures


@dataclass(slots=True)
class LipTrainer:
    """Everything that training needs to go on from where it stopped."""

    config: LipTrainConfig
    folder: Path
    net: LipNet
    optimizer: torch.optim.AdamW
    scale: dict[str, F32]
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    mean: LipNet | None = None
    """The running mean of the weights, once there is one."""

    @property
    def result(self) -> LipNet:
        """The net that is judged and packed."""
        return self.net if self.mean is None else self.mean


def start(
    config: LipTrainConfig, train: Sequence[LipExample], folder: Path, resume: bool
) -> LipTrainer:
    """A fresh trainer, or the one saved in `folder`."""
    torch.manual_seed(config.seed)
    net = LipNet(config.net).to(config.device)
    optimizer = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    trainer = LipTrainer(config, folder, net, optimizer, statistics(train))
    if resume:
        state = load_checkpoint(folder, net, optimizer)
        if state is not None:
            trainer.epoch, trainer.history = state
            if config.average:
                trainer.mean = copy.deepcopy(net)
                load_net(folder / "mean", trainer.mean)
    return trainer


def _follow(mean: LipNet, net: LipNet, kept: float) -> None:
    with torch.no_grad():
        for old, new in zip(mean.parameters(), net.parameters(), strict=True):
            old.mul_(kept).add_(new, alpha=1.0 - kept)


def train_epoch(
    trainer: LipTrainer, examples: Sequence[LipExample], babble: Sequence[F32]
) -> float:
    """One pass; returns the mean loss. Seeded by epoch, so resuming changes nothing."""
    config = trainer.config
    rng = np.random.default_rng((config.seed, trainer.epoch))
    torch.manual_seed(config.seed * 1000 + trainer.epoch)
    stream = make_stream(examples, babble, trainer.scale, config, rng)
    order = rng.permutation(len(stream.mel))
    batches = max(1, len(order) // config.batch)
    if config.average and trainer.mean is None:
        trainer.mean = copy.deepcopy(trainer.net)
    trainer.net.train()
    total = 0.0
    for i in range(batches):
        step = trainer.epoch * batches + i
        for group in trainer.optimizer.param_groups:
            group["lr"] = learning_rate(step, config.epochs * batches, config.rate)
        rows = order[i * config.batch : (i + 1) * config.batch]
        loss = batch_loss(trainer.net, stream, rows, config)
        trainer.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trainer.net.parameters(), 1.0)
        trainer.optimizer.step()
        if trainer.mean is not None:
            _follow(trainer.mean, trainer.net, config.average)
        total += float(loss.detach())
    trainer.epoch += 1
    return total / batches


def fit(
    trainer: LipTrainer,
    train: Sequence[LipExample],
    validation: Sequence[LipExample],
    babble: Sequence[F32],
    on_epoch: Callable[[dict[str, float]], None],
) -> None:
    """Train to the last epoch; a checkpoint after each."""
    while trainer.epoch < trainer.config.epochs:
        began = time.monotonic()
        loss = train_epoch(trainer, train, babble)
        row = {"epoch": float(trainer.epoch), "loss": loss}
        row |= validate(trainer.result, validation, trainer.scale)
        row["seconds"] = time.monotonic() - began
        trainer.history.append(row)
        state = trainer.optimizer, trainer.epoch, trainer.history
        if trainer.mean is not None:
            save_checkpoint(trainer.folder / "mean", trainer.mean, *state)
        save_checkpoint(trainer.folder, trainer.net, *state)
        on_epoch(row)
    trainer.result.eval()
