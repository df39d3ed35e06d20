"""Pushed speech on the media clock: paced to real time, bounded, in segments, interruptible.

Pure; used by the event loop. `now_s` is given, never read.
Never loses speech in silence: what has no room is refused, and each segment finishes once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from engines.mailbox import Mailbox, MailboxFull
from engines.values import F32, SAMPLE_RATE_HZ, AudioChunk
from server.timeline import CHUNK, SegmentEvent

MAX_SEGMENTS = 256
"""Segments that may wait; 30 s of speech have been seen in 10-20 of them."""
MAX_PIECES = 8192
"""Pieces of sound that may wait: 120 s of them at the 20 ms that assistants send, with room."""


class PushRefused(ValueError):
    """Pushed sound cannot be taken: what is wrong and what to do."""


class PushFull(PushRefused):
    """There is no room; `room_s` says how much can be sent now."""

    def __init__(self, room_s: float, limit_s: float) -> None:
        super().__init__(
            f"the speech buffer holds {limit_s:g} s and has room for {room_s:.2f} s: wait for "
            "some to be spoken"
        )
        self.room_s = room_s


@dataclass(slots=True)
class _Segment:
    """One segment from its first sample to its finished event."""

    name: str
    ended: bool = False
    waiting: int = 0
    """Samples pushed and not yet placed in media time."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Placed in media time and not yet played; contiguous ones are one."""
    played: int = 0
    started: bool = False

    def place(self, start: int, end: int) -> None:
        self.waiting -= end - start
        if self.spans and self.spans[-1][1] == start:
            self.spans[-1] = (self.spans[-1][0], end)
        else:
            self.spans.append((start, end))

    def play(self, cursor: int) -> list[SegmentEvent]:
        """Move what lies before `cursor` from placed to played; tell what that began or ended."""
        events = []
        while self.spans and self.spans[0][0] < cursor:
            start, end = self.spans.pop(0)
            self.played += min(end, cursor) - start
            if end > cursor:
                self.spans.insert(0, (cursor, end))
        if self.played and not self.started:
            self.started = True
            events.append(SegmentEvent("started", self.name, 0.0))
        if self.done:
            events.append(SegmentEvent("finished", self.name, self.position_s))
        return events

    @property
    def done(self) -> bool:
        return self.ended and not self.waiting and not self.spans

    @property
    def position_s(self) -> float:
        return self.played / SAMPLE_RATE_HZ


class PushTimeline:
    """Speech in the order it was pushed, from the moment it came; silence when there is none.

    Sound is given up to `now + lead_s`. With silence flowing ahead by the same lead a segment does
    not begin sooner for it: it only buys the engine time, as a longer playout delay would.
    """

    def __init__(self, buffer_s: float = 120.0, lead_s: float = 0.0) -> None:
        self.epoch = 0
        self.limit_s = buffer_s
        self._limit = round(buffer_s * SAMPLE_RATE_HZ)
        self._lead = round(lead_s * SAMPLE_RATE_HZ)
        self._origin_s: float | None = None
        self._end = 0
        # Refuses: speech is never dropped unsaid; `push` checks the length in samples first.
        self._pieces: Mailbox[tuple[_Segment, F32]] = Mailbox("push", MAX_PIECES, "refuse")
        self._rest: tuple[_Segment, F32] | None = None
        """What is left of the piece being given."""
        self._segments: list[_Segment] = []
        """In order; all but the last have ended, or were interrupted and are gone."""
        self._waiting = 0
        self._made_up = 0

    @property
    def room_s(self) -> float:
        """Seconds of speech that can be pushed now."""
        return max(0, self._limit - self._waiting) / SAMPLE_RATE_HZ

    @property
    def waiting_s(self) -> float:
        """Seconds of speech that wait to be spoken."""
        return self._waiting / SAMPLE_RATE_HZ

    def begin(self, now_s: float) -> None:
        """Media time 0 is `now_s`."""
        self._origin_s = now_s

    def start_segment(self, name: str | None = None) -> str:
        """Open a segment, ending the one before; returns its name.

        Raises PushRefused when the name is in use or too many segments wait.
        """
        if len(self._segments) >= MAX_SEGMENTS:
            raise PushRefused(f"{MAX_SEGMENTS} segments wait: let some be spoken first")
        if name is None:
            self._made_up += 1
            name = f"s{self._made_up}"
        if any(segment.name == name for segment in self._segments):
            raise PushRefused(f"segment {name[:64]!r} is still being spoken: choose another name")
        if self._segments:
            self._segments[-1].ended = True
        self._segments.append(_Segment(name))
        return name

    def push(self, samples: F32) -> None:
        """Add f32[N] at 16 kHz to the open segment.

        Raises PushFull (nothing is taken) or PushRefused when no segment is open.
        """
        if not self._segments or self._segments[-1].ended:
            raise PushRefused("no segment is open: send start first")
        if not len(samples):
            return
        if self._waiting + len(samples) > self._limit:
            self.refuse()
        samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
        segment = self._segments[-1]
        try:
            self._pieces.put((segment, samples.astype(np.float32, copy=False)))
        except MailboxFull as error:
            raise PushRefused(f"{error}: send larger pieces, 20 ms or more") from error
        segment.waiting += len(samples)
        self._waiting += len(samples)

    def refuse(self) -> NoReturn:
        """Raise PushFull with the room there is."""
        raise PushFull(self.room_s, self.limit_s)

    def end_segment(self, name: str | None = None) -> None:
        """No more sound for the open segment. Raises PushRefused when `name` is not open."""
        if not self._segments or self._segments[-1].ended:
            raise PushRefused("no segment is open")
        if name is not None and self._segments[-1].name != name:
            raise PushRefused(f"segment {name[:64]!r} is not the open one")
        self._segments[-1].ended = True

    def poll(self, now_s: float) -> list[AudioChunk]:
        """Chunks of at most 20 ms that cover media time up to now (and the lead)."""
        out: list[AudioChunk] = []
        if self._origin_s is None:
            return out
        until = int((now_s - self._origin_s) * SAMPLE_RATE_HZ) + self._lead
        while self._end + CHUNK <= until:
            samples = np.zeros(CHUNK, np.float32)
            self._fill(samples)
            samples.flags.writeable = False
            out.append(AudioChunk(self._end, self.epoch, samples))
            self._end += CHUNK
        return out

    def heard_at(self, pts: int) -> float | None:
        """Pushed sound is known long before: there is no arrival to measure from."""
        return None

    def passed(self, cursor: int) -> list[SegmentEvent]:
        """Started and finished events of the sound before media time `cursor`."""
        events = []
        for segment in self._segments:
            events += segment.play(cursor)
        self._segments = [segment for segment in self._segments if not segment.done]
        return events

    def interrupt(self, cursor: int, restart: int) -> list[SegmentEvent]:
        """Stop speaking at media time `cursor`: each segment finishes, with what was played.

        The new epoch begins at `restart`, or where sound ends if that is earlier.
        """
        events = self.passed(cursor)
        for segment in self._segments:
            events.append(SegmentEvent("finished", segment.name, segment.position_s, True))
        self._segments.clear()
        self._pieces.take_all()
        self._rest = None
        self._waiting = 0
        self.epoch += 1
        self._end = min(self._end, restart)
        return events

    def _fill(self, out: F32) -> None:
        """Write what waits into `out`, whose first sample lies at media time `_end`."""
        done = 0
        while done < len(out):
            piece, self._rest = self._rest or self._pieces.get(), None
            if piece is None:
                return
            segment, samples = piece
            count = min(len(samples), len(out) - done)
            out[done : done + count] = samples[:count]
            segment.place(self._end + done, self._end + done + count)
            self._waiting -= count
            done += count
            if count < len(samples):
                self._rest = (segment, samples[count:])
