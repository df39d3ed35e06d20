"""Trains the face nets: seeded by step, checkpoints to go on from, a trapezoid of rates.

Offline; CPU or GPU unchanged, one process.
Never looks at a held-out portrait: batches come from the samplers it is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engines.face.parts import PARTS, Part
from engines.render import landmarks as lm
from engines.values import F32, U8
from export.data.face_augment import Sampler
from export.nets.face import PointNet
from export.train.checkpoint import load_checkpoint, save_checkpoint

Batch = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class StageConfig:
    """How one net is trained."""

    steps: int
    batch: int
    rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 1
    device: str = "cpu"
    every: int = 100
    """Steps between reports; a checkpoint every fifth of them."""


@dataclass(slots=True)
class Stage:
    """One net, how it is fed, and how it is judged."""

    name: str
    net: nn.Module
    draw: Callable[[int, np.random.Generator], Batch]
    loss: Callable[[nn.Module, Batch], Tensor]
    judge: Callable[[nn.Module], dict[str, float]]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def rate_at(step: int, steps: int, peak: float) -> float:
    """Up over 3 %, flat, then down in a line over the last 40 %: cutting short needs no restart."""
    share = step / max(1, steps)
    if share < 0.03:
        return peak * (0.1 + 0.9 * share / 0.03)
    return peak * float(min(1.0, max(0.01, (1 - share) / 0.4)))


def fit(stage: Stage, config: StageConfig, folder: Path, *, resume: bool,
        say: Callable[[dict[str, float]], None]) -> None:  # fmt: skip
    """Train to the last step, from the checkpoint in `folder` when `resume` finds one."""
    net = stage.net.to(config.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    free = [p for p in net.parameters() if p.requires_grad]
    decayed = [p for p in free if p.ndim > 1]
    plain = [p for p in free if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, config.rate, weight_decay=config.weight_decay)
    if resume:
        state = load_checkpoint(folder, net, optimizer)
        if state is not None:
            stage.step, stage.history = state
    began, total, count = time.monotonic(), 0.0, 0
    net.train()
    while stage.step < config.steps:
        rng = np.random.default_rng((config.seed, stage.step))
        for group in optimizer.param_groups:
            group["lr"] = rate_at(stage.step, config.steps, config.rate)
        batch = tuple(t.to(config.device) for t in stage.draw(config.batch, rng))
        loss = stage.loss(net, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        total, count, stage.step = total + float(loss.detach()), count + 1, stage.step + 1
        if stage.step % config.every == 0 or stage.step == config.steps:
            row = {
                "step": float(stage.step),
                "loss": total / count,
                "seconds": time.monotonic() - began,
            }
            if stage.step % (5 * config.every) == 0 or stage.step == config.steps:
                net.eval()
                row |= stage.judge(net)
                net.train()
            stage.history.append(row)
            if stage.step % (5 * config.every) == 0 or stage.step == config.steps:
                save_checkpoint(folder, net, optimizer, stage.step, stage.history)
            say(row)
            total, count = 0.0, 0
    net.eval()


def pictures(images: U8) -> Tensor:
    """u8[N,S,S,3] -> f32[N,3,S,S], channels last in memory."""
    moved = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return moved.float().contiguous(memory_format=torch.channels_last)


def point_weights(part: Part) -> F32:
    """f32[P] loss weights: lips, lids and irises count double in the whole mesh."""
    weight = np.ones(len(part.points), np.float32)
    fine = {p for rows in (lm.UPPER_ROWS, lm.LOWER_ROWS) for row in rows for p in row}
    for eye in lm.EYES:
        fine |= {*eye.upper, *eye.lower, *eye.corners, *eye.iris}
    for i, point in enumerate(part.points):
        weight[i] = 2.0 if point in fine else 1.0
    out: F32 = weight / weight.mean()
    return out


def shape_basis(sampler: Sampler, modes: int, seed: int, count: int = 1500) -> tuple[F32, F32]:
    """Mean f32[P,3] and modes f32[K,P,3] (times their spread) of augmented shapes."""
    rng = np.random.default_rng((seed, 77))
    shapes = sampler.batch(count, rng)[1]
    mean = shapes.mean(0)
    flat = (shapes - mean).reshape(len(shapes), -1)
    _, sizes, rows = np.linalg.svd(flat, full_matrices=False)
    scaled = rows[:modes] * (sizes[:modes, None] / np.sqrt(len(shapes)))
    return mean, scaled.reshape(-1, *mean.shape).astype(np.float32)


def make_net(part: Part, modes: int) -> PointNet:
    """The net of a part; lips and eyes see less and need less."""
    if part.name == "mesh":
        return PointNet(part.side_px, len(part.points), modes, (24, 56, 96), 160)
    return PointNet(part.side_px, len(part.points), modes, (24, 48, 80), 128)


def point_stage(
    part: Part, sampler: Sampler, test: Sampler, seed: int, modes: int,
    *, shapes: int = 1500, judged: int = 240,
) -> Stage:  # fmt: skip
    """The stage of the mesh, lips or eye net; `shapes` make its basis, `judged` crops judge it."""
    torch.manual_seed(seed)
    net = make_net(part, modes)
    net.set_basis(*shape_basis(sampler, modes, seed, shapes))
    weights = torch.from_numpy(point_weights(part))
    scale = part.side
    held = test.batch(judged, np.random.default_rng(5))

    def draw(count: int, rng: np.random.Generator) -> Batch:
        images, points = sampler.batch(count, rng)
        return pictures(images), torch.from_numpy(points)

    def errors(out: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        away = (out - points) * scale
        flat = (away[..., :2].square().sum(-1) + 1e-6).sqrt()
        return flat, away[..., 2].abs()

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        flat, deep = errors(net(batch[0]), batch[1])
        return ((flat + 0.15 * deep) * weights.to(flat.device)).mean()

    def judge(net: nn.Module) -> dict[str, float]:
        device = next(net.parameters()).device
        with torch.no_grad():
            out = net(pictures(held[0]).to(device)).cpu()
        flat, deep = errors(out, torch.from_numpy(held[1]))
        return {"error": float(flat.mean()), "depth": float(deep.mean())}

    return Stage(part.name, net, draw, loss, judge)


def parts_to_train() -> list[Part]:
    """The three nets of points, in the order they are trained."""
    return [PARTS["mesh"], PARTS["lips"], PARTS["eye"]]
