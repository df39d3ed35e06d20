"""Command `evaluate scene`.

Offline; seconds of one thread.
Never trains.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from engines.scene.both import BothReaders
from engines.scene.encoder import DEFAULT_FOLDER, BadSceneWeights, SceneEncoder
from engines.scene.lexicon import Lexicon
from engines.scene.reading import Reader
from export.evaluate.scene import Constant, KeywordCount, load_sentences, score, table

LEAST_R = 0.65
"""Mean r of the served reader over the dials."""


def main(argv: list[str]) -> int:
    """`python -m export evaluate scene`; status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="export evaluate scene", description=main.__doc__)
    parser.add_argument("--weights", type=Path, default=DEFAULT_FOLDER)
    args = parser.parse_args(argv)
    try:
        encoder = SceneEncoder.load(args.weights)
    except BadSceneWeights as error:
        sys.stderr.write(f"evaluate scene: {error}\n")
        return 1
    both = BothReaders(Lexicon(), encoder)
    readers: dict[str, Reader] = {
        **{"constant": Constant(), "keyword count": KeywordCount()},
        **{"lexicon": Lexicon(), "encoder": encoder, "both (served)": both},
    }
    sentences = load_sentences()
    scores = {name: score(reader, sentences) for name, reader in readers.items()}
    print(table(scores))
    started_s = time.process_time()
    for one in sentences:
        both.read(one.text)
    print(f"{1e3 * (time.process_time() - started_s) / len(sentences):.2f} ms a sentence")
    met = scores["both (served)"].mean_r >= LEAST_R
    print(
        f"mean r {scores['both (served)'].mean_r:.2f}, bar {LEAST_R}: {'met' if met else 'MISSED'}"
    )
    return 0 if met else 1
