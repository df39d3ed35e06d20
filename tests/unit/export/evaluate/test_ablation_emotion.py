"""Masked streams: a fusion that trusts one stream loses by its absence, and only by that."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines.emotion.fuse import STREAMS
from engines.emotion.text import TextSentiment
from engines.emotion.values import AROUSAL_TABLE, VALENCE_TABLE
from engines.motion.a2m import A2M
from export.data.emotion import Clip, Examples, synthetic_clips
from export.evaluate import ablation_emotion
from export.evaluate.ablation_emotion import Cues, Told, feelings_of, figures_of, pair, read
from export.nets.emotion import FusionNet
from export.train.emotion import HeadConfig
from export.train.emotion_cli import EmotionData
from export.train.emotion_fusion import FusionConfig, SpeechRows

TABLE = np.stack((VALENCE_TABLE, AROUSAL_TABLE), axis=1)


def rows(count: int) -> SpeechRows:
    rng = np.random.default_rng(1)
    return SpeechRows(
        np.arange(count) % 7,
        rng.random((count, 8)).astype(np.float32),
        rng.random((count, 4)).astype(np.float32),
        np.full(count, 0.5, np.float32),
    )


def test_sentences_are_paired_at_the_rates_of_training() -> None:
    texts = (np.eye(8, 10, dtype=np.float32), np.full(8, 0.5, np.float32), np.arange(8))
    cues = pair(rows(700), texts, 1)
    assert len(cues.label) == 700 * ablation_emotion.PAIRINGS
    said = cues.inputs["text"].argmax(axis=1)
    kept = cues.label > 0
    # Right by draw or by chance, and neutral for the bland ones or by chance.
    assert np.mean(said[kept] == cues.label[kept]) == pytest.approx(0.55 + 0.15 / 8, abs=0.03)
    assert np.mean(said[kept] == 0) == pytest.approx(0.3 + 0.15 / 8, abs=0.03)
    again = pair(rows(700), texts, 1)
    np.testing.assert_array_equal(cues.inputs["text"], again.inputs["text"])


def test_a_masked_stream_says_nothing() -> None:
    torch.manual_seed(1)
    net = FusionNet()
    texts = ablation_emotion.sentences(TextSentiment.load())
    cues = pair(rows(70), texts, 1)
    changed = Cues(cues.label, cues.inputs | {"text": cues.inputs["text"] + 1.0}, cues.confidence)
    without = ("speech", "affect")
    np.testing.assert_array_equal(
        read(net, cues, without).shares, read(net, changed, without).shares
    )
    assert np.abs(read(net, cues, STREAMS).shares - read(net, changed, STREAMS).shares).max() > 1e-4
    nothing = read(net, cues, ())
    assert (nothing.shares.argmax(1) == 0).all() and not nothing.affect.any()


def test_perfect_and_empty_readings() -> None:
    label = np.arange(70) % 7
    perfect = Told(np.eye(8, dtype=np.float32)[label], TABLE[label])
    assert figures_of(perfect, label) == pytest.approx({"recall": 1, "valence": 1, "arousal": 1})
    empty = Told(np.eye(8, dtype=np.float32)[label * 0], np.zeros((70, 2), np.float32))
    assert figures_of(empty, label) == pytest.approx({"recall": 1 / 7, "valence": 0, "arousal": 0})


def test_a_clear_feeling_shows_and_none_does_not() -> None:
    model = A2M.load()
    label = np.arange(7)
    clear = Told(np.eye(8, dtype=np.float32)[label], TABLE[label])
    none = Told(np.eye(8, dtype=np.float32)[label * 0], np.zeros((7, 2), np.float32))
    assert feelings_of(clear).shape == (7, 9)
    full, stray = ablation_emotion.shown(model, clear, label)
    assert full > 0.5 and stray < 1e-3
    assert abs(ablation_emotion.shown(model, none, label)[0]) < 1e-3


def test_every_actor_is_judged_by_nets_that_never_heard_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips: list[Clip] = list(synthetic_clips(2, 1))
    rng = np.random.default_rng(1)
    features = rng.standard_normal((len(clips), 196)).astype(np.float32)
    examples = Examples(features, np.arange(len(clips)), np.ones(len(clips), bool))
    data = EmotionData(clips, examples, None)
    done: list[int] = []
    parts = ablation_emotion.held_out(
        data, HeadConfig(iterations=2), FusionConfig(steps=3), lambda: done.append(1)
    )
    actors = {clip.speaker for clip in clips}
    assert len(parts) == len(actors) and len(done) == 2 * len(actors)
    assert sum(len(cues.label) for _, cues in parts) == len(clips) * ablation_emotion.PAIRINGS
    figures = ablation_emotion.compare(parts, None, 1)
    assert figures["floor: no stream"]["recall"] == pytest.approx(1 / 7)
    assert "text + speech + affect" in capsys.readouterr().out
