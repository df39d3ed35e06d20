"""A table of token vectors distilled from a sentence encoder (the way of Model2Vec, 2024).

Offline, one process; needs `transformers` and the teacher's folder.
Never downloads a model.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from engines.scene.tokens import UNKNOWN
from engines.values import F32

_PLAIN = re.compile(r"(?:##)?[a-z]+|[0-9]+|[!-/:-@\[-`{-~]")
"""Tokens of English text: words and their pieces, numbers, marks."""


def plain_tokens(vocabulary: Sequence[str]) -> list[str]:
    """The unknown token, then those of a BERT vocabulary that English text uses, in its order."""
    return [UNKNOWN, *(token for token in vocabulary if _PLAIN.fullmatch(token))]


def teacher_vectors(folder: Path, tokens: Sequence[str], progress: Callable[[float], None]) -> F32:
    """What the teacher makes of each token alone, mean-pooled: f32[V,H].

    `folder` holds a BERT of Hugging Face's layout. Raises OSError when it does not.
    """
    import torch
    from transformers import BertModel

    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder}/config.json: wanted the folder of a BERT encoder")
    net = BertModel.from_pretrained(os.fspath(folder), local_files_only=True)
    net.eval()  # type: ignore[no-untyped-call]
    known = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    ids = {token: i for i, token in enumerate(known)}
    first, last = ids["[CLS]"], ids["[SEP]"]
    out: list[F32] = []
    with torch.inference_mode():
        for start in range(0, len(tokens), 128):
            batch = [[first, ids[token], last] for token in tokens[start : start + 128]]
            hidden = net(input_ids=torch.tensor(batch)).last_hidden_state
            out.append(hidden.mean(1).numpy().astype(np.float32))
            progress(min(1.0, (start + 128) / len(tokens)))
    return np.concatenate(out)


def compress(vectors: F32, size: int) -> F32:
    """Principal components, weighted by how rare a token is (by its rank, after Zipf): f32[V,size].

    A BERT vocabulary is in the order of frequency; common words weigh little in a mean.
    """
    centred = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(centred[:: max(1, len(centred) // 8000)], full_matrices=False)
    small = centred @ axes[:size].T
    small /= np.linalg.norm(small, axis=1, keepdims=True).mean() + 1e-9
    rarity = np.log1p(np.arange(1, len(vectors) + 1)) / np.log1p(len(vectors))
    table: F32 = (small * rarity[:, None]).astype(np.float32)
    # The unknown token says nothing.
    table[0] = 0.0
    return table
