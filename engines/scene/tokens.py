"""BERT's uncased WordPiece (Devlin et al. 2019; Wu et al. 2016) over a vocabulary of plain text.

Pure; any thread; built once, then only read.
Never yields more tokens than it is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

UNKNOWN = "[UNK]"
MAX_WORD = 100
"""Characters of a word; a longer one is unknown, as in BERT."""
_PARTS = re.compile(r"\w+|[^\w\s]")


class WordPiece:
    """Text to token numbers: the longest known beginning, again and again."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Raises ValueError when the vocabulary has no [UNK] or a token twice."""
        self._ids = {token: i for i, token in enumerate(vocabulary)}
        if UNKNOWN not in self._ids or len(self._ids) != len(vocabulary):
            raise ValueError("vocabulary: wanted [UNK] and every token once")
        self._unknown = self._ids[UNKNOWN]

    @classmethod
    def load(cls, path: Path) -> WordPiece:
        """A token a line, UTF-8."""
        return cls(path.read_text(encoding="utf-8").splitlines())

    def __len__(self) -> int:
        return len(self._ids)

    def encode(self, text: str, limit: int) -> list[int]:
        """At most `limit` token numbers, without the [CLS] and [SEP] of BERT."""
        plain = unicodedata.normalize("NFD", text.lower())
        plain = "".join(char for char in plain if unicodedata.category(char) != "Mn")
        out: list[int] = []
        for match in _PARTS.finditer(plain.replace("_", " _ ")):
            out.extend(self._word(match.group()))
            if len(out) >= limit:
                break
        return out[:limit]

    def _word(self, word: str) -> list[int]:
        if len(word) > MAX_WORD:
            return [self._unknown]
        out: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self._ids:
                    out.append(self._ids[piece])
                    start = end
                    break
            else:
                return [self._unknown]
        return out
