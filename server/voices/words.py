"""When each word is said, where the provider does not tell: reckoned from letters and sound.

Pure; one for each text that is spoken.
Never tells a word twice, and never one before the word that stands before it.
"""

from __future__ import annotations

import re

import numpy as np

from server.voices.values import I16, WordMark

LETTERS_PER_S = 15.0
"""English as it is read aloud, blanks counted: until the length of the sound is known."""
QUIET = 160
"""-46 dB of full scale: what is below at the end is the voice's pause, not words."""
_WORD = re.compile(r"\S*\w\S*")


class WordReckoner:
    """Gives the words of a text as its sound goes by."""

    def __init__(self, text: str, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._words = [match.span() for match in _WORD.finditer(text)]
        self._length = self._words[-1][1] if self._words else 0
        self._given = 0
        self._samples = 0
        self._begins: int | None = None
        """Where the first sound is."""
        self._ends = 0
        """Behind the last sound that was no silence."""
        self._from = (0, 0)
        """A letter and the sample at which it is said: later ones are reckoned from here."""

    def hear(self, pcm: I16) -> tuple[WordMark, ...]:
        """Words that begin in this piece, by the usual pace."""
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > QUIET)
        if len(loud):
            if self._begins is None:
                self._begins = self._samples + int(loud[0])
                self._from = (0, self._begins)
            self._ends = self._samples + int(loud[-1]) + 1
        self._samples += len(pcm)
        if self._begins is None:
            return ()
        marks = []
        while self._given < len(self._words):
            start, end = self._words[self._given]
            letter, sample = self._from
            at = sample + round((start - letter) / LETTERS_PER_S * self._rate_hz)
            if at >= self._samples:
                break
            marks.append(WordMark(start, end, at, True))
            self._from = (start, at)
            self._given += 1
        return tuple(marks)

    def finish(self) -> tuple[WordMark, ...]:
        """The sound is whole: the words left are spread over what is left of it."""
        left = self._words[self._given :]
        self._given = len(self._words)
        letter, sample = self._from
        share = max(0, self._ends - sample) / max(1, self._length - letter)
        return tuple(
            WordMark(start, end, sample + int((start - letter) * share), True)
            for start, end in left
        )
