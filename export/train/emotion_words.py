"""Command `train words`: the head that corrects the lexicon's valence by a sentence's vector.

Offline; CPU, seconds. Deterministic: ridge regression in closed form.
Never lets a large collection outweigh a small one, nor generous raters strict ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.emotion.sentence import SENTENCE_SIZE
from engines.emotion.text import TextSentiment
from engines.emotion.weights import DEFAULT_FOLDER, EmotionWeights, save
from engines.scene.encoder import SceneEncoder
from engines.values import F32
from export.data.grid import DataMissing
from export.data.ratings import Rated, read_ratings

RIDGE = 0.02
"""Of the squared weights, where vectors have length 1 and ratings a spread of 1."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the head is fitted on: one collection."""

    name: str
    vectors: F32
    """f32[n,80]"""
    lexicon: F32
    """f32[n]: valence without the head."""
    valence: F32


def hear(rated: Rated, encoder: SceneEncoder) -> Heard:
    """Vectors and the lexicon's valence of a collection."""
    lexicon = TextSentiment()
    return Heard(
        rated.name,
        np.stack([encoder.embed(text) for text in rated.texts]),
        np.array([lexicon.score(text).valence for text in rated.texts], np.float32),
        rated.valence,
    )


def fit_words(heard: Sequence[Heard], ridge: float = RIDGE) -> dict[str, F32]:
    """The `text_sentence*` arrays: what to add to a lexicon's valence that keeps its scale."""
    gram = np.zeros((SENTENCE_SIZE + 2, SENTENCE_SIZE + 2))
    along = np.zeros(SENTENCE_SIZE + 2)
    for one in heard:
        columns = np.column_stack([one.vectors, one.lexicon, np.ones(len(one.valence))])
        target = (one.valence - one.valence.mean()) / (one.valence.std() + 1e-6)
        gram += columns.T @ columns / len(target)
        along += columns.T @ target / len(target)
    penalty = np.full(len(gram), ridge)
    penalty[SENTENCE_SIZE:] = 1e-6
    found = np.linalg.solve(gram + np.diag(penalty), along)
    weights = found[:SENTENCE_SIZE] / max(float(found[SENTENCE_SIZE]), 0.1)
    usual = np.mean([(one.vectors @ weights).mean() for one in heard])
    return {
        "text_sentence": weights.astype(np.float32),
        "text_sentence_bias": np.array([-usual], np.float32),
    }


def kept_words(folder: Path) -> dict[str, F32]:
    """The head that a weights folder has; one that adds nothing where there is no folder yet."""
    nothing = {
        "text_sentence": np.zeros(SENTENCE_SIZE, np.float32),
        "text_sentence_bias": np.zeros(1, np.float32),
    }
    if not (folder / "manifest.json").is_file():
        return nothing
    return nothing | {
        name: values
        for name, values in EmotionWeights.load(folder).arrays.items()
        if name in nothing
    }


def train(argv: list[str]) -> int:
    """`python -m export train words`."""
    parser = argparse.ArgumentParser(prog="export train words", description=train.__doc__)
    parser.add_argument(
        "--ratings", type=Path, required=True, help="folder with *_GroundTruth.txt, see the docs"
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="emotion weights folder")
    args = parser.parse_args(argv)
    try:
        collections = read_ratings(args.ratings)
    except DataMissing as error:
        sys.stderr.write(f"train words: {error}\n")
        return 1
    weights = EmotionWeights.load(args.out)
    encoder = SceneEncoder.load()
    found = fit_words([hear(rated, encoder) for rated in collections])
    own = {"schema", "sha256", "arrays"}
    notes = {key: value for key, value in weights.manifest.items() if key not in own}
    words = {rated.name: len(rated.texts) for rated in collections}
    save(args.out, weights.arrays | found, notes | {"words": words})
    TextSentiment.load(args.out).score("It loads.")
    print(f"{args.out}: the words' head on {json.dumps(words)}")
    return 0
