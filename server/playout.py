"""Decides what a session's viewer hears and sees at each tick of 20 ms.

Pure; used by the player's task on the event loop. Time is the number of the tick.
Never speeds up to catch up, never shows a picture before its sound, never goes back.

Sound is master. The cursor is media time now less the playout delay: at tick k the sound of
[cursor, cursor + 320) is released, and where the cursor lies on a frame the picture of that same
instant with it. A picture that is not there is held over, and the next one still keeps its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from engines.chunker import LOOKAHEAD
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ, U8, AudioChunk, Picture
from server.audio_ring import AudioRing
from server.delay import DelayController

TICK = SAMPLE_RATE_HZ // 50
"""320 samples: 20 ms, one Opus packet."""
SEAM = SAMPLE_RATE_HZ // 200
"""5 ms over which two stretches of sound that do not belong together are blended."""
MAX_PENDING = 64
"""Pictures that may wait for their time: 2.5 s, beyond the longest delay."""

CATCH_UP = SAMPLE_RATE_HZ // 2
"""Where speech took the place of silence, the engine got its sound late and at once: what comes for
that time and 0.5 s after says nothing about lateness."""

LOOKAHEAD_MS = LOOKAHEAD * 1000 // SAMPLE_RATE_HZ

Show: TypeAlias = Literal["show", "hold", "idle"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to send at one tick."""

    pts: int
    """Of the outgoing sound and picture, in samples at 16 kHz: grows by TICK with each tick."""
    cursor: int
    """Media time of the sound's first sample; behind `pts` by the playout delay."""
    audio: F32
    """f32[320]."""
    video: Show | None
    """None: no picture is due. idle: nothing to show yet."""
    picture: Picture | None = None
    """With show: the picture to send; with hold: the one to send again."""
    late: bool = False
    """The picture shown is older than its sound."""


@dataclass(frozen=True, slots=True)
class Sound:
    """20 ms on their way to the audio track."""

    pts: int
    """In samples at 16 kHz since the session began; a tick left out shows as a jump."""
    samples: F32
    """f32[320]."""
    due_s: float | None = None
    """When `pts` was due by the player's clock, however late it is; None where there is none."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture on its way to the video track."""

    pts: int
    """On the same clock as the sound's: sent together, heard and seen together."""
    image: U8
    """u8[H,W,3] BGR; the same object again where the picture is held."""
    due_s: float | None = None
    """As the sound's."""


@dataclass(slots=True)
class PlayoutStats:
    """Counters since the session began."""

    shown: int = 0
    held: int = 0
    idle: int = 0
    late: int = 0
    """Shown after their sound."""
    passed_over: int = 0
    """Never shown, because a newer one was there too."""
    stale: int = 0
    """Of an epoch that is over, picture or chunk."""
    underflow: int = 0
    """Ticks whose sound had not come."""
    seams: int = 0


class Playout:
    """One session's playout; `delay` may be shared with nobody."""

    def __init__(self, delay: DelayController) -> None:
        self.delay = delay
        self.epoch = 0
        self.stats = PlayoutStats()
        self._ring = AudioRing()
        self._pending: list[Picture] = []
        self._shown: Picture | None = None
        self._next: int | None = None
        """Media time right after the last sound released."""
        self._tail: F32 | None = None
        """Sound that would have followed, taken before it was forgotten."""
        self._before: tuple[int, int] | None = None
        """Epoch that a seamless one follows, and media time up to which its pictures stand."""
        self._judged = 0
        """Media time from which pictures tell of lateness."""

    @property
    def cursor(self) -> int:
        """Media time of the next sound, if nothing changes; what lies before it was released."""
        return 0 if self._next is None else max(0, self._next)

    def add_audio(self, chunk: AudioChunk) -> None:
        """Take a chunk; the first of a newer epoch begins it."""
        if chunk.epoch < self.epoch:
            self.stats.stale += 1
            return
        if chunk.epoch > self.epoch:
            begin = self._join_epoch if chunk.seamless else self._begin_epoch
            begin(chunk.epoch, chunk.pts)
        self._ring.write(chunk.pts, chunk.samples)

    def add_picture(self, tick: int, picture: Picture, waited_ms: float = 0.0) -> None:
        """Take a picture that was there at tick `tick`, and `waited_ms` before it."""
        if picture.epoch < self.epoch and not self._stands(picture):
            self.stats.stale += 1
            return
        cursor = self._cursor(tick)
        early_ms = (picture.pts - cursor) * 1000 / SAMPLE_RATE_HZ
        if early_ms >= 0:
            early_ms += waited_ms
        # So early only by sound that was given ahead of its time: that is not so in silence.
        given_ahead = early_ms > self.delay.delay_ms - LOOKAHEAD_MS
        if picture.pts >= self._judged and not given_ahead:
            self.delay.arrived(tick, early_ms)
        self._pending.append(picture)
        self._pending.sort(key=lambda item: (item.epoch, item.pts))
        while len(self._pending) > MAX_PENDING:
            self._pending.pop(0)
            self.stats.passed_over += 1

    def tick(self, tick: int, speaking: bool = False) -> Decision:
        """Decide for tick `tick`; ticks may be left out, never repeated.

        `speaking`: no sound may be left out now.
        """
        self.delay.decide(tick, shrink=not speaking)
        cursor = self._cursor(tick)
        audio = self._sound(cursor)
        video, picture, late = self._picture(cursor)
        return Decision(tick * TICK, cursor, audio, video, picture, late)

    def _cursor(self, tick: int) -> int:
        return tick * TICK - self.delay.delay_ms * SAMPLE_RATE_HZ // 1000

    def _begin_epoch(self, epoch: int, pts: int) -> None:
        self.epoch = epoch
        self._before = None
        self._judged = 0
        if self._next is not None:
            self._tail = self._ring.read(self._next, SEAM)
            # Nothing of the old epoch is heard from here on, wherever the new one begins.
            pts = min(pts, self._next)
        self._ring.truncate(pts)
        self.stats.stale += len(self._pending)
        self._pending.clear()

    def _join_epoch(self, epoch: int, pts: int) -> None:
        """Sound from `pts` on takes the place of silence; what lies before stands."""
        # The first window that hears it has no picture (`engines.runner`): it is nearly silent.
        first = pts - pts % FRAME_SAMPLES + 2 * FRAME_SAMPLES - LOOKAHEAD
        self._before, self.epoch = (self.epoch, first), epoch
        self._judged = self._ring.end + CATCH_UP
        self._ring.truncate(pts)
        kept = [picture for picture in self._pending if self._stands(picture)]
        self.stats.stale += len(self._pending) - len(kept)
        self._pending = kept

    def _stands(self, picture: Picture) -> bool:
        """Whether it is of the epoch before a seamless one, and from before its pictures."""
        if self._before is None or picture.epoch != self._before[0]:
            return False
        unseen = self._shown is None or self._shown.epoch < self.epoch
        return unseen and picture.pts < self._before[1]

    def settle(self, tick: int) -> None:
        """An interrupt was made: what comes now says nothing about lateness."""
        self.delay.settle(tick)

    def _sound(self, cursor: int) -> F32:
        audio = self._ring.read(cursor, TICK)
        if cursor + TICK > self._ring.end:
            self.stats.underflow += 1
        tail = self._tail
        if tail is None and self._next is not None and self._next != cursor:
            tail = self._ring.read(self._next, SEAM)
        if tail is not None:
            self.stats.seams += 1
            fade = np.linspace(0.0, 1.0, SEAM, dtype=np.float32)
            audio[:SEAM] = audio[:SEAM] * fade + tail * (1 - fade)
        self._tail = None
        self._next = cursor + TICK
        return audio

    def _picture(self, cursor: int) -> tuple[Show | None, Picture | None, bool]:
        if cursor % FRAME_SAMPLES:
            return None, None, False
        found = None
        while self._pending and self._pending[0].pts <= cursor:
            self.stats.passed_over += found is not None
            found = self._pending.pop(0)
        if found is not None:
            self._shown = found
            self.stats.shown += 1
            self.stats.late += found.pts < cursor
            return "show", found, found.pts < cursor
        if self._shown is None:
            self.stats.idle += 1
            return "idle", None, False
        self.stats.held += 1
        return "hold", self._shown, False
