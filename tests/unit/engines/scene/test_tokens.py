"""WordPiece: the longest known beginning, bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.scene.tokens import WordPiece

VOCABULARY = ["[UNK]", "smile", "##s", "she", "sm", "##ile", ".", "cafe", "'", "t", "don"]


def test_words_are_cut_as_bert_cuts_them(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    words = WordPiece.load(tmp_path / "v.txt")
    assert len(words) == len(VOCABULARY)
    assert words.encode("She SMILES.", 9) == [3, 1, 2, 6]
    assert words.encode("Caf\u00e9", 9) == [7]
    assert words.encode("don't", 9) == [10, 8, 9]
    assert words.encode("xyz \u4e2d", 9) == [0, 0]
    assert words.encode("smile" * 50, 9) == [0]
    assert words.encode("she " * 1000, 5) == [3] * 5
    assert words.encode("", 5) == []


def test_a_bad_vocabulary_is_refused() -> None:
    for bad in (["a"], ["[UNK]", "a", "a"]):
        with pytest.raises(ValueError, match="vocabulary"):
            WordPiece(bad)
