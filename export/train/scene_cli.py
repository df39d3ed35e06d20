"""Command `train scene`.

Offline; main thread.
Never needs the teacher when its table is shipped, nor anything at all for `--smoke`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.scene.encoder import DEFAULT_FOLDER, SceneEncoder
from engines.scene.tokens import UNKNOWN
from engines.values import F32
from export.data.scene_grammar import SceneGrammar
from export.nets.scene import SceneNetConfig
from export.train.scene import SceneTrainConfig, train_head
from export.train.scene_pack import pack, shipped_table
from export.train.scene_table import compress, plain_tokens, teacher_vectors

SMOKE = SceneTrainConfig(
    examples=256, validation=64, epochs=2, net=SceneNetConfig(table=16, grams=16, hidden=16)
)


def smoke_table(size: int) -> tuple[list[str], F32]:
    """Words of a few sentences with vectors made up."""
    rng = np.random.default_rng(1)
    texts = [one.text.lower() for one in SceneGrammar(rng).examples(200)]
    marks = str.maketrans(dict.fromkeys(".,!;:-", " "))
    words = sorted({word for text in texts for word in text.translate(marks).split()})
    return [UNKNOWN, *words], rng.standard_normal((len(words) + 1, size)).astype(np.float32)


def taught_table(teacher: Path, cache: Path, size: int) -> tuple[list[str], F32]:
    """Distil the teacher's tokens (cached: ten minutes of one slow thread)."""
    known = (teacher / "vocab.txt").read_text(encoding="utf-8").splitlines()
    tokens = plain_tokens(known)
    path = cache / "scene_table.npy"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with Progress() as bar:
            task = bar.add_task("tokens", total=1.0)
            vectors = teacher_vectors(teacher, tokens, lambda x: bar.update(task, completed=x))
        np.save(path, vectors)
    return tokens, compress(np.load(path), size)


def train(argv: list[str]) -> int:
    """`python -m export train scene`."""
    parser = argparse.ArgumentParser(prog="export train scene", description=train.__doc__)
    parser.add_argument("--teacher", type=Path, help="folder of a BERT sentence encoder")
    parser.add_argument("--size", type=int, default=80, help="of a token's vector")
    parser.add_argument("--cache", type=Path, default=Path("artifacts/cache"))
    parser.add_argument("--out", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--examples", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up vectors")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    config = replace(SMOKE if args.smoke else SceneTrainConfig(), seed=args.seed)
    config = replace(
        config, epochs=args.epochs or config.epochs, examples=args.examples or config.examples
    )
    out = args.out or (Path("artifacts/smoke/scene") if args.smoke else DEFAULT_FOLDER)
    try:
        if args.smoke:
            tokens, table = smoke_table(config.net.table)
        elif args.teacher is not None:
            tokens, table = taught_table(args.teacher, args.cache, args.size)
        else:
            tokens, table = shipped_table(DEFAULT_FOLDER)
    except OSError as error:
        sys.stderr.write(f"train scene: {error}; see --teacher in docs/scene.md\n")
        return 1
    config = replace(config, net=replace(config.net, table=table.shape[1]))
    net, history = train_head(tokens, table, config)
    for row in history:
        print("  ".join(f"{name} {value:.3f}" for name, value in row.items()))
    last = {name: round(value, 3) for name, value in history[-1].items()}
    pack(tokens, table, net, {"seed": config.seed, "last": last}, out)
    SceneEncoder.load(out)
    print(f"{out}: loads")
    return 0
