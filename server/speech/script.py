"""Reads a text to be spoken: what is said, in clauses, and what is to happen at which word.

Pure; one for each segment of speech; text may come in pieces of any size.
Never says a direction aloud, and never drops what is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Say
from engines.scene.markers import Felt, Mark, MarkerReader
from server.speech.clauses import Clauses

MAX_TAG = 120
"""Characters of a mark with its name."""
_TAG = re.compile(r"<mark\s+name=(?:\"([^\"<>]{1,64})\"|'([^'<>]{1,64})')\s*/?>")
_HALF = re.compile(r"<(?:m(?:a(?:r(?:k[^<>]*)?)?)?)?$")
Told: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """A clause, and what belongs to it."""

    text: str
    """Without directions."""
    at: int
    """Its first character in the whole of the clean text."""
    cues: tuple[tuple[int, Mark | Say], ...]
    """For the face, by character of the whole clean text."""
    marks: tuple[tuple[int, Told], ...]
    """For the client, likewise."""


class Script:
    """One segment's text."""

    def __init__(self, feeling: EmotionOverride | None = None) -> None:
        """`feeling` holds throughout, but where a direction names another."""
        self._feeling = feeling
        self._reader = MarkerReader()
        self._clauses = Clauses()
        self._held = ""
        """What may be the beginning of a mark."""
        self._at = 0
        self._cues: list[tuple[int, Mark | Say]] = [(0, Felt(feeling, 0))] if feeling else []
        self._marks: list[tuple[int, Told]] = []

    def feed(self, text: str) -> list[Line]:
        """The lines that are complete by now."""
        text = self._held + text
        half = _HALF.search(text[-MAX_TAG:])
        cut = len(text) - len(half.group()) if half else len(text)
        text, self._held = text[:cut], text[cut:]
        return self._read(text)

    def flush(self) -> list[Line]:
        """The text is whole: the last lines; the very last may have no words."""
        held, self._held = self._held, ""
        lines = self._read(held)
        clean, marks = self._reader.flush()
        self._note(marks)
        lines += self._lines([*self._clauses.feed(clean), *self._clauses.flush()])
        end = Felt(None, self._at)
        cues = [*self._cues, *([(self._at, end)] if self._feeling else [])]
        if cues or self._marks:
            lines.append(Line("", self._at, tuple(cues), tuple(self._marks)))
        return lines

    def _read(self, text: str) -> list[Line]:
        lines, start = [], 0
        for tag in _TAG.finditer(text):
            lines += self._words(text[start : tag.start()])
            name = tag.group(1) or tag.group(2)
            self._marks.append((self._reader.given, {"type": "mark", "name": name}))
            start = tag.end()
        return lines + self._words(text[start:])

    def _words(self, text: str) -> list[Line]:
        clean, marks = self._reader.feed(text)
        self._note(marks)
        return self._lines(self._clauses.feed(clean))

    def _note(self, marks: list[Mark]) -> None:
        for mark in marks:
            if isinstance(mark, Felt) and mark.wanted is None:
                mark = Felt(self._feeling, mark.at)
            self._cues.append((mark.at, mark))

    def _lines(self, clauses: list[str]) -> list[Line]:
        lines = []
        for text in clauses:
            start, self._at = self._at, self._at + len(text)
            cues = [each for each in self._cues if each[0] < self._at]
            marks = [each for each in self._marks if each[0] < self._at]
            del self._cues[: len(cues)], self._marks[: len(marks)]
            if text.strip():
                cues.insert(0, (start, Say(text.strip())))
            lines.append(Line(text, start, tuple(cues), tuple(marks)))
        return lines
