"""Fusion training: drawn cues have the rates stated, a short run learns and repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from engines.emotion.values import EMOTION_INDEX, SPOKEN, table_affect
from export.train.emotion_fusion import (
    DROPPED,
    FusionConfig,
    SpeechRows,
    accuracy,
    draw,
    text_rows,
    train_fusion,
)


def rows(count: int = 350) -> SpeechRows:
    rng = np.random.default_rng(0)
    label = np.arange(count) % SPOKEN
    scores = rng.normal(size=(count, SPOKEN))
    scores[np.arange(count), label] += 2.5
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    affect = np.array([(*table_affect(s), *table_affect(s)) for s in shares], np.float32)
    speech = np.concatenate((shares, np.ones((count, 1))), axis=1).astype(np.float32)
    return SpeechRows(label, speech, affect, np.full(count, 0.6, np.float32))


def test_draws_are_masked_and_silence_is_neutral() -> None:
    config = FusionConfig(batch=4000)
    inputs, confidence, label = draw(rows(), config, np.random.default_rng(0))
    missing = (confidence == 0.0).float().mean(dim=0).numpy()
    assert np.allclose(missing, DROPPED, atol=0.04)
    assert inputs["text"].shape == (4000, 10) and inputs["affect"].shape == (4000, 4)
    shares = np.bincount(label.numpy(), minlength=8) / 4000
    assert shares[0] > 0.15 and shares[1:].min() > 0.05


def test_bland_text_has_low_confidence_and_right_text_says_the_label() -> None:
    label = np.full(3000, EMOTION_INDEX["anger"])
    cues, confidence, bland = text_rows(label, np.random.default_rng(0))
    assert confidence[bland].max() <= 0.4 < confidence[~bland].min()
    said = cues[~bland, :8].argmax(axis=1)
    assert 0.6 < (said == EMOTION_INDEX["anger"]).mean() < 0.95
    assert np.allclose(cues[:, :8].sum(axis=1), 1.0, atol=1e-5)


def test_a_short_run_learns_and_repeats() -> None:
    config = FusionConfig(steps=200, batch=64)
    losses: list[float] = []
    net = train_fusion(rows(), config, losses.append)
    again = train_fusion(rows(), config)
    assert len(losses) == 200 and np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])
    for a, b in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    other = train_fusion(rows(), replace(config, seed=2))
    assert not torch.equal(other.labels.weight, net.labels.weight)
    both, one = (accuracy(net, rows(), s) for s in (("text", "speech"), ("text",)))
    assert both > one > 0.2
