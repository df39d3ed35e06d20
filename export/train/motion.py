"""Trains the audio-to-motion net: seeded, resumable, judged on takes and clips it never saw.

Offline; CPU or GPU unchanged.
Never looks at the test split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.motion.face import CHANNEL_NAMES
from engines.motion.feeling import felt
from engines.values import F32
from export.data.motion_examples import MotionExample
from export.nets.motion import BLOCK, MotionNet, MotionNetConfig
from export.train.checkpoint import load_checkpoint, save_checkpoint
from export.train.lips import learning_rate

ERROR_SD = 0.35
"""Standard deviation, in those of the channels, that the decoder is allowed."""
SPEED_SD = 0.18
PAST_NOISE = 0.15
PAST_DROP = 0.15
"""The past that the net sees is its own when it serves: it must not lean on it."""
LABEL_DROP = 0.15
FREE_NATS = 0.05
"""Divergence per latent below which nothing is gained."""
LOUD = {"blinkLeft": 4.0, "blinkRight": 4.0, "lookLeft": 2.0, "lookDown": 2.0}
"""Channels whose errors count more: rare and quick, and the first to be averaged away."""
QUIET_SD = {"wide": 0.12, "sneer": 0.12, "press": 0.1, "stretch": 0.1, "jaw": 0.06, "round": 0.08}
"""Channels that only emotion moves are scaled by this at least, so that rare is not loud."""


LOUDNESS: F32 = np.array([LOUD.get(name, 1.0) for name in CHANNEL_NAMES], np.float32)


@dataclass(frozen=True, slots=True)
class MotionTrainConfig:
    """How to train."""

    epochs: int = 70
    batch: int = 32
    length: int = 72
    rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 1
    device: str = "cpu"
    beta: float = 0.25
    """Weight of the divergence: with 1 the latents say too little, and blinks die out."""
    net: MotionNetConfig = field(default_factory=MotionNetConfig)


LEAST_SD = 0.002


@dataclass(frozen=True, slots=True)
class Batch:
    """f32[B,T,...]"""

    motion: Tensor
    conditions: Tensor
    past: Tensor
    weight: Tensor


def scale_of(examples: Sequence[MotionExample]) -> dict[str, F32]:
    """Mean and standard deviation of the channels, f32[28] each."""
    joined = np.concatenate([e.channels for e in examples])
    sd = joined.std(0)
    for i, name in enumerate(CHANNEL_NAMES):
        sd[i] = max(float(sd[i]), QUIET_SD.get(name, LEAST_SD))
    return {"mean": joined.mean(0).astype(np.float32), "sd": sd.astype(np.float32)}


def conditions_of(example: MotionExample, rng: np.random.Generator | None = None) -> F32:
    """f32[T,27]: voice, the other side, feeling and style; `rng` blurs the feeling for training."""
    feelings = felt(example.emotion)
    if rng is not None:
        # Callers may give valence and arousal alone, or a label with another valence.
        feelings[:, -2:] += 0.08 * rng.standard_normal(2)
        if rng.random() < LABEL_DROP:
            feelings[:, :-2] = 0.0
        elif rng.random() < LABEL_DROP:
            feelings[:, -2:] = 0.0
    style = np.broadcast_to(example.style, (len(example.voice), len(example.style)))
    parts = [example.voice, example.other, feelings, style]
    return np.concatenate(parts, axis=1).astype(np.float32)


def make_batches(
    examples: Sequence[MotionExample],
    scale: dict[str, F32],
    config: MotionTrainConfig,
    rng: np.random.Generator,
) -> list[Batch]:
    """One pass over `examples`, each cut at a random place to `length` frames."""
    order = rng.permutation(len(examples))
    batches = []
    for begin in range(0, len(order) - config.batch + 1, config.batch):
        rows = [_cut(examples[i], scale, config, rng) for i in order[begin:][: config.batch]]
        joined = [torch.as_tensor(np.stack(column)) for column in zip(*rows, strict=True)]
        batches.append(Batch(*(part.to(config.device) for part in joined)))
    return batches


def _cut(
    example: MotionExample,
    scale: dict[str, F32],
    config: MotionTrainConfig,
    rng: np.random.Generator,
) -> tuple[F32, F32, F32, F32]:
    length = config.length
    start = int(rng.integers(0, max(1, len(example.channels) - length + 1)))
    part = slice(start, start + length)
    motion = (example.channels[part] - scale["mean"]) / scale["sd"]
    conditions = conditions_of(example, rng)[part]
    rest = -scale["mean"] / scale["sd"]
    before = example.channels[start - 1] if start else None
    first = rest if before is None else (before - scale["mean"]) / scale["sd"]
    past = np.concatenate([first[None], motion[BLOCK - 1 : -1 : BLOCK]])
    past = past + PAST_NOISE * rng.standard_normal(past.shape)
    past[rng.random(len(past)) < PAST_DROP] = rest
    return (
        motion.astype(np.float32),
        conditions,
        past.astype(np.float32),
        np.broadcast_to(example.weight * LOUDNESS, motion.shape).astype(np.float32),
    )


def loss_of(net: MotionNet, batch: Batch, beta: float) -> tuple[Tensor, dict[str, float]]:
    """Negative evidence lower bound per block, with a term for speeds."""
    out = net(batch.motion, batch.conditions, batch.past)
    blocks = batch.motion.shape[1] / BLOCK
    error = 0.5 * (batch.weight * ((out["motion"] - batch.motion) / ERROR_SD) ** 2)
    speed = out["motion"].diff(dim=1) - batch.motion.diff(dim=1)
    jerk = 0.5 * (batch.weight[:, 1:] * (speed / SPEED_SD) ** 2)
    count = batch.motion.shape[0] * blocks
    kl = out["kl"].mean()
    floor = FREE_NATS * net.config.latent
    parts = {
        "error": error.sum() / count,
        "speed": jerk.sum() / count,
        "kl": torch.clamp(kl, min=floor),
    }
    loss = parts["error"] + 0.5 * parts["speed"] + beta * parts["kl"]
    return loss, {name: float(value.detach()) for name, value in parts.items()}


@dataclass(slots=True)
class MotionTrainer:
    """Everything that training needs to go on from where it stopped."""

    config: MotionTrainConfig
    folder: Path
    net: MotionNet
    optimizer: torch.optim.AdamW
    scale: dict[str, F32]
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def start(
    config: MotionTrainConfig,
    train: Sequence[MotionExample],
    folder: Path,
    resume: bool,
) -> MotionTrainer:
    """A fresh trainer, or the one saved in `folder`."""
    torch.manual_seed(config.seed)
    net = MotionNet(config.net).to(config.device)
    optimizer = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    trainer = MotionTrainer(config, folder, net, optimizer, scale_of(train))
    if resume:
        state = load_checkpoint(folder, net, optimizer)
        if state is not None:
            trainer.epoch, trainer.history = state
    return trainer


def train_epoch(trainer: MotionTrainer, examples: Sequence[MotionExample]) -> dict[str, float]:
    """One pass; returns mean losses. Seeded by epoch, so resuming changes nothing."""
    config = trainer.config
    rng = np.random.default_rng((config.seed, trainer.epoch))
    torch.manual_seed(config.seed * 1000 + trainer.epoch)
    batches = make_batches(examples, trainer.scale, config, rng)
    trainer.net.train()
    # The divergence comes in slowly, or the latents are given up before they are of use.
    beta = config.beta * min(1.0, (trainer.epoch + 1) / max(1.0, 0.3 * config.epochs))
    total: dict[str, float] = {}
    for i, batch in enumerate(batches):
        step = trainer.epoch * len(batches) + i
        for group in trainer.optimizer.param_groups:
            group["lr"] = learning_rate(step, config.epochs * len(batches), config.rate)
        loss, parts = loss_of(trainer.net, batch, beta)
        trainer.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trainer.net.parameters(), 1.0)
        trainer.optimizer.step()
        for name, value in parts.items():
            total[name] = total.get(name, 0.0) + value / len(batches)
    trainer.epoch += 1
    return total


def save(trainer: MotionTrainer) -> None:
    """A checkpoint, written aside and renamed."""
    save_checkpoint(trainer.folder, trainer.net, trainer.optimizer, trainer.epoch, trainer.history)


def validate(trainer: MotionTrainer, examples: Sequence[MotionExample]) -> dict[str, float]:
    """Losses on examples that are not trained on, at the full divergence."""
    rng = np.random.default_rng(0)
    config = replace(trainer.config, batch=min(trainer.config.batch, len(examples)))
    batches = make_batches(examples, trainer.scale, config, rng)
    trainer.net.eval()
    total: dict[str, float] = {}
    with torch.no_grad():
        for batch in batches:
            _, parts = loss_of(trainer.net, batch, config.beta)
            for name, value in parts.items():
                total[f"val_{name}"] = total.get(f"val_{name}", 0.0) + value / len(batches)
    return total
