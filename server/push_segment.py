"""One segment of pushed speech, from its first sample to its finished event.

Pure; used by `server.push_timeline` on the event loop.
Never knows what time it is: it is told what was placed and what was played.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from engines.mailbox import Mailbox
from engines.motion.wishes import Say
from engines.scene.markers import Mark
from engines.values import F32, SAMPLE_RATE_HZ
from server.timeline import SegmentEvent

T = TypeVar("T")
MAX_PIECES = 8192
"""Pieces of sound that may wait: 120 s of them at the 20 ms that assistants send, with room."""
MAX_MARKS = 4096
"""Of one segment: words of a text of MAX_TEXT characters, and as many of the client's own."""
Cue: TypeAlias = Mark | Say
"""What the face is to do, or to feel, when a sample is given to the engine."""


@dataclass(slots=True)
class Segment:
    """Positions are in samples of the segment's own sound, at 16 kHz."""

    name: str
    ended: bool = False
    reason: str = ""
    """Why it ends early, where that is not an interrupt: `failed`."""
    waiting: int = 0
    """Samples pushed and not yet placed in media time."""
    pushed: int = 0
    placed: int = 0
    played: int = 0
    started: bool = False
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Placed in media time and not yet played; contiguous ones are one."""
    pieces: Mailbox[F32] = field(default_factory=lambda: Mailbox("push", MAX_PIECES, "refuse"))
    # Refuses: speech is never dropped unsaid; the timeline checks the length in samples first.
    rest: F32 | None = None
    """What is left of the piece being given."""
    marks: list[tuple[int, Mapping[str, object]]] = field(default_factory=list)
    """To be told when they have been played, by position."""
    cues: list[tuple[int, Cue]] = field(default_factory=list)
    """To be done when they are placed, by position."""

    def mark(self, at: int, detail: Mapping[str, object]) -> bool:
        """Tell `detail` when `at` has been played; whether there was room."""
        return _insert(self.marks, at, detail)

    def cue(self, at: int, cue: Cue) -> bool:
        """Do it when `at` is placed; whether there was room."""
        return _insert(self.cues, at, cue)

    def place(self, start: int, end: int) -> None:
        """The next samples lie at [start, end) of media time."""
        self.waiting -= end - start
        self.placed += end - start
        if self.spans and self.spans[-1][1] == start:
            self.spans[-1] = (self.spans[-1][0], end)
        else:
            self.spans.append((start, end))

    def due(self) -> list[Cue]:
        """Cues whose sample was placed by now; at the end of the segment, all that are left."""
        count = sum(self.given or at < self.placed for at, _ in self.cues)
        found = [cue for _, cue in self.cues[:count]]
        del self.cues[:count]
        return found

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
        events += self._reached()
        if self.done:
            events.append(self.finished(False))
        return events

    def finished(self, interrupted: bool, reason: str = "") -> SegmentEvent:
        """Its last event."""
        reason = reason or ("" if interrupted else self.reason)
        detail = {"reason": reason} if reason else {}
        return SegmentEvent("finished", self.name, self.position_s, interrupted, detail)

    @property
    def given(self) -> bool:
        """Whether all its sound has been placed."""
        return self.ended and not self.waiting

    @property
    def done(self) -> bool:
        """Whether all its sound has been played."""
        return self.given and not self.spans

    @property
    def position_s(self) -> float:
        """Seconds of it that have been played."""
        return self.played / SAMPLE_RATE_HZ

    def _reached(self) -> list[SegmentEvent]:
        """Marks that were played by now; at the end of the segment, all that are left."""
        if not self.marks:
            return []
        count = sum(self.done or (self.played > 0 and at <= self.played) for at, _ in self.marks)
        found = self.marks[:count]
        del self.marks[:count]
        return [
            SegmentEvent(str(detail["type"]), self.name, min(at, self.played) / SAMPLE_RATE_HZ,
                         detail=detail)
            for at, detail in found
        ]  # fmt: skip


def _insert(rows: list[tuple[int, T]], at: int, item: T) -> bool:
    """By position, behind those of the same."""
    if len(rows) >= MAX_MARKS:
        return False
    rows.insert(bisect.bisect_right(rows, at, key=lambda row: row[0]), (at, item))
    return True
