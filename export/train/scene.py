"""Trains the head of the scene encoder on sentences of the grammar.

Offline, one process; a minute of one CPU thread.
Never sees the sentences of the evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from engines.scene.tokens import WordPiece
from engines.values import F32
from export.data.scene_grammar import SceneExample, SceneGrammar
from export.nets.scene import SceneNet, SceneNetConfig

MAX_TRAIN_TOKENS = 64


@dataclass(frozen=True, slots=True)
class SceneTrainConfig:
    """Sizes and rates of a run."""

    examples: int = 16_000
    validation: int = 800
    epochs: int = 12
    batch: int = 64
    rate: float = 2e-3
    noise: float = 0.15
    """Of the token vectors' usual size: neighbours of a word should read alike."""
    dropped: float = 0.05
    """Tokens that go unheard."""
    feeling: float = 0.04
    """Weight of the feelings' cross entropy beside the dials' squared error."""
    seed: int = 1
    net: SceneNetConfig = field(default_factory=SceneNetConfig)


@dataclass(frozen=True, slots=True)
class Batchable:
    """Examples as arrays: tokens i64[N,T] (-1 past the end), dials f32[N,7], feelings i64[N]."""

    tokens: Tensor
    dials: Tensor
    feelings: Tensor


def encode(examples: Sequence[SceneExample], words: WordPiece) -> Batchable:
    """Token numbers and targets."""
    rows = np.full((len(examples), MAX_TRAIN_TOKENS), -1, np.int64)
    for i, one in enumerate(examples):
        ids = words.encode(one.text, MAX_TRAIN_TOKENS)
        rows[i, : len(ids)] = ids
    return Batchable(
        torch.from_numpy(rows),
        torch.from_numpy(np.stack([one.dials for one in examples])),
        torch.tensor([one.feeling for one in examples]),
    )


def look_up(table: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors f32[B,T,D] (zero past the end) and mask f32[B,T]."""
    longest = int((tokens >= 0).sum(1).max().clamp(min=1))
    tokens = tokens[:, :longest]
    mask = (tokens >= 0).float()
    return table[tokens.clamp(min=0)] * mask[..., None], mask


def train_head(
    tokens: Sequence[str], table: F32, config: SceneTrainConfig
) -> tuple[SceneNet, list[dict[str, float]]]:
    """The net, and a row of errors for each epoch."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    words = WordPiece(tokens)
    train = encode(SceneGrammar(rng).examples(config.examples), words)
    kept = encode(SceneGrammar(rng, kept=True).examples(config.validation), words)
    vectors = torch.from_numpy(table)
    spread = float(vectors.std())
    net = SceneNet(config.net)
    optimizer = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=1e-3)
    steps = config.epochs * (config.examples // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.rate, total_steps=steps)
    history: list[dict[str, float]] = []
    for epoch in range(config.epochs):
        net.train()
        total = 0.0
        order = torch.randperm(config.examples)
        for at in range(0, config.examples - config.batch + 1, config.batch):
            chosen = order[at : at + config.batch]
            x, mask = look_up(vectors, train.tokens[chosen])
            x = x + config.noise * spread * torch.randn_like(x) * mask[..., None]
            x = x * (torch.rand(mask.shape) >= config.dropped)[..., None]
            loss = _loss(net, x, mask, train.dials[chosen], train.feelings[chosen], config)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        history.append({"epoch": epoch + 1.0, "loss": total * config.batch / config.examples})
        history[-1] |= validate(net, vectors, kept)
    return net.eval(), history


def _loss(
    net: SceneNet,
    x: Tensor,
    mask: Tensor,
    dials: Tensor,
    feelings: Tensor,
    config: SceneTrainConfig,
) -> Tensor:
    said, felt = net(x, mask)
    error = torch.nn.functional.mse_loss(said, dials)
    return error + config.feeling * torch.nn.functional.cross_entropy(felt, feelings)


def validate(net: SceneNet, vectors: Tensor, kept: Batchable) -> dict[str, float]:
    """Mean r over dials, and share of feelings right, on words never trained on."""
    net.eval()
    with torch.inference_mode():
        said, felt = net(*look_up(vectors, kept.tokens))
    pairs = zip(said.T.numpy(), kept.dials.T.numpy(), strict=True)
    r = [float(np.corrcoef(a, b)[0, 1]) for a, b in pairs]
    right = float((felt.argmax(1) == kept.feelings).float().mean())
    return {"val_r": float(np.mean(r)), "val_feeling": right}
