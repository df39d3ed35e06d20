"""Pushed speech of one session: what the push websocket talks to.

Runs on the event loop.
Never plays or draws: it joins the reader of pushed sound, its timeline and whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from server.ingest import PushReader
from server.push_timeline import PushTimeline


class LiveVoice:
    """One session's `server.push_protocol.PushVoice`."""

    def __init__(self, timeline: PushTimeline, interrupt: Callable[[], None]) -> None:
        self._timeline = timeline
        self._reader = PushReader(timeline)
        self._interrupt = interrupt
        self._on_message: Callable[[Mapping[str, object]], None] | None = None

    @property
    def buffered_s(self) -> float:
        """Speech that waits to be spoken, in seconds."""
        return self._timeline.waiting_s

    @property
    def room_s(self) -> float:
        """Speech that can be taken now, in seconds."""
        return self._timeline.room_s

    def start(self, sample_rate_hz: int, segment: str | None) -> str:
        """Open a segment and return its name. Raises PushRefused."""
        return self._reader.start(sample_rate_hz, segment)

    def feed(self, data: bytes) -> None:
        """PCM16 mono of the open segment. Raises PushFull (nothing taken) or PushRefused."""
        self._reader.feed(data)

    def end(self, segment: str | None) -> None:
        """No more sound of the open segment will come. Raises PushRefused."""
        self._reader.end(segment)

    def interrupt(self) -> None:
        """Stop at once and forget all that waits."""
        self._interrupt()

    def listen(self, on_message: Callable[[Mapping[str, object]], None] | None) -> None:
        """Give every later message about a segment to `on_message`; None stops."""
        self._on_message = on_message

    def hear(self, message: Mapping[str, object]) -> None:
        """A message about a segment, from the player."""
        if self._on_message is not None:
            self._on_message(message)
