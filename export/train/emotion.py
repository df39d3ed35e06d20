"""Trains the heads on the functionals: seven classes by softmax, affect by concordance.

Offline; CPU, one thread is enough. Deterministic: zero start, full-batch L-BFGS.
Never weighs a clip by how many copies of it there are, nor a class by how many clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.emotion.speech import CLIP_SD
from engines.emotion.values import AROUSAL_TABLE, SPOKEN, VALENCE_TABLE
from engines.values import F32
from export.data.emotion import Clip, Examples

CLEAN_WEIGHT = 3.0
"""A clean copy counts as so many altered ones."""


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """How to train."""

    penalty: float = 10.0
    """Of the squared class weights, over the number of clips (1 / C of Cox's model)."""
    affect_penalty: float = 40.0
    voices_penalty: float = 0.3
    """Extra, along directions in which neutral voices differ from each other."""
    iterations: int = 60
    """L-BFGS steps; stopping early keeps the weights small, as the penalty does."""


def _weights(clips: Sequence[Clip], examples: Examples, rows: NDArray[np.int64]) -> F32:
    """Each clip counts alike within its class, each class alike."""
    clip = examples.clip[rows]
    copies = np.where(examples.clean[rows], CLEAN_WEIGHT, 1.0)
    copies /= np.bincount(clip, weights=copies, minlength=len(clips))[clip]
    labels = np.array([clips[i].label for i in clip])
    total = np.bincount(labels, weights=copies, minlength=SPOKEN)
    weights: F32 = (copies / total[labels] * len(rows) / SPOKEN).astype(np.float32)
    return weights


def _minimise(parts: list[Tensor], loss_of: Callable[[], Tensor], iterations: int) -> None:
    optimizer = torch.optim.LBFGS(
        parts, max_iter=iterations, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]


def ccc(made: Tensor, meant: Tensor, weight: Tensor) -> Tensor:
    """Lin's concordance (1989) of two tensors [n], weighted."""
    share = weight / weight.sum()
    a, b = (share * made).sum(), (share * meant).sum()
    joint = (share * (made - a) * (meant - b)).sum()
    spread = (share * (made - a) ** 2).sum() + (share * (meant - b) ** 2).sum()
    return 2.0 * joint / (spread + (a - b) ** 2 + 1e-9)


def _voice_axes(voices: F32, mean: F32, sd: F32) -> NDArray[np.float64]:
    """Covariance f64[K,K] of neutral voices' mean functionals ([V,K]), normalised."""
    away = np.clip((voices - mean) / sd, -CLIP_SD, CLIP_SD).astype(np.float64)
    away -= away.mean(axis=0)
    spread: NDArray[np.float64] = away.T @ away / max(1, len(away))
    return spread


def _class_head(
    x: Tensor, y: Tensor, w: Tensor, penalty: Tensor, config: HeadConfig
) -> tuple[Tensor, Tensor]:
    """Weights f32[K,7] and bias of the softmax regression."""
    classes = torch.zeros(x.shape[1], SPOKEN, requires_grad=True)
    bias = torch.zeros(SPOKEN, requires_grad=True)

    def loss() -> Tensor:
        miss = torch.nn.functional.cross_entropy(x @ classes + bias, y, reduction="none")
        return (miss * w).mean() + 0.5 * (classes * (penalty @ classes)).sum()

    _minimise([classes, bias], loss, config.iterations)
    return classes.detach(), bias.detach()


def _affect_head(
    x: Tensor, meant: Tensor, w: Tensor, penalty: Tensor, config: HeadConfig
) -> tuple[Tensor, Tensor]:
    """Weights f32[K,2] and bias of valence and arousal (before the hyperbolic tangent)."""
    affect = torch.zeros(x.shape[1], 2, requires_grad=True)
    bias = torch.zeros(2, requires_grad=True)

    def loss() -> Tensor:
        made = torch.tanh(x @ affect + bias)
        miss = sum((1.0 - ccc(made[:, i], meant[:, i], w) for i in range(2)), torch.tensor(0.0))
        # At zero weights concordance has no slope in scale: a little squared error starts it.
        error = 0.1 * (((made - meant) ** 2).sum(dim=1) * w).mean()
        return miss + error + 0.5 * (affect * (penalty @ affect)).sum()

    _minimise([affect, bias], loss, config.iterations)
    return affect.detach(), bias.detach()


def train_heads(
    clips: Sequence[Clip],
    examples: Examples,
    rows: NDArray[np.int64],
    voices: F32 | None = None,
    config: HeadConfig | None = None,
) -> dict[str, F32]:
    """The `speech_*` arrays, from the examples `rows`; `voices` f32[V,K]: neutral strangers."""
    config = config or HeadConfig()
    weight = _weights(clips, examples, rows)
    features = examples.features[rows].astype(np.float64)
    mean = np.average(features, axis=0, weights=weight).astype(np.float32)
    spread = np.average((features - mean) ** 2, axis=0, weights=weight)
    sd = (np.sqrt(spread) + 1e-6).astype(np.float32)
    away = np.clip((examples.features[rows] - mean) / sd, -CLIP_SD, CLIP_SD)
    size = away.shape[1]
    penalty = torch.eye(size)
    if voices is not None:
        axes = config.voices_penalty * _voice_axes(voices, mean, sd)
        penalty = penalty + torch.as_tensor(axes, dtype=torch.float32)
    labels = np.array([clips[i].label for i in examples.clip[rows]])
    x, w, y = torch.as_tensor(away), torch.as_tensor(weight), torch.as_tensor(labels)
    people = len({clips[i].name for i in examples.clip[rows]})

    classes, class_bias = _class_head(x, y, w, penalty * config.penalty / people, config)
    meant = torch.as_tensor(np.stack((VALENCE_TABLE[labels], AROUSAL_TABLE[labels]), axis=1))
    affect, affect_bias = _affect_head(
        x, meant, w, penalty * config.affect_penalty / people, config
    )
    return {
        "speech_mean": mean,
        "speech_sd": sd,
        "speech_classes": classes.numpy(),
        "speech_class_bias": class_bias.numpy(),
        "speech_affect": affect.numpy(),
        "speech_affect_bias": affect_bias.numpy(),
    }
