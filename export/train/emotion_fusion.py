"""Trains the fusion: unseen actors' speech cues with made-up text cues, streams dropped at random.

Offline; CPU, seconds. One seed, deterministic on one thread.
Never trains on a speech cue whose head had heard the actor, nor on a sentence of the evaluation.

No corpus in reach has words, voice and felt emotion together, so the text cue of each training
row is drawn: right, bland or wrong at stated rates, with confidences like those of the lexicon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.emotion.fuse import STREAMS
from engines.emotion.values import (
    AROUSAL_TABLE,
    EMOTION_INDEX,
    EMOTIONS,
    SPOKEN,
    VALENCE_TABLE,
)
from engines.values import F32
from export.nets.emotion import FusionNet

DROPPED = 0.35
NEUTRAL_MORE = 0.3
"""Of all rows are neutral beyond an even share: people feel nothing much most of the time."""
TEXT_RIGHT, TEXT_BLAND = 0.55, 0.3
"""And wrong on the rest."""
LIVELY = np.array([EMOTION_INDEX[name] for name in ("neutral", "joy", "anger", "fear")])
AGREEMENT = 0.3
"""Weight of: a full-intensity place reads as its label, and cues that agree come near it."""


@dataclass(frozen=True, slots=True)
class SpeechRows:
    """Cues of unseen actors, one row each."""

    label: NDArray[np.int64]
    speech: F32
    """f32[n,8], as engines.emotion.fuse.speech_input."""
    affect: F32
    """f32[n,4], as engines.emotion.fuse.affect_input."""
    confidence: F32


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """How to train."""

    steps: int = 3000
    batch: int = 256
    rate: float = 3e-3
    weight_decay: float = 1e-3
    seed: int = 1


def text_rows(
    label: NDArray[np.int64], rng: np.random.Generator
) -> tuple[F32, F32, NDArray[np.bool_]]:
    """Text cues f32[n,10], confidences f32[n], and which are bland, for labels i64[n]."""
    count, kinds = len(label), len(EMOTIONS)
    dice = rng.random(count)
    said = np.where(dice < TEXT_RIGHT, label, rng.integers(0, kinds, count))
    bland = (dice >= TEXT_RIGHT) & (dice < TEXT_RIGHT + TEXT_BLAND)
    scores = rng.normal(0.0, 0.5, (count, kinds))
    scores[:, 0] += 2.0
    clear = np.where(bland | (said == EMOTION_INDEX["neutral"]), 0.0, rng.uniform(1.5, 4.5, count))
    scores[np.arange(count), said] += clear
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    strength = np.where(bland, 0.1, rng.uniform(0.4, 1.0, count))
    valence = np.clip(VALENCE_TABLE[said] * strength + rng.normal(0.0, 0.2, count), -1, 1)
    arousal = np.clip(AROUSAL_TABLE[said] * strength + rng.normal(0.0, 0.2, count), -1, 1)
    confidence = np.where(bland, rng.uniform(0.2, 0.4, count), rng.uniform(0.5, 0.95, count))
    cues = np.concatenate((shares, valence[:, None], arousal[:, None]), axis=1)
    return cues.astype(np.float32), confidence.astype(np.float32), bland


def draw(
    rows: SpeechRows, config: FusionConfig, rng: np.random.Generator
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """One batch: inputs by stream, confidences f32[B,3] (0 = missing), labels i64[B]."""
    count = config.batch
    label = rng.integers(0, len(EMOTIONS), count)
    label[rng.random(count) < NEUTRAL_MORE] = EMOTION_INDEX["neutral"]
    # No voice in the data is surprised: it is heard as anything but calm.
    voiced = np.where(label == EMOTION_INDEX["surprise"], rng.choice(LIVELY, count), label)
    pick = np.zeros(count, np.int64)
    for kind in range(SPOKEN):
        mine = voiced == kind
        pick[mine] = rng.choice(np.flatnonzero(rows.label == kind), int(mine.sum()))
    text, text_confidence, bland = text_rows(label, rng)
    confidence = np.stack((text_confidence, rows.confidence[pick], rows.confidence[pick]), axis=1)
    confidence[:, 1:] *= rng.uniform(0.3, 1.0, (count, 1))
    confidence[rng.random((count, len(STREAMS))) < DROPPED] = 0.0
    # Words without feeling and no voice: nothing tells, so nothing is felt.
    label = np.where(bland & (confidence[:, 1:].sum(axis=1) == 0.0), 0, label)
    inputs = {"text": text, "speech": rows.speech[pick], "affect": rows.affect[pick]}
    tensors = {name: torch.as_tensor(values) for name, values in inputs.items()}
    return tensors, torch.as_tensor(confidence.astype(np.float32)), torch.as_tensor(label)


def _loss(
    net: FusionNet, inputs: dict[str, Tensor], confidence: Tensor, label: Tensor, table: Tensor
) -> Tensor:
    z = net(inputs, confidence)
    scores, affect = net.read(z)
    heard = (confidence.sum(dim=1) > 0).float()
    miss = nn.functional.cross_entropy(scores, label, reduction="none")
    away = ((affect - table[label]) ** 2).sum(dim=1)
    loss = ((miss + 2.0 * away) * heard).sum() / heard.sum()
    places = net.places()
    place_scores, place_affect = net.read(places)
    every = torch.arange(len(EMOTIONS))
    loss = loss + AGREEMENT * nn.functional.cross_entropy(place_scores, every)
    loss = loss + 4.0 * AGREEMENT * ((place_affect - table) ** 2).sum(dim=1).mean()
    # On the way from neutral to a label no other label may rise faster: overrides stay monotone.
    raw = net.labels(places)
    others = raw.masked_fill(torch.eye(len(EMOTIONS), dtype=torch.bool), -1e9).amax(dim=1)
    loss = loss + torch.relu(1.0 - (raw.diagonal() - others))[1:].mean()
    loss = loss + torch.relu(raw[1:, 0] - raw[1:, 1:].amin(dim=1) + 0.2).mean()
    sure = (confidence.sum(dim=1) > 1.0).float()[:, None]
    near: Tensor = ((z - places[label].detach()) ** 2 * sure).mean()
    return loss + AGREEMENT * near


def train_fusion(
    rows: SpeechRows,
    config: FusionConfig | None = None,
    on_step: Callable[[float], None] = lambda _: None,
) -> FusionNet:
    """The trained net; `on_step` is told each step's loss."""
    config = config or FusionConfig()
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    net = FusionNet()
    optimizer = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, total_steps=config.steps + 1
    )
    table = torch.as_tensor(np.stack((VALENCE_TABLE, AROUSAL_TABLE), axis=1))
    for _ in range(config.steps):
        loss = _loss(net, *draw(rows, config, rng), table)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(float(loss.detach()))
    return net


def accuracy(
    net: FusionNet, rows: SpeechRows, streams: tuple[str, ...], seed: int = 7, count: int = 4096
) -> float:
    """Recall averaged over the labels that `streams` alone can tell, on freshly drawn rows."""
    rng = np.random.default_rng(seed)
    inputs, _, label = draw(rows, FusionConfig(batch=count), rng)
    text, text_confidence, _ = text_rows(label.numpy(), rng)
    inputs["text"] = torch.as_tensor(text)
    full = np.stack((text_confidence, np.full(count, 0.6), np.full(count, 0.6)), axis=1)
    for i, stream in enumerate(STREAMS):
        if stream not in streams:
            full[:, i] = 0.0
    with torch.no_grad():
        scores, _ = net.read(net(inputs, torch.as_tensor(full.astype(np.float32))))
    said = scores.argmax(dim=1)
    kinds = len(EMOTIONS) if "text" in streams else SPOKEN
    return float(np.mean([(said[label == k] == k).float().mean() for k in range(kinds)]))
