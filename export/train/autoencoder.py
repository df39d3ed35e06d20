"""Trains the latent of the whole face's net: pictures of faces there and back.

Offline; CPU or GPU unchanged, seeded by step so that resuming changes nothing.
Never judged on people it has seen: `train autoencoder` keeps some of them apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from torch import Tensor

from engines.values import U8
from export.data.render_augment import changed
from export.distill.losses import Features
from export.nets.codec import Codec, CodecConfig, codec_config, codec_of
from export.train.checkpoint import load_checkpoint, load_net, save_checkpoint
from export.train.renderer import rate_at
from export.train.renderer_batch import levels
from export.train.renderer_loss import drawn_loss

PART = 128
"""Pixels a side of what a step sees of each picture: latents know nothing of farther away."""
MEASURED = 48
"""Pictures that latents are scaled on."""


class NoCodecRun(Exception):
    """The folder holds no run of `train autoencoder`; the message names it."""


@dataclass(frozen=True, slots=True)
class AutoencoderConfig:
    """How to train it."""

    codec: CodecConfig = field(default_factory=CodecConfig)
    steps: int = 20000
    batch: int = 16
    rate: float = 1e-3
    features: float = 0.05
    """Weight of the distance of TAEF2's features; 0: none are loaded."""
    noise: float = 0.02
    """Added to a latent of spread about 1: neighbours mean about the same picture."""
    seed: int = 1
    device: str = "cpu"
    every: int = 50


@dataclass(slots=True)
class AutoencoderTrainer:
    """All that training needs to go on."""

    config: AutoencoderConfig
    folder: Path
    codec: Codec
    optimizer: torch.optim.AdamW
    features: Features | None
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CodecRun:
    """A codec and what it is."""

    config: CodecConfig
    codec: Codec


def start(config: AutoencoderConfig, folder: Path, features: Features | None, *,
          resume: bool, given: Codec | None = None) -> AutoencoderTrainer:  # fmt: skip
    """A fresh trainer (of the codec `given`, or untrained), or the one saved in `folder`."""
    torch.manual_seed(config.seed)
    codec = (given or codec_of(config.codec)).to(config.device)
    codec = codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(codec.parameters(), config.rate, weight_decay=0.01)
    if features is not None:
        features = features.to(config.device)
    trainer = AutoencoderTrainer(config, folder, codec, optimizer, features)
    state = load_checkpoint(folder, codec, optimizer) if resume else None
    if state is not None:
        trainer.step, trainer.history = state
    return trainer


def parts(pictures: U8, count: int, rng: np.random.Generator) -> U8:
    """u8[count,PART,PART,3]: squares of u8[N,h,w,3] in other colours, light and sharpness."""
    out = np.empty((count, PART, PART, 3), np.uint8)
    for k, row in enumerate(rng.integers(len(pictures), size=count)):
        top, left = (int(rng.integers(n - PART + 1)) for n in pictures.shape[1:3])
        part = pictures[row, top : top + PART, left : left + PART]
        part = part[:, ::-1] if rng.random() < 0.5 else part
        out[k] = changed(np.ascontiguousarray(part)[None], rng)[0]
    return out


def train_step(trainer: AutoencoderTrainer, pictures: U8) -> float:
    """One step; returns its loss."""
    config, codec = trainer.config, trainer.codec
    rng = np.random.default_rng((config.seed, trainer.step))
    truth = levels(parts(pictures, config.batch, rng), config.device)
    latent = codec.encode(truth)
    noise = torch.from_numpy(rng.standard_normal(tuple(latent.shape), dtype=np.float32))
    drawn = codec.decode(latent + config.noise * noise.to(truth.device))
    loss = drawn_loss(drawn, truth, torch.ones_like(truth[:, :1])).mean()
    # The scale of a latent is free: it is held near 1, so that noise means something.
    loss = loss + 0.01 * (latent.square().mean() - 1).abs()
    if trainer.features is not None and config.features:
        loss = loss + config.features * trainer.features.between(drawn, truth).mean()
    trainer.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
    trainer.optimizer.step()
    trainer.step += 1
    return float(loss.detach())


def fit(trainer: AutoencoderTrainer, pictures: U8, judge: Callable[[Codec], Mapping[str, float]],
        say: Callable[[dict[str, float]], None], seconds: float | None = None) -> None:  # fmt: skip
    """To the last step, or for so many seconds (counted over resumed runs too)."""
    config = trainer.config
    spent = trainer.history[-1]["seconds"] if trainer.history else 0.0
    began, total, count = monotonic() - spent, 0.0, 0

    def share() -> float:
        if seconds is not None:
            return (monotonic() - began) / seconds
        return trainer.step / config.steps if config.steps else 1.0

    done = share()
    while done < 1:
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate_at(done, config.rate)
        total, count = total + train_step(trainer, pictures), count + 1
        done = share()
        if trainer.step % config.every == 0 or done >= 1:
            row = {"step": float(trainer.step), "loss": total / count}
            row["seconds"] = monotonic() - began
            trainer.history.append(row)
            if trainer.step % (5 * config.every) == 0 or done >= 1:
                row |= judge(trainer.codec)
                save(trainer)
            say(row)
            total, count = 0.0, 0


def save(trainer: AutoencoderTrainer) -> None:
    """A checkpoint, written aside and renamed."""
    save_checkpoint(trainer.folder, trainer.codec, trainer.optimizer, trainer.step, trainer.history)


def finish(trainer: AutoencoderTrainer, pictures: U8) -> None:
    """Scale its latents (`Codec.measure`), and keep that."""
    trainer.codec.measure(levels(pictures[:MEASURED], trainer.config.device))
    save(trainer)


def there_and_back(codec: Codec, pictures: U8) -> Tensor:
    """f32[N,3,h,w] levels 0 to 255 of u8[N,h,w,3], four at a time."""
    device = str(codec.scale.device)
    with torch.no_grad():
        shown = [codec(levels(pictures[i : i + 4], device)) for i in range(0, len(pictures), 4)]
    return ((torch.cat(shown) + 1) * 127.5).clamp(0, 255)


def load_codec(folder: Path) -> CodecRun:
    """Raises NoCodecRun."""
    try:
        config = codec_config(json.loads((folder / "config.json").read_text())["codec"])
        codec = codec_of(config)
        load_net(folder, codec)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise NoCodecRun(
            f"{folder}: {type(error).__name__}: {error}; name a run of `train autoencoder`"
        ) from error
    return CodecRun(config, codec.eval())
