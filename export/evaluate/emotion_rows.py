"""Tables of the emotion evaluation: unseen actors, prompts of other voices, words, cost.

Offline; main thread.
Never prints a figure without what a blind or deaf judge would reach beside it.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.emotion.model import EmotionModel
from engines.emotion.sentence import SentenceValence
from engines.emotion.speech import SpeechEmotion
from engines.emotion.text import TextSentiment
from engines.emotion.values import EMOTIONS, SPOKEN, Emotion, SpeechCue
from engines.emotion.weights import EmotionWeights
from engines.scene.encoder import SceneEncoder
from engines.vad import Vad
from engines.values import F32, FRAME_SAMPLES
from export.data.emotion import Clip
from export.data.ratings import read_ratings
from export.data.sound import read_sound
from export.evaluate.emotion_folds import MOMENTS, Judged, confusion, score
from export.train.emotion_words import fit_words, hear

SENTENCES = Path(__file__).with_name("emotion_sentences.tsv")
COST_PASSES = 4
BASELINE_LIMIT_S = 8
"""Seconds of the speaker's neutral prompt that set the baseline."""
ORDERS = (
    ("valence", "Claire_joy_mandarin", "Claire_neutral"),
    ("valence", "Claire_neutral", "Claire_sadness"),
    ("valence", "Claire_joy_mandarin", "Claire_sadness"),
    ("arousal", "Claire_joy_mandarin", "Claire_sadness"),
    ("arousal", "Claire_neutral", "Claire_sadness"),
    ("valence", "Mark_neutral", "Mark_anger"),
    ("arousal", "Mark_anger", "Mark_neutral"),
)
"""(what, the prompt that should have more of it, the prompt that should have less)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt after the speaker's neutral one: means over its cues."""

    name: str
    valence: float
    arousal: float
    valence_change: float
    arousal_change: float
    label: str


def show_scores(title: str, clips: Sequence[Clip], judged: dict[str, Judged]) -> dict[str, float]:
    """One row per moment; returns the figures by moment."""
    figures: dict[str, float] = {}
    for moment in MOMENTS:
        s = score(clips, judged[moment])
        figures |= {f"uar {moment}": s.uar}
        figures |= {f"ccc valence {moment}": s.valence, f"ccc arousal {moment}": s.arousal}
        print(
            f"{title:<34} {moment:>5}  {s.uar:.3f}  {s.worst:.2f}-{s.best:.2f}"
            f"  {s.valence:.2f}  {s.arousal:.2f}"
        )
    return figures


def show_confusion(clips: Sequence[Clip], judged: Judged) -> None:
    """Counts after 2 s: meant (rows) by said (columns)."""
    print("meant \\ said  " + " ".join(f"{name[:7]:>7}" for name in EMOTIONS[:SPOKEN]))
    for name, row in zip(EMOTIONS, confusion(clips, judged).tolist(), strict=False):
        print(f"{name:<13} " + " ".join(f"{count:>7}" for count in row))


def cues_of(model: SpeechEmotion, sounds: Sequence[F32]) -> list[SpeechCue]:
    """Cues of the last sound, heard after the others in one session."""
    state, vad = model.new_state(), Vad()
    voice = vad.new_state()
    cues: list[SpeechCue] = []
    for sound in sounds:
        cues = []
        for begin in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            block = sound[begin : begin + FRAME_SAMPLES]
            cue = model.step(state, block, vad.step(voice, block))
            cues += [cue] if cue is not None else []
    return cues


def prompts(model: SpeechEmotion, folder: Path) -> list[Prompt]:
    """The prompts of `folder`, each in a session that began with its speaker's neutral one."""
    found = []
    gap = np.zeros(40 * FRAME_SAMPLES, np.float32)
    for file in sorted(folder.glob("*.flac")):
        if "_sec" in file.stem:
            continue
        neutral = read_sound(folder / f"{file.stem.split('_')[0]}_neutral.flac")
        lead = neutral[: BASELINE_LIMIT_S * 16_000]
        cues = cues_of(model, [lead, gap, read_sound(file)])
        shares = np.mean([cue.relative for cue in cues], axis=0)
        found.append(
            Prompt(
                file.stem,
                float(np.mean([cue.valence for cue in cues])),
                float(np.mean([cue.arousal for cue in cues])),
                float(np.mean([cue.valence_change for cue in cues])),
                float(np.mean([cue.arousal_change for cue in cues])),
                EMOTIONS[int(shares.argmax())],
            )
        )
    return found


def show_prompts(found: Sequence[Prompt]) -> dict[str, float]:
    """Table, and how many of the expected orders hold for the changes."""
    print("prompt                        valence arousal  change: valence arousal  relative label")
    for p in found:
        print(
            f"{p.name:<30} {p.valence:+.2f}   {p.arousal:+.2f}            {p.valence_change:+.2f}"
            f"   {p.arousal_change:+.2f}  {p.label}"
        )
    named = {p.name: p for p in found}
    held = []
    for what, more, less in ORDERS:
        if more in named and less in named:
            a, b = (getattr(named[name], f"{what}_change") for name in (more, less))
            held.append(a > b)
            print(f"{what} of {more} > {less}: {a - b:+.2f} {'right' if a > b else 'WRONG'}")
    return {"orders": float(len(held)), "orders right": float(sum(held))}


def correlation(a: Sequence[float] | F32, b: Sequence[float] | F32) -> float:
    """Pearson's r."""
    return float(np.corrcoef(a, b)[0, 1])


def show_text(text: TextSentiment, ratings: Path | None) -> dict[str, float]:
    """Valence r on the project's own sentences and on rated ones; label accuracy on its own."""
    with SENTENCES.open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    cues = [text.score(row["text"]) for row in rows]
    meant = [float(row["valence"]) for row in rows]
    right = [
        EMOTIONS[int(cue.probabilities.argmax())] == row["label"]
        for cue, row in zip(cues, rows, strict=True)
    ]
    figures = {
        "own sentences r": correlation(meant, [cue.valence for cue in cues]),
        "own sentences label": float(np.mean(right)),
    }
    words = [float(len(row["text"])) for row in rows]
    most = max(sum(row["label"] == name for row in rows) for name in EMOTIONS) / len(rows)
    print(f"own {len(rows)} sentences: valence r {figures['own sentences r']:.3f}", end="")
    print(f" (floor, length of the text: {correlation(meant, words):+.3f})", end="")
    print(f"; label {figures['own sentences label']:.2f} (floor, commonest: {most:.2f})")
    return figures | (show_rated(ratings) if ratings else {})


def show_rated(ratings: Path) -> dict[str, float]:
    """Valence r on rated texts, each collection by a head that was fitted on the others.

    Raises DataMissing.
    """
    collections, figures = read_ratings(ratings), {}
    encoder = SceneEncoder.load()
    heard = [hear(rated, encoder) for rated in collections]
    for place, (rated, one) in enumerate(zip(collections, heard, strict=True)):
        others = heard[:place] + heard[place + 1 :]
        head = SentenceValence(EmotionWeights(fit_words(others), {}), encoder)
        said = [TextSentiment(head).score(words).valence for words in rated.texts]
        r = figures[f"{rated.name} r"] = correlation(rated.valence, said)
        alone = correlation(rated.valence, one.lexicon)
        length = correlation(rated.valence, [float(len(words)) for words in rated.texts])
        print(
            f"{rated.name}: {len(rated.texts)} rated texts, head fitted on the others: r {r:.3f}"
            f" (lexicon alone {alone:.3f}; floor, length {length:+.3f})"
        )
    return figures


def trace(model: EmotionModel, sound: F32) -> list[Emotion]:
    """The emotion of every frame of a sound."""
    state, vad = model.new_state(), Vad()
    voice = vad.new_state()
    found = []
    for begin in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        block = sound[begin : begin + FRAME_SAMPLES]
        found.append(model.step(state, block, vad.step(voice, block)))
    return found


def show_cost(model: EmotionModel, sound: F32) -> dict[str, float]:
    """Processor milliseconds per frame of a speaking session, on one thread.

    Of each frame the best of COST_PASSES: what else the machine does is not this code's cost.
    """
    blocks = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    passes = []
    for _ in range(COST_PASSES):
        state, times = model.new_state(), []
        for block in blocks:
            began = time.thread_time()
            model.step(state, block, True)
            times.append(1000.0 * (time.thread_time() - began))
        passes.append(times)
    spent = np.min(passes, axis=0)[25:]
    figures = {"cost mean": float(spent.mean()), "cost p99": float(np.quantile(spent, 0.99))}
    figures["cost worst"] = float(spent.max())
    print(
        f"cost per frame, one thread: mean {figures['cost mean']:.2f} ms,"
        f" p99 {figures['cost p99']:.2f} ms, worst {figures['cost worst']:.2f} ms"
    )
    return figures


def draw_prompts(model: EmotionModel, folder: Path, path: Path) -> None:
    """Valence and arousal over each prompt, as a session shows them, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    files = [file for file in sorted(folder.glob("*.flac")) if "_sec" not in file.stem]
    figure, axes = pyplot.subplots(len(files), 1, figsize=(9, 1.7 * len(files)), sharex=True)
    for axis, file in zip(np.atleast_1d(axes), files, strict=True):
        sound = read_sound(file)[: 12 * 16_000]
        felt = trace(model, sound)
        seconds = np.arange(len(felt)) / 25.0
        blocks = sound[: len(felt) * FRAME_SAMPLES].reshape(len(felt), -1)
        level = np.sqrt((blocks**2).mean(axis=1))
        axis.fill_between(seconds, -level / level.max(), level / level.max(), color="0.88")
        axis.plot(seconds, [e.valence for e in felt], label="valence", color="tab:green")
        axis.plot(seconds, [e.arousal for e in felt], label="arousal", color="tab:red")
        axis.plot(seconds, [e.intensity for e in felt], label="intensity", color="tab:gray", lw=0.8)
        axis.set(title=file.stem, ylim=(-1, 1))
        axis.axhline(0.0, color="0.5", lw=0.5)
    np.atleast_1d(axes)[0].legend(loc="upper right", ncols=3, fontsize=7)
    np.atleast_1d(axes)[-1].set_xlabel("seconds")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)
    pyplot.close(figure)
