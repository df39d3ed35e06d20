"""Which of the returned sound belongs to speech: silence flows too, and must not be played on.

Pure: one step for each 20 ms of sound.
Never lets a sample of interrupted speech through, nor the silence between two turns.
"""

from __future__ import annotations

from dataclasses import dataclass

QUIET = 5
"""Silent steps (100 ms) after the last segment that end a turn."""
NEVER_HEARD = 15
"""Steps (300 ms) after the end of a segment of which nothing was heard: it was silent itself."""
CUT_OFF = 3
"""Silent steps (60 ms) after an interrupt was acknowledged: what was on its way has come."""
CUT_OFF_AT_MOST = 50
"""Steps (1 s) after which sound counts again though there was no silence."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a step of sound means."""

    play: bool
    """Whether it is to be played."""
    began: bool = False
    """The first of a turn."""
    ended: bool = False
    """The turn is over with it."""


class Voicing:
    """One conversation's speech, as it comes back."""

    def __init__(self) -> None:
        self.speaking = False
        self.muted = False
        self._silent = 0
        self._idle = 0
        self._muted_for = 0

    def cut(self) -> None:
        """It was interrupted: what still comes of it is dropped."""
        self.muted, self.speaking = True, False
        self._silent = self._idle = self._muted_for = 0

    def step(self, silent: bool, expecting: bool) -> Heard:
        """20 ms came; `expecting`: whether a segment is not finished (or not acknowledged)."""
        self._silent = self._silent + 1 if silent else 0
        if self.muted:
            self._unmute(expecting)
            return Heard(False)
        if not self.speaking:
            return self._quiet(silent, expecting)
        ended = not expecting and self._silent >= QUIET
        self.speaking = not ended
        self._idle = 0
        return Heard(True, ended=ended)

    def _quiet(self, silent: bool, expecting: bool) -> Heard:
        if not silent:
            self.speaking, self._idle = True, 0
            return Heard(True, began=True)
        self._idle = 0 if expecting else self._idle + 1
        return Heard(False, ended=self._idle == NEVER_HEARD)

    def _unmute(self, expecting: bool) -> None:
        self._muted_for += 1
        if expecting and self._muted_for < CUT_OFF_AT_MOST:
            self._silent = 0
        elif self._silent >= CUT_OFF or self._muted_for >= CUT_OFF_AT_MOST:
            self.muted = False
