"""Cuts a text into what is spoken at once: sentences, and the first clause by itself.

Pure; one for each segment of speech; text may come in pieces of any size.
Never loses a character, and never gives more than LONGEST of them at once.
"""

from __future__ import annotations

import re

FIRST = 24
"""Letters that a first clause needs to be spoken by itself: the face starts on it."""
LONG = 60
"""A first sentence below that is spoken as one."""
LONGEST = 400
_END = re.compile(r"[.!?\u2026]+[\"')\]\u2019\u201d]*(?=\s)|[\u3002\uff01\uff1f]|\n")
_CLAUSE = re.compile(r"[,;:\u2013\u2014](?=\s)")
_SHORT = re.compile(r"(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e|z\.B|[A-Z]|\d{1,3})\.$")
"""What ends with a full stop and ends no sentence."""


class Clauses:
    """The joined pieces of `feed` and `flush` are the text, character for character."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def feed(self, text: str) -> list[str]:
        """Pieces that are complete by now."""
        self._text += text
        found = []
        while (end := self._cut()) is not None:
            found.append(self._text[:end])
            self._text = self._text[end:]
            self._first = self._first and not any(each.isalnum() for each in found[-1])
        return found

    def flush(self) -> list[str]:
        """The text is whole: what is left."""
        left, self._text = self._text, ""
        return [left] if left else []

    def _cut(self) -> int | None:
        end = self._sentence_end()
        if self._first and (end is None or end > LONG):
            clause = _CLAUSE.search(self._text, FIRST)
            if clause is not None and clause.end() <= LONGEST and (end or LONGEST) > clause.end():
                return clause.end()
        if end is not None and end <= LONGEST:
            return end
        if len(self._text) <= LONGEST:
            return None
        space = self._text.rfind(" ", LONGEST // 2, LONGEST)
        return space + 1 if space > 0 else LONGEST

    def _sentence_end(self) -> int | None:
        for match in _END.finditer(self._text):
            if not _SHORT.search(self._text[max(0, match.end() - 8) : match.end()]):
                return match.end()
        return None
