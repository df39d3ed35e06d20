"""Does what the markers in spoken words tell, when those are spoken: "[nods] Yes, [sadly] but".

Runs on the event loop; one for each session.
Never hears the voice: when a word is spoken is reckoned from the letters before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from engines.emotion.values import EmotionOverride
from engines.motion.wishes import Act, Feel, Say, Wish
from engines.scene.markers import Felt, Mark, MarkerReader

LETTERS_PER_S = 15.0
"""English as it is read aloud, blanks counted: some 160 words a minute."""
LINGER_S = 1.5
"""A feeling whose sentence nothing follows holds so long after its last word: words are a little
late, and a pause is part of the sentence."""
MAX_WAITING = 64
"""Marks that may be still to come; of a text with more the first are done."""


class Timers(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Seconds of its clock."""

    def call_at(self, when: float, callback: Callable[[], None], /) -> asyncio.TimerHandle:
        """Call back then."""


def usual_feeling(wishes: Sequence[Wish]) -> EmotionOverride | None:
    """What a session is to feel that begins with these wishes."""
    felt = [wish.wanted for wish in wishes if isinstance(wish, Feel)]
    return felt[-1] if felt else None


class Prompter:
    """One session's words, and what is still to be done in their course."""

    def __init__(
        self,
        obey: Callable[[Wish], None],
        usual: EmotionOverride | None = None,
        timers: Callable[[], Timers] = asyncio.get_running_loop,
    ) -> None:
        """`obey` is told each wish; it must not raise. `usual`: as the attribute."""
        self._obey = obey
        self._timers = timers
        self.usual = usual
        """What is felt when no marker says otherwise: the client's own choice, or None."""
        self._reader = MarkerReader()
        self._spoken_s = 0.0
        """When the words so far will have been spoken."""
        self._waiting: set[asyncio.TimerHandle] = set()
        self._end: asyncio.TimerHandle | None = None
        self._felt = False
        """A feeling holds that `perform` was told."""

    def say(self, text: str) -> None:
        """Words that are being spoken from now on, or after those that still are; any piece."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        begins = self._reader.given
        clean, marks = self._reader.feed(text)
        if clean.strip():
            self._obey(Say(clean))
        now_s = self._timers().time()
        start_s = max(now_s, self._spoken_s)
        dues = [(start_s + (mark.at - begins) / LETTERS_PER_S, mark) for mark in marks]
        all_taken = all([self._at(due_s, mark) for due_s, mark in dues])
        self._spoken_s = start_s + (self._reader.given - begins) / LETTERS_PER_S
        if self._reader.feeling or not all_taken:
            self._end = self._timers().call_at(self._spoken_s + LINGER_S, self._over)

    def perform(self, cue: Mark | Say) -> None:
        """Do now what a voice whose words are timed by its own sound has come to."""
        if isinstance(cue, Say):
            self._obey(cue)
            return
        if isinstance(cue, Felt):
            self._felt = cue.wanted is not None
        self._do(cue)

    def cut(self) -> None:
        """The voice was interrupted: what is still to come is dropped, a marked feeling ends."""
        marked = self._end is not None or bool(self._waiting) or self._felt
        self._felt = False
        self.close()
        self._reader = MarkerReader()
        self._spoken_s = 0.0
        if marked:
            self._obey(Feel(self.usual))

    def close(self) -> None:
        """Nothing is done any more. Idempotent."""
        for each in self._waiting:
            each.cancel()
        self._waiting.clear()
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _at(self, due_s: float, mark: Mark) -> bool:
        """Do it then; whether there was room for it."""
        loop = self._timers()
        if due_s <= loop.time():
            self._do(mark)
            return True
        if len(self._waiting) >= MAX_WAITING:
            return False
        handle: asyncio.TimerHandle

        def due() -> None:
            self._waiting.discard(handle)
            self._do(mark)

        handle = loop.call_at(due_s, due)
        self._waiting.add(handle)
        return True

    def _do(self, mark: Mark) -> None:
        if isinstance(mark, Felt):
            self._obey(Feel(mark.wanted or self.usual))
        else:
            self._obey(Act(mark.name))

    def _over(self) -> None:
        """Nothing has followed: the reply is complete."""
        self._end = None
        clean, _ = self._reader.flush()
        if clean.strip():
            self._obey(Say(clean))
        self._obey(Feel(self.usual))
