"""Pushed speech on the media clock: paced to real time, bounded, in segments, interruptible.

Pure; used by the event loop. `now_s` is given, never read.
Never loses speech in silence: what has no room is refused, and each segment finishes once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

import numpy as np

from engines.mailbox import MailboxFull
from engines.values import F32, SAMPLE_RATE_HZ, AudioChunk
from server.push_segment import Cue, Segment
from server.timeline import CHUNK, SegmentEvent

OVERTAKE_AFTER = SAMPLE_RATE_HZ // 2
"""Speech takes the place of silence half a second after the speech before: the mouth is closed."""
OVERTAKE_MOST = 120 * SAMPLE_RATE_HZ // 1000
"""Silence taken back at most: 3 pictures, as many as the engine lets wait. Of more it would leave
out the first, in which the lips part."""
ROUNDING = 0.01
"""Of a sample: the clock is in floating point."""
MAX_SEGMENTS = 256
"""Segments that may wait; 30 s of speech have been seen in 10-20 of them."""


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


class PushTimeline:
    """Speech in the order it was pushed, from the moment it came; silence when there is none.

    Silence is given up to now, speech that waits up to `now + lead_s`, at twice its pace until it
    is so far ahead: it buys the engine time.
    What comes after silence may `overtake` what of it was given and not yet played.
    """

    def __init__(
        self,
        buffer_s: float = 120.0,
        lead_s: float = 0.0,
        on_cue: Callable[[Cue], None] = lambda cue: None,
    ) -> None:
        """`on_cue` is told each cue when its sample is given; it must not raise."""
        self.epoch = 0
        self.limit_s = buffer_s
        self._limit = round(buffer_s * SAMPLE_RATE_HZ)
        self._lead = round(lead_s * SAMPLE_RATE_HZ)
        self._on_cue = on_cue
        self._origin_s: float | None = None
        self._end = 0
        self._said: int | None = None
        """Media time where the last speech given ends."""
        self._ready_since: int | None = None
        """Media time since when there is speech to give."""
        self._seamless = False
        """Whether this epoch began by `overtake`."""
        self._given = 0
        """Epoch of the last chunk."""
        self._segments: list[Segment] = []
        """In the order they are spoken in."""
        self._open: Segment | None = None
        """What sound without a name belongs to."""
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

    @property
    def speaking(self) -> bool:
        """Whether speech waits or is on its way to be heard."""
        return any(segment.waiting or segment.spans for segment in self._segments)

    def begin(self, now_s: float) -> None:
        """Media time 0 is `now_s`."""
        self._origin_s = now_s

    def start_segment(self, name: str | None = None) -> str:
        """Open a segment, ending the one opened before; returns its name.

        Raises PushRefused when the name is in use or too many segments wait.
        """
        segment = self._append(name)
        if self._open is not None:
            self._open.ended = True
        self._open = segment
        return segment.name

    def queue_segment(self, name: str | None = None) -> str:
        """Append a segment that is fed and ended by its name; others may be open beside it.

        It is spoken when those before it are. Raises PushRefused as `start_segment`.
        """
        return self._append(name).name

    def push(self, samples: F32, name: str | None = None) -> None:
        """Add f32[N] at 16 kHz to the open segment, or to the one of this name.

        Raises PushFull (nothing is taken) or PushRefused when no such segment is open.
        """
        segment = self._to_feed(name)
        if not len(samples):
            return
        if self._waiting + len(samples) > self._limit:
            self.refuse()
        samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
        try:
            segment.pieces.put(samples.astype(np.float32, copy=False))
        except MailboxFull as error:
            raise PushRefused(f"{error}: send larger pieces, 20 ms or more") from error
        segment.waiting += len(samples)
        segment.pushed += len(samples)
        self._waiting += len(samples)

    def refuse(self) -> NoReturn:
        """Raise PushFull with the room there is."""
        raise PushFull(self.room_s, self.limit_s)

    def end_segment(self, name: str | None = None) -> None:
        """No more sound for the open segment. Raises PushRefused when `name` is not open."""
        segment = self._open if name is None else self._find(name)
        if segment is None or segment.ended:
            if self._open is None or self._open.ended:
                raise PushRefused("no segment is open")
            raise PushRefused(f"segment {str(name)[:64]!r} is not the open one")
        segment.ended = True

    def fail_segment(self, name: str) -> None:
        """Its sound ends here, because no more can be had; what was pushed is spoken."""
        segment = self._find(name)
        if segment is not None:
            segment.ended, segment.reason = True, "failed"

    def pushed(self, name: str | None = None) -> int:
        """Samples of the open segment, or of the one of this name. Raises PushRefused."""
        return self._to_feed(name).pushed

    def mark(self, at: int, detail: Mapping[str, object], name: str | None = None) -> None:
        """Tell `detail` (its `type` is the event's) when sample `at` has been played.

        In the open segment or the one of this name; behind its end it is told with the end.
        Raises PushRefused when it is not open or has too many.
        """
        if not self._to_feed(name).mark(at, detail):
            raise PushRefused("the segment has too many marks: send fewer")

    def cue(self, at: int, cue: Cue, name: str) -> None:
        """Do `cue` when sample `at` is given to the engine. Raises PushRefused as `mark`."""
        if not self._to_feed(name).cue(at, cue):
            raise PushRefused("the segment has too many cues: send fewer")

    def poll(self, now_s: float) -> list[AudioChunk]:
        """Chunks of 20 ms that cover media time up to now; of speech, up to the lead after it."""
        out: list[AudioChunk] = []
        if self._origin_s is None:
            return out
        until = int((now_s - self._origin_s) * SAMPLE_RATE_HZ + ROUNDING)
        while self._end + CHUNK <= until + self._ahead(until):
            samples = np.zeros(CHUNK, np.float32)
            self._fill(samples)
            samples.flags.writeable = False
            out.append(AudioChunk(self._end, self.epoch, samples, self._seamless))
            self._end += CHUNK
            self._given = self.epoch
        return out

    def overtake(self, soonest: int) -> None:
        """Let speech that waits begin where silence was given, at `soonest` or later.

        Only so far back as there is speech to fill it, so that no hole comes of it; the sound
        before it stands.
        """
        if self._given != self.epoch:
            # Nobody has heard of the last interrupt yet: it must not seem seamless.
            return
        back = min(self._ready(), OVERTAKE_MOST)
        start = max(soonest, self._end - back, 0)
        start = -(-start // CHUNK) * CHUNK
        if start >= self._end or (self._said is not None and start - self._said < OVERTAKE_AFTER):
            return
        self.epoch += 1
        self._seamless = True
        self._end = start

    def _ahead(self, now: int) -> int:
        """How far ahead of media time `now` speech may be given."""
        if self._ready() < CHUNK:
            self._ready_since = None
            return 0
        if self._ready_since is None:
            self._ready_since = now
        return min(self._lead, now - self._ready_since)

    def _ready(self) -> int:
        """Samples that could be given now without a hole."""
        ready = 0
        for segment in self._segments:
            ready += segment.waiting
            if not segment.ended:
                break
        return ready

    def heard_at(self, pts: int) -> float | None:
        """Pushed sound is known long before: there is no arrival to measure from."""
        return None

    def passed(self, cursor: int) -> list[SegmentEvent]:
        """Events of the sound before media time `cursor`: started, marks, finished."""
        events = []
        for segment in self._segments:
            events += segment.play(cursor)
            if segment.done:
                self._do_cues(segment)
        self._segments = [segment for segment in self._segments if not segment.done]
        return events

    def interrupt(self, cursor: int, restart: int) -> list[SegmentEvent]:
        """Stop speaking at media time `cursor`: each segment finishes, with what was played.

        The new epoch begins at `restart`, or where sound ends if that is earlier.
        """
        events = self.passed(cursor)
        events += [segment.finished(True) for segment in self._segments]
        self._segments.clear()
        self._open = None
        self._waiting = 0
        self.epoch += 1
        self._seamless = False
        self._end = min(self._end, restart)
        if self._said is not None:
            self._said = min(self._said, cursor)
        return events

    def clear(self) -> list[SegmentEvent]:
        """Forget every segment of which nothing is on its way yet; each finishes, unplayed."""
        gone = [segment for segment in self._segments if not segment.placed]
        self._segments = [segment for segment in self._segments if segment.placed]
        self._waiting -= sum(segment.waiting for segment in gone)
        if self._open in gone:
            self._open = None
        return [segment.finished(True, "cleared") for segment in gone]

    def _append(self, name: str | None) -> Segment:
        if len(self._segments) >= MAX_SEGMENTS:
            raise PushRefused(f"{MAX_SEGMENTS} segments wait: let some be spoken first")
        while name is None:
            self._made_up += 1
            made = f"s{self._made_up}"
            name = made if self._find(made) is None else None
        if self._find(name) is not None:
            raise PushRefused(f"segment {name[:64]!r} is still being spoken: choose another name")
        self._segments.append(Segment(name))
        return self._segments[-1]

    def _find(self, name: str) -> Segment | None:
        return next((segment for segment in self._segments if segment.name == name), None)

    def _to_feed(self, name: str | None) -> Segment:
        segment = self._open if name is None else self._find(name)
        if segment is None or segment.ended:
            raise PushRefused("no segment is open: send start first")
        return segment

    def _fill(self, out: F32) -> None:
        """Write what waits into `out`, whose first sample lies at media time `_end`."""
        done = 0
        for segment in self._segments:
            while done < len(out):
                samples = segment.pieces.get() if segment.rest is None else segment.rest
                segment.rest = None
                if samples is None:
                    break
                count = min(len(samples), len(out) - done)
                out[done : done + count] = samples[:count]
                segment.place(self._end + done, self._end + done + count)
                self._waiting -= count
                done += count
                self._said = self._end + done
                if count < len(samples):
                    segment.rest = samples[count:]
            self._do_cues(segment)
            if not segment.given:
                # It has the word, though it says nothing yet.
                return

    def _do_cues(self, segment: Segment) -> None:
        for cue in segment.due():
            self._on_cue(cue)
