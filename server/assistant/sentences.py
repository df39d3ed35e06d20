"""Cuts an answer into pieces that can be spoken while the rest is still being written.

Pure; one for each answer.
Never gives a piece longer than LONGEST, never loses a character but white space.
"""

from __future__ import annotations

import re

FIRST = 24
"""The first clause is spoken by itself when it has so many characters: the face starts sooner."""
LONGEST = 280
_END = re.compile(r"(?:[.!?\u2026]+[\"')\]\u2019\u201d]*(?=\s)|\n+|[\u3002\uff01\uff1f])")
_CLAUSE = re.compile(r"[,;:\u2013\u2014](?=\s)")
_SHORT = re.compile(r"(?:^|[\s(\[])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|etc|e\.g|i\.e|z\.B|[A-Z]|\d{1,3})\.$")
"""What ends with a full stop and ends nothing."""


class Sentences:
    """Fed with pieces of any size."""

    def __init__(self) -> None:
        self._text = ""
        self._given = False

    def feed(self, piece: str) -> list[str]:
        """The sentences (the first clause) that are complete by now."""
        self._text += piece
        found: list[str] = []
        while (end := self._cut()) is not None:
            sentence, self._text = self._text[:end].strip(), self._text[end:]
            if sentence:
                found.append(sentence)
                self._given = True
        return found

    def flush(self) -> list[str]:
        """The answer is complete: what is left."""
        found = self.feed("\n")
        self._text, self._given = "", False
        return found

    def _cut(self) -> int | None:
        """Where the first piece ends, or None while that is not known."""
        for match in _END.finditer(self._text):
            if not _SHORT.search(self._text[: match.end()]) and match.end() <= LONGEST:
                return match.end()
        if not self._given:
            for match in _CLAUSE.finditer(self._text, FIRST):
                if match.end() <= LONGEST:
                    return match.end()
        if len(self._text) <= LONGEST:
            return None
        space = self._text.rfind(" ", LONGEST // 2, LONGEST)
        return space if space > 0 else LONGEST
