"""Joins sound and pictures, which come on two tracks, into one stream in media time.

Pure; `now_s` is given.
Never holds one back for long when the other does not come, and never gives time that runs back.
"""

from __future__ import annotations

from collections import deque

from synchrorama_client.media_items import Item, Picture, Sound

FRAME_S, SOUND_S, EPSILON_S = 0.04, 0.02, 0.001
LIMIT = 100
"""Of each kind: two seconds of sound; the oldest go."""


class Weave:
    """A picture comes right before the sound it belongs to."""

    def __init__(self, hold_s: float = 0.25) -> None:
        """`hold_s`: how long one waits for the other at most."""
        if hold_s < 0:
            raise ValueError(f"hold_s must not be negative, got {hold_s}")
        self.hold_s = hold_s
        self.late = 0
        """Items that came after their time had been given, and were dropped."""
        self._sounds: deque[tuple[float, Sound]] = deque(maxlen=LIMIT)
        self._pictures: deque[tuple[float, Picture]] = deque(maxlen=LIMIT)
        self._sound_s = self._picture_s = -1.0
        """Media time up to which each kind has come."""
        self._given_s = -1.0

    def add(self, item: Item, now_s: float) -> None:
        """Take one as it was decoded; of each kind they come in order."""
        if item.pts_s < self._given_s:
            self.late += 1
        elif isinstance(item, Sound):
            self._sounds.append((now_s, item))
            self._sound_s = item.pts_s
        else:
            self._pictures.append((now_s, item))
            self._picture_s = item.pts_s

    def take(self, now_s: float) -> list[Item]:
        """What can be given now, in order."""
        out: list[Item] = []
        while (item := self._next(now_s)) is not None:
            self._given_s = item.pts_s
            out.append(item)
        return out

    def due_s(self) -> float | None:
        """When `take` gives more though nothing comes; None when it is empty."""
        arrivals = [waiting[0][0] for waiting in (self._sounds, self._pictures) if waiting]
        return min(arrivals) + self.hold_s if arrivals else None

    def _next(self, now_s: float) -> Item | None:
        sound = self._sounds[0] if self._sounds else None
        picture = self._pictures[0] if self._pictures else None
        if sound is None and picture is None:
            return None
        first_picture = picture is not None and (
            sound is None or picture[1].pts_s <= sound[1].pts_s
        )
        item: Item
        if first_picture:
            assert picture is not None
            at_s, item = picture
            ready = sound is not None or self._sound_s + SOUND_S > item.pts_s - EPSILON_S
        else:
            assert sound is not None
            at_s, item = sound
            ready = picture is not None or self._picture_s + FRAME_S > item.pts_s + EPSILON_S
        if not ready and now_s - at_s < self.hold_s:
            return None
        (self._pictures if first_picture else self._sounds).popleft()
        return item
