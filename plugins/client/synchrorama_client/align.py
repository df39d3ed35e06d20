"""Whether the two tracks count from the same moment, judged by when their items come.

Pure; `now_s` is given.
Never touches an offset that arrival times cannot tell from jitter.

A receiver counts each track from its first packet. The server begins both at media time 0, so they
agree unless the first packets of one were lost; a lost first picture costs half a second, until the
next key frame.
"""

from __future__ import annotations

from collections import deque

from synchrorama_client.media_items import Item, Picture

SEEN = 25
"""Pictures to judge by: one second."""
USUAL_S = -0.03
"""Pictures come so much after their sound: encoding, less the 80 ms of aiortc's jitter buffer."""
TOLERANCE_S = 0.15
GRID_S = 0.02
"""Both tracks begin on a tick of the server."""


class Alignment:
    """Gives what is to be added to the times of pictures."""

    def __init__(self) -> None:
        self.shift_s = 0.0
        self._pictures: deque[float] = deque(maxlen=SEEN)
        self._sounds: deque[float] = deque(maxlen=2 * SEEN)

    def note(self, item: Item, now_s: float) -> None:
        """An item came; its time is as received, without the shift."""
        seen = self._pictures if isinstance(item, Picture) else self._sounds
        seen.append(now_s - item.pts_s)
        if len(self._pictures) < SEEN or len(self._sounds) < 2 * SEEN:
            return
        # The fastest of each: what was held up on its way says nothing.
        off_s = min(self._pictures) - min(self._sounds) - USUAL_S
        if abs(off_s - self.shift_s) > TOLERANCE_S:
            self.shift_s = round(off_s / GRID_S) * GRID_S
