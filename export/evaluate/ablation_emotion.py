"""What each stream adds to Z_emo: the fusion judged on actors it never heard, streams masked.

Offline; prints its rows.
Never judges a row by a head or a fusion that was trained on the row's actor.

No corpus in reach has words and voice together: each clip is paired with one of the project's own
sentences, of its own label as often as training draws a right text, bland or wrong otherwise.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engines.emotion.fuse import STREAMS, text_input
from engines.emotion.speech import SpeechEmotion
from engines.emotion.text import TextSentiment
from engines.emotion.values import AROUSAL_TABLE, EMOTIONS, SPOKEN, VALENCE_TABLE
from engines.emotion.weights import EmotionWeights
from engines.motion.a2m import A2M
from engines.motion.feeling import felt
from engines.values import F32
from export.evaluate.emotion_folds import folds, uar
from export.evaluate.emotion_rows import SENTENCES, correlation
from export.nets.emotion import FusionNet
from export.train.emotion import HeadConfig, train_heads
from export.train.emotion_cli import EmotionData, cue_rows, joined, with_strangers
from export.train.emotion_fusion import (
    TEXT_BLAND,
    TEXT_RIGHT,
    FusionConfig,
    SpeechRows,
    train_fusion,
)

SUBSETS: tuple[tuple[str, ...], ...] = (
    STREAMS,
    ("speech", "affect"),
    ("text", "affect"),
    ("text", "speech"),
    ("text",),
    ("speech",),
    ("affect",),
    (),
)
PAIRINGS = 5
"""Sentences drawn for each clip."""
SHOWN_FRAMES = 40
"""Of silence, for a posture to come up; the last ten are its mean."""


@dataclass(frozen=True, slots=True)
class Cues:
    """Paired rows of held-out actors: one stream each, and what was meant."""

    label: NDArray[np.int64]
    inputs: dict[str, F32]
    confidence: F32
    """f32[n,3] in STREAMS order."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was read from Z_emo."""

    shares: F32
    """f32[n,8]"""
    affect: F32
    """f32[n,2]: valence and arousal."""


def sentences(reader: TextSentiment) -> tuple[F32, F32, NDArray[np.int64]]:
    """Inputs f32[s,10], confidences f32[s] and labels of the project's own sentences."""
    with SENTENCES.open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    cues = [reader.score(row["text"]) for row in rows]
    labels = [EMOTIONS.index(row["label"]) for row in rows]
    return (
        np.stack([text_input(cue) for cue in cues]),
        np.array([cue.confidence for cue in cues], np.float32),
        np.array(labels, np.int64),
    )


def pair(rows: SpeechRows, texts: tuple[F32, F32, NDArray[np.int64]], seed: int) -> Cues:
    """Each row with PAIRINGS sentences, right, neutral or any at the rates of training."""
    rng = np.random.default_rng(seed)
    each = np.repeat(np.arange(len(rows.label)), PAIRINGS)
    label = rows.label[each]
    dice = rng.random(len(each))
    said = np.where(dice < TEXT_RIGHT, label, rng.integers(0, len(EMOTIONS), len(each)))
    said = np.where((dice >= TEXT_RIGHT) & (dice < TEXT_RIGHT + TEXT_BLAND), 0, said)
    pick = np.array([rng.choice(np.flatnonzero(texts[2] == kind)) for kind in said])
    voice = rows.confidence[each]
    return Cues(
        label,
        {"text": texts[0][pick], "speech": rows.speech[each], "affect": rows.affect[each]},
        np.stack((texts[1][pick], voice, voice), axis=1),
    )


def read(net: FusionNet, cues: Cues, streams: Sequence[str]) -> Told:
    """The fused reading with every other stream missing."""
    keep = np.array([stream in streams for stream in STREAMS], np.float32)
    inputs = {name: torch.as_tensor(values) for name, values in cues.inputs.items()}
    with torch.no_grad():
        scores, affect = net.read(net(inputs, torch.as_tensor(cues.confidence * keep)))
    return Told(torch.softmax(scores, dim=1).numpy(), affect.numpy())


def held_out(
    data: EmotionData, heads: HeadConfig, fusion: FusionConfig, on_fold: Callable[[], None]
) -> list[tuple[FusionNet, Cues]]:
    """For each actor: a fusion and clean cues, by nets that never heard the actor."""
    rng = np.random.default_rng(fusion.seed)
    texts = sentences(TextSentiment.load())
    parts: list[tuple[SpeechRows, SpeechRows, SpeechEmotion]] = []
    for train, held in folds(data.clips, by_text=False):
        mine = np.flatnonzero(np.isin(data.examples.clip, train))
        arrays = train_heads(data.clips, data.examples, mine, data.voices, heads)
        head = SpeechEmotion(EmotionWeights(arrays, {}))
        every = np.flatnonzero(np.isin(data.examples.clip, held))
        clean = every[data.examples.clean[every]]
        both = [
            cue_rows(
                head,
                data.examples.features[rows],
                [data.clips[i].label for i in data.examples.clip[rows]],
                rng,
            )
            for rows in (every, clean)
        ]
        parts.append((both[0], both[1], head))
        on_fold()
    found = []
    for place, (_, judged, head) in enumerate(parts):
        others = joined([part[0] for i, part in enumerate(parts) if i != place])
        net = train_fusion(with_strangers(others, head, data.voices), fusion)
        found.append((net, pair(judged, texts, place)))
        on_fold()
    return found


def feelings_of(told: Told) -> F32:
    """f32[n,9] that the face hears of each reading (engines.motion.feeling)."""
    intensity = np.minimum(1.0, np.linalg.norm(told.affect, axis=1, keepdims=True))
    joined_parts = [told.shares[:, 1:] * intensity, told.affect]
    out: F32 = np.concatenate(joined_parts, axis=1).astype(np.float32)
    return out


def posture(model: A2M, feeling: F32) -> F32:
    """Channels f32[28] that a feeling settles on, in silence, at temperature 0."""
    state = model.new_state(1)
    voice, other, _, style = model.nothing()
    rows = [model.perform(state, voice, other, feeling, style, 0.0) for _ in range(SHOWN_FRAMES)]
    settled: F32 = np.mean(rows[-10:], axis=0).astype(np.float32)
    return settled


def shown(model: A2M, told: Told, label: NDArray[np.int64]) -> tuple[float, float]:
    """(Share of the right label's full posture that shows, the same of any posture when neutral).

    A posture is its difference to neutral's; both are averaged over labels.
    """
    full = np.stack([posture(model, row) for row in felt(np.eye(len(EMOTIONS), dtype=np.float32))])
    away = full - full[0]
    made = np.stack([posture(model, row) for row in feelings_of(told)]) - full[0]
    right = []
    for kind in range(1, SPOKEN):
        mine = made[label == kind]
        right.append(float((mine @ away[kind]).mean() / (away[kind] @ away[kind])))
    usual = float(np.mean(np.linalg.norm(away[1:], axis=1)))
    stray = float(np.linalg.norm(made[label == 0], axis=1).mean()) / usual
    return float(np.mean(right)), stray


def figures_of(told: Told, label: NDArray[np.int64]) -> dict[str, float]:
    """Recall averaged over labels, and correlation of valence and arousal with the table."""
    moves = told.affect.std(axis=0) > 1e-9
    meant = (VALENCE_TABLE[label].tolist(), AROUSAL_TABLE[label].tolist())
    r = [correlation(told.affect[:, i].tolist(), meant[i]) if moves[i] else 0.0 for i in range(2)]
    return {"recall": uar(told.shares.argmax(axis=1), label), "valence": r[0], "arousal": r[1]}


def compare(
    parts: Sequence[tuple[FusionNet, Cues]], model: A2M | None, every: int
) -> dict[str, dict[str, float]]:
    """A row for each subset of streams; the face is moved by every so many-th row."""
    label = np.concatenate([cues.label for _, cues in parts])
    print(f"{len(label)} pairs of clip and sentence, {len(parts)} actors left out in turn")
    print(f"{'':<26}{'recall':>8}{'valence r':>11}{'arousal r':>11}{'face':>8}{'stray':>8}")
    figures = {}
    for streams in SUBSETS:
        each = [read(net, cues, streams) for net, cues in parts]
        told = Told(
            np.concatenate([one.shares for one in each]),
            np.concatenate([one.affect for one in each]),
        )
        name = " + ".join(streams) or "floor: no stream"
        values = figures_of(told, label)
        if model is not None:
            some = Told(told.shares[::every], told.affect[::every])
            values["face"], values["stray"] = shown(model, some, label[::every])
        figures[name] = values
        cells = "".join(
            f"{values.get(k, 0.0):>{w}.3f}"
            for k, w in (("recall", 8), ("valence", 11), ("arousal", 11), ("face", 8), ("stray", 8))
        )
        print(f"{name:<26}{cells}")
    return figures
