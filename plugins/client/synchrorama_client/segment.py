"""One segment of speech: what is sent of it, and what became of it.

Used on the event loop, by the task that speaks and by the socket's reader.
Never sends after it is over, so that no sound of it can end up in another segment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from synchrorama_client.errors import AvatarError, SegmentOver, TimedOut
from synchrorama_client.events import Finished

Feed = Callable[["Segment", bytes], Awaitable[None]]
EndIt = Callable[["Segment"], Awaitable[None]]


class Segment:
    """Made by `Speech`. Its end is told exactly once: `finished`."""

    def __init__(self, name: str, sample_rate: int, feed: Feed, end: EndIt) -> None:
        self.name = name
        self.sample_rate = sample_rate
        """Hz; 0 for a text that the server speaks."""
        self.sent_s = 0.0
        """Of sound, so far."""
        self.allowed_s = 0.0
        """What a wait for its end may take: set by `Speech`."""
        self.orphaned = False
        """Whether its socket was lost: it ends without us."""
        self._feed = feed
        self._end = end
        self.open = sample_rate > 0
        self._started = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[Finished] = loop.create_future()
        # Nobody may ever ask: an error is then no fault of the program.
        self._finished.add_done_callback(lambda f: f.cancelled() or f.exception())

    @property
    def result(self) -> Finished | None:
        """How it ended; None while it is not over, or when that will never be known."""
        known = self._finished.done() and self._finished.exception() is None
        return self._finished.result() if known else None

    @property
    def over(self) -> bool:
        """Whether its end is known, or never will be."""
        return self._finished.done()

    async def audio(self, pcm: bytes) -> None:
        """Send sound: PCM16 little endian, mono, at `sample_rate`. Any even length.

        Waits while more than `ahead_s` of speech waits at the server. Raises SegmentOver when it
        was ended or interrupted (`result` says how much was played), ConnectionLost, SessionClosed.
        """
        if len(pcm) % 2:
            raise ValueError(f"PCM16 needs an even number of bytes, got {len(pcm)}")
        self.check()
        await self._feed(self, pcm)

    async def end(self) -> None:
        """It is complete. Nothing happens when it is over already."""
        if self.open:
            await self._end(self)

    async def started(self, timeout_s: float | None = None) -> None:
        """Until its first sound was sent out. Raises TimedOut, or why it never will be."""
        waiting: asyncio.Future[Any] = asyncio.ensure_future(self._started.wait())
        limit_s = self.allowed_s if timeout_s is None else timeout_s
        try:
            either: set[asyncio.Future[Any]] = {waiting, self._finished}
            await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self._started.is_set():
            if self._finished.done():
                self._finished.result()
                return
            raise TimedOut("not_started", f"segment {self.name} did not begin in {limit_s:g} s")

    async def finished(self, timeout_s: float | None = None) -> Finished:
        """How it ended. Raises TimedOut, SegmentOver, ConnectionLost or SessionClosed.

        Without `timeout_s` it waits for the speech that is known to wait, and `event_s`.
        Cancelling this wait does not end the segment.
        """
        limit_s = self.allowed_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(self._finished)
        except TimeoutError as error:
            if isinstance(error, AvatarError):
                raise
            message = f"segment {self.name} did not finish in {limit_s:g} s"
            raise TimedOut("not_finished", message, "see Session.stats()") from error

    def check(self) -> None:
        """Raises why it takes no more sound."""
        if self._finished.done():
            self._finished.result()
        if not self.open:
            raise SegmentOver("segment_over", f"segment {self.name} takes no more sound")

    def note_started(self) -> None:
        """For the reader."""
        self._started.set()

    def note_finished(self, event: Finished) -> None:
        """For the reader."""
        self.open = False
        if not self._finished.done():
            self._finished.set_result(event)

    def fail(self, error: AvatarError) -> None:
        """For the reader: its end will never be known."""
        self.open = False
        if not self._finished.done():
            self._finished.set_exception(error)
