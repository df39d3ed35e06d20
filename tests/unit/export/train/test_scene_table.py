"""The distilled table: plain English tokens, smaller vectors in which near stays near."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.train.scene_table import compress, plain_tokens, teacher_vectors


def test_only_tokens_of_english_text_are_kept() -> None:
    known = ["[PAD]", "[unused1]", "[UNK]", "!", "the", "##ing", "\u4e2d", "caf\u00e9", "42"]
    assert plain_tokens(known) == ["[UNK]", "!", "the", "##ing", "42"]


def test_compression_keeps_neighbours_and_weighs_the_rare_more() -> None:
    rng = np.random.default_rng(1)
    base = rng.standard_normal((200, 4)) @ rng.standard_normal((4, 32))
    base[11] = base[10] + 0.01
    table = compress(base.astype(np.float32), 4)
    assert table.shape == (200, 4) and not table[0].any()
    cos = float(table[10] @ table[11] / np.linalg.norm(table[10]) / np.linalg.norm(table[11]))
    assert cos > 0.99
    assert np.linalg.norm(table[150:], axis=1).mean() > np.linalg.norm(table[1:20], axis=1).mean()


def test_a_folder_without_a_teacher_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(FileNotFoundError, match="config.json"):
        teacher_vectors(tmp_path, ["the"], lambda share: None)
