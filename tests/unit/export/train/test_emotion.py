"""The heads learn what they can, weigh clips and classes alike, and repeat."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines.emotion.functionals import FUNCTIONALS
from engines.emotion.speech import SpeechEmotion
from engines.emotion.weights import EmotionWeights
from export.data.emotion import Clip, Examples
from export.train.emotion import HeadConfig, _weights, ccc, train_heads


def made(count: int = 70, seed: int = 0) -> tuple[list[Clip], Examples]:
    rng = np.random.default_rng(seed)
    silent = np.zeros(1, np.float32)
    clips = [Clip(f"c{i}", f"s{i % 5}", "t", i % 7, silent) for i in range(count)]
    features = rng.normal(size=(2 * count, FUNCTIONALS)).astype(np.float32)
    place = np.repeat(np.arange(count), 2)
    for row, i in enumerate(place):
        features[row, clips[i].label] += 4.0
    return clips, Examples(features, place, np.arange(2 * count) % 2 == 0)


def test_a_plain_pattern_is_learned_and_repeats() -> None:
    clips, examples = made()
    rows = np.arange(len(examples.clip))
    arrays = train_heads(clips, examples, rows)
    again = train_heads(clips, examples, rows)
    for name, values in arrays.items():
        assert np.array_equal(values, again[name]), name
    head = SpeechEmotion(EmotionWeights(arrays, {}))
    _, unseen = made(seed=1)
    said = [int(head.judge(row)[0].argmax()) for row in unseen.features]
    meant = [clips[i].label for i in unseen.clip]
    assert np.mean(np.array(said) == meant) > 0.6, "chance is 0.14"
    joy = np.mean([head.judge(r)[1] for r, m in zip(unseen.features, meant, strict=True) if m == 1])
    sad = np.mean([head.judge(r)[1] for r, m in zip(unseen.features, meant, strict=True) if m == 3])
    assert joy > sad + 0.3


def test_neutral_voices_directions_are_trusted_less() -> None:
    clips, examples = made()
    rows = np.arange(len(examples.clip))
    voices = np.zeros((20, FUNCTIONALS), np.float32)
    voices[:, 2] = np.linspace(-20.0, 20.0, 20)
    config = HeadConfig(voices_penalty=10.0)
    free = train_heads(clips, examples, rows)["speech_classes"]
    held = train_heads(clips, examples, rows, voices, config)["speech_classes"]
    assert np.abs(held[2]).max() < 0.7 * np.abs(free[2]).max()


def test_copies_and_class_sizes_cancel_out() -> None:
    clips, examples = made(14)
    more = Examples(
        np.concatenate((examples.features, examples.features[:2])),
        np.concatenate((examples.clip, [0, 0])),
        np.concatenate((examples.clean, [False, False])),
    )
    weights = _weights(clips, more, np.arange(len(more.clip)))
    labels = np.array([clips[i].label for i in more.clip])
    totals = np.bincount(labels, weights=weights)
    assert np.allclose(totals, totals[0], rtol=1e-4)


def test_concordance_punishes_a_shift_and_a_scale() -> None:
    a = torch.linspace(-1.0, 1.0, 50)
    one = torch.ones(50)
    assert float(ccc(a, a, one)) == pytest.approx(1.0, abs=1e-5)
    assert float(ccc(a + 0.5, a, one)) < 0.8
    assert float(ccc(0.3 * a, a, one)) < 0.7
    assert float(ccc(-a, a, one)) == pytest.approx(-1.0, abs=1e-5)
