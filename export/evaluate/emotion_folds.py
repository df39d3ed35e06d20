"""Leave one actor out (and one text too): heads that never heard whom they are judged on.

Offline; main thread.
Never judges through anything but the streaming features and the served head's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.emotion.functionals import FUNCTIONAL_NAMES, functionals
from engines.emotion.gate import FIRST_ROWS, VoiceGate
from engines.emotion.speech import CUE_FRAMES, SpeechEmotion
from engines.emotion.values import AROUSAL_TABLE, SPOKEN, VALENCE_TABLE
from engines.emotion.weights import EmotionWeights
from engines.values import F32
from export.data.emotion import Clip, Examples, coloured_noise, heard, in_noise
from export.train.emotion import train_heads

MOMENTS = {"0.6 s": 15, "1 s": 25, "1.4 s": 35, "2 s": 50}
"""Frames heard, all of them frames with a cue; a shorter clip is judged at its last cue."""
NOISE_DB = 15.0
NOISE_SEED = 15


@dataclass(frozen=True, slots=True)
class Judged:
    """What a head says of each clip at one moment."""

    probabilities: F32
    """f32[clips,7]; a clip with too little voice yet is neutral."""
    valence: F32
    arousal: F32


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one condition."""

    uar: float
    worst: float
    best: float
    """The range over actors, of the recall averaged over the classes an actor has."""
    valence: float
    arousal: float
    """Concordance with the label table."""


def moments(gate: VoiceGate, samples: F32) -> dict[str, F32]:
    """Functionals at each moment, as a session has them then."""
    found: dict[str, F32] = {}
    for frame, window in heard(gate, samples):
        if frame % CUE_FRAMES or len(window) < FIRST_ROWS:
            continue
        values = functionals(window)
        if values is not None:
            found |= {name: values for name, due in MOMENTS.items() if frame <= due}
    return found


def noisy(clip: Clip, place: int) -> F32:
    """The clip in pink noise at NOISE_DB, the same each time."""
    rng = np.random.default_rng((NOISE_SEED, place))
    return in_noise(clip.samples, coloured_noise(len(clip.samples), 1.0, rng), NOISE_DB)


def folds(clips: Sequence[Clip], by_text: bool) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of (clips to train on, clips to judge)."""
    for speaker in sorted({clip.speaker for clip in clips}):
        if not by_text:
            held = [i for i, clip in enumerate(clips) if clip.speaker == speaker]
            yield [i for i, clip in enumerate(clips) if clip.speaker != speaker], held
            continue
        for text in sorted({clip.text for clip in clips}):
            mine = [i for i, c in enumerate(clips) if c.speaker == speaker and c.text == text]
            if mine:
                rest = [i for i, c in enumerate(clips) if c.speaker != speaker and c.text != text]
                yield rest, mine


def judge_folds(
    clips: Sequence[Clip],
    examples: Examples,
    heard_at: Sequence[Sequence[dict[str, F32]]],
    voices: F32 | None,
    by_text: bool = False,
    on_fold: Callable[[], None] = lambda: None,
) -> list[dict[str, Judged]]:
    """What the folds say in each condition; `heard_at`: [condition][clip] -> moment -> features."""
    count = len(clips)
    judged = [
        {
            name: Judged(
                np.tile(np.eye(SPOKEN, dtype=np.float32)[0], (count, 1)),
                np.zeros(count, np.float32),
                np.zeros(count, np.float32),
            )
            for name in MOMENTS
        }
        for _ in heard_at
    ]
    for train, held in folds(clips, by_text):
        rows = np.flatnonzero(np.isin(examples.clip, train))
        head = SpeechEmotion(EmotionWeights(train_heads(clips, examples, rows, voices), {}))
        for condition, found in enumerate(heard_at):
            for i in held:
                for name, values in found[i].items():
                    into = judged[condition][name]
                    shares, valence, arousal, _ = head.judge(values)
                    into.probabilities[i] = shares
                    into.valence[i], into.arousal[i] = valence, arousal
        on_fold()
    return judged


def uar(said: NDArray[np.int64], meant: NDArray[np.int64]) -> float:
    """Unweighted average recall over the classes there are."""
    return float(np.mean([(said[meant == k] == k).mean() for k in np.unique(meant)]))


def ccc(made: F32, meant: F32) -> float:
    """Lin's concordance."""
    a, b = made.astype(np.float64), meant.astype(np.float64)
    joint = ((a - a.mean()) * (b - b.mean())).mean()
    return float(2.0 * joint / (a.var() + b.var() + (a.mean() - b.mean()) ** 2 + 1e-12))


def score(clips: Sequence[Clip], judged: Judged) -> Score:
    """Figures against the labels and the label table."""
    meant = np.array([clip.label for clip in clips])
    said = judged.probabilities.argmax(axis=1)
    actors = np.array([clip.speaker for clip in clips])
    each = [uar(said[actors == a], meant[actors == a]) for a in np.unique(actors)]
    return Score(
        uar(said, meant),
        min(each),
        max(each),
        ccc(judged.valence, VALENCE_TABLE[meant]),
        ccc(judged.arousal, AROUSAL_TABLE[meant]),
    )


def confusion(clips: Sequence[Clip], judged: Judged) -> NDArray[np.int64]:
    """Counts i64[7,7]: meant by said."""
    table = np.zeros((SPOKEN, SPOKEN), np.int64)
    for clip, said in zip(clips, judged.probabilities.argmax(axis=1), strict=True):
        table[clip.label, said] += 1
    return table


def only(examples: Examples, prefix: str) -> Examples:
    """The examples with nothing but the functionals whose name begins with `prefix`: a floor."""
    kept = np.array([name.startswith(prefix) for name in FUNCTIONAL_NAMES])
    return replace(examples, features=examples.features * kept)
