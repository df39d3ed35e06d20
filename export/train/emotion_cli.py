"""Command `train emotion`: heads on Emo-DB, fusion on unseen actors' cues, weights at the end.

Offline; main thread, with a progress bar.
Never needs a data folder for `--smoke`: it trains on made-up voices for seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.emotion.functionals import FUNCTIONAL_NAMES
from engines.emotion.model import EmotionModel
from engines.emotion.speech import SpeechEmotion, doubt_of
from engines.emotion.values import EMOTIONS
from engines.emotion.weights import DEFAULT_FOLDER, EmotionWeights, save
from engines.values import F32, FRAME_SAMPLES
from export.data.emotion import COPIES, Clip, Examples, read_clips, synthetic_clips
from export.data.emotion_cache import cached_examples, cached_voices
from export.data.grid import DataMissing
from export.evaluate.emotion_folds import folds
from export.train.emotion import HeadConfig, train_heads
from export.train.emotion_fusion import FusionConfig, SpeechRows, accuracy, train_fusion
from export.train.emotion_words import kept_words

SUBSETS = (
    ("text", "speech", "affect"),
    ("text",),
    ("speech", "affect"),
    ("speech",),
    ("affect",),
    ("text", "speech"),
    ("text", "affect"),
)


@dataclass(frozen=True, slots=True)
class EmotionData:
    """What training reads."""

    clips: Sequence[Clip]
    examples: Examples
    voices: F32 | None


def add_places(parser: argparse.ArgumentParser) -> None:
    """Options for where things are."""
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(data), help="training data folder")
    parser.add_argument("--cache", type=Path, default=Path("artifacts/cache"))


def load_data(data: Path, cache: Path, seed: int) -> EmotionData:
    """Clips and features, from the cache where the code is the same. Raises DataMissing."""
    clips = read_clips(data)
    with Progress() as bar:
        task = bar.add_task("hearing the clips", total=len(clips))
        examples = cached_examples(clips, COPIES, seed, cache, lambda: bar.update(task, advance=1))
    return EmotionData(clips, examples, cached_voices(data, cache))


def cue_rows(
    head: SpeechEmotion, features: F32, labels: Sequence[int], rng: np.random.Generator
) -> SpeechRows:
    """What `head` says of functionals f32[n,K], as cues of sessions at any point."""
    speech, affect, sure = [], [], []
    for values in features:
        shares, valence, arousal, familiar = head.judge(values)
        speech.append([*shares, rng.uniform(0.4, 1.0)])
        # A speaker's baseline lies anywhere about zero.
        base = rng.uniform(-0.2, 0.2, 2)
        affect.append([valence - base[0], arousal - base[1], valence, arousal])
        sure.append(rng.uniform(0.5, 1.0) * familiar * (1.0 - 0.8 * doubt_of(shares)))
    return SpeechRows(
        np.array(labels, np.int64),
        np.array(speech, np.float32),
        np.array(affect, np.float32),
        np.array(sure, np.float32),
    )


def unseen_rows(
    data: EmotionData, config: HeadConfig, seed: int, on_fold: Callable[[], None]
) -> SpeechRows:
    """Cues of every example by the head that never heard its actor."""
    rng = np.random.default_rng(seed)
    parts = []
    for train, held in folds(data.clips, by_text=False):
        mine = np.flatnonzero(np.isin(data.examples.clip, train))
        arrays = train_heads(data.clips, data.examples, mine, data.voices, config)
        head = SpeechEmotion(EmotionWeights(arrays, {}))
        rows = np.flatnonzero(np.isin(data.examples.clip, held))
        labels = [data.clips[i].label for i in data.examples.clip[rows]]
        parts.append(cue_rows(head, data.examples.features[rows], labels, rng))
        on_fold()
    return joined(parts)


def with_strangers(rows: SpeechRows, head: SpeechEmotion, voices: F32 | None) -> SpeechRows:
    """The rows and as many of neutral strangers as there are neutral ones among them.

    Readers of another language, on other microphones: whatever the head takes them for, the
    fusion learns that such a cue may mean nothing.
    """
    if voices is None:
        return rows
    copies = max(1, int((rows.label == 0).sum()) // len(voices))
    rng = np.random.default_rng(0)
    many = np.tile(voices, (copies, 1))
    return joined([rows, cue_rows(head, many, [0] * len(many), rng)])


def joined(parts: Sequence[SpeechRows]) -> SpeechRows:
    """All rows of the parts."""
    return SpeechRows(
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.speech for part in parts]),
        np.concatenate([part.affect for part in parts]),
        np.concatenate([part.confidence for part in parts]),
    )


def draw_curve(losses: list[float], path: Path) -> None:
    """The fusion's loss as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.5))
    size = max(1, len(losses) // 100)
    means = [float(np.mean(losses[i : i + size])) for i in range(0, len(losses), size)]
    axes.plot(np.arange(len(means)) * size, means)
    axes.set(title="fusion: training loss", xlabel="step")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)


def run(data: EmotionData, heads: HeadConfig, fusion: FusionConfig, out: Path, curve: Path) -> None:
    """Train everything, write the weights folder and check that it loads."""
    losses: list[float] = []
    count = sum(1 for _ in folds(data.clips, by_text=False))
    with Progress() as bar:
        task = bar.add_task("heads that miss an actor", total=count)
        rows = unseen_rows(data, heads, fusion.seed, lambda: bar.update(task, advance=1))
        every = np.arange(len(data.examples.clip))
        arrays = train_heads(data.clips, data.examples, every, data.voices, heads)
        rows = with_strangers(rows, SpeechEmotion(EmotionWeights(arrays, {})), data.voices)
        task = bar.add_task("fusion", total=fusion.steps)

        def on_step(loss: float) -> None:
            losses.append(loss)
            bar.update(task, advance=1)

        net = train_fusion(rows, fusion, on_step)
    recalls = {" + ".join(s): round(accuracy(net, rows, s), 3) for s in SUBSETS}
    for streams, recall in recalls.items():
        print(f"fusion of {streams}: recall on drawn cues {recall:.3f}")
    notes = {
        "emotions": list(EMOTIONS),
        "functionals": list(FUNCTIONAL_NAMES),
        "training": {"clips": len(data.clips), "rows": len(every), "seed": fusion.seed}
        | {"fusion_recall": recalls},
    }
    save(out, arrays | net.arrays() | kept_words(out), notes)
    draw_curve(losses, curve)
    model = EmotionModel.load(out)
    model.step(model.new_state(), np.zeros(FRAME_SAMPLES, np.float32), False)
    print(f"{out}: {(out / 'emotion.npz').stat().st_size / 1024:.0f} kB, loads")


def train(argv: list[str]) -> int:
    """`python -m export train emotion`."""
    parser = argparse.ArgumentParser(prog="export train emotion", description=train.__doc__)
    add_places(parser)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up voices, no folder")
    parser.add_argument("--out", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--run", type=Path, default=Path("artifacts/runs/emotion"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    fusion, heads = FusionConfig(seed=args.seed), HeadConfig()
    if args.smoke:
        clips = synthetic_clips(3, args.seed)
        examples = cached_examples(clips, 0, args.seed, Path("artifacts/smoke/emotion_cache"))
        data = EmotionData(clips, examples, None)
        fusion, heads = replace(fusion, steps=150), replace(heads, iterations=20)
        out, folder = args.out or Path("artifacts/smoke/emotion"), Path("artifacts/smoke")
    else:
        try:
            data = load_data(args.data, args.cache, args.seed)
        except DataMissing as error:
            sys.stderr.write(f"train emotion: {error}\n")
            return 1
        out, folder = args.out or DEFAULT_FOLDER, args.run
    run(data, heads, fusion, out, folder / "emotion_curve.png")
    return 0
