"""The segments that were sent and the sound that comes back, joined: what is speech, what is over.

Used on the event loop; no clock.
Never takes an acknowledgement of the turn before for one of this turn.
"""

from __future__ import annotations

from synchrorama_client.media_items import Sound
from synchrorama_client.segment import Segment
from synchrorama_client.voicing import Heard, Voicing


class Turn:
    """For programs that play the returned sound on: a conversation's turns, one after another."""

    def __init__(self) -> None:
        self._voicing = Voicing()
        self._waiting: list[Segment] = []
        self._cut: list[Segment] = []

    @property
    def waiting(self) -> list[Segment]:
        """Segments whose end is not known."""
        self._waiting = [segment for segment in self._waiting if not segment.over]
        return self._waiting

    @property
    def busy(self) -> bool:
        """Whether there is something to interrupt."""
        return bool(self.waiting) or self._voicing.speaking

    @property
    def settled(self) -> bool:
        """Whether all that was sent has been heard, or never will be."""
        return not self.waiting and self._voicing.settled

    def sent(self, segment: Segment) -> None:
        """A segment was begun."""
        self._waiting.append(segment)

    def cut(self) -> None:
        """Interrupted: nothing of what was sent is to be heard any more."""
        self._cut, self._waiting = [*self._cut, *self.waiting], []
        self._voicing.cut()

    def hear(self, sound: Sound) -> Heard:
        """What 20 ms that came back mean."""
        self._cut = [segment for segment in self._cut if not segment.over]
        expected = self._cut if self._voicing.muted else self.waiting
        return self._voicing.step(sound.silent, bool(expected))
