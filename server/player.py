"""A session's heartbeat: every 20 ms it moves sound in, and sound and picture out.

One task on the event loop for each session; each tick takes well under 1 ms.
Never waits for anything but its next deadline, and knows nothing of peers or codecs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from engines.chunker import LOOKAHEAD
from engines.loop import LEAD
from engines.mailbox import Mailbox
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ, U8, AudioChunk, Picture
from server.delay import DelayController, DelayLimits, limits_around
from server.pacing import Pace, Pacer
from server.playout import TICK, Decision, Playout, Sound, Still
from server.speaking import SpeakingState
from server.timeline import SegmentEvent, Timeline

log = logging.getLogger(__name__)

TICK_S = 0.02
CLOSE_TIMEOUT_S = 1.0
RESTART_AHEAD = LOOKAHEAD + (LEAD - 1) * FRAME_SAMPLES
"""An interrupt begins its epoch this much (120 ms) after what has been played: the engine dates
its first picture back by as much, so that the mouth begins to close with the next picture."""
OVERTAKE_AHEAD = LOOKAHEAD
"""Speech after silence begins this much (80 ms) after what has been played: the first picture that
hears it is due within 40 ms, and drawn in that time."""


class Probe(Protocol):
    """What `server.probe.Probe` does for a session that asked for it."""

    def hear(self, chunk: AudioChunk) -> None:
        """Hear sound as it enters the media clock."""

    def drawn(self, picture: Picture, waited_s: float) -> None:
        """Note when the picture was drawn: so long ago."""

    def stamp(self, picture: Picture) -> U8:
        """The picture's image with the measuring strip on it."""


T_in = TypeVar("T_in", contravariant=True)


class Sink(Protocol[T_in]):
    """A mailbox, or a fan of them."""

    def put(self, item: T_in) -> object:
        """Take it at once, and never wait."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where the player puts what it plays: the tracks' mailboxes."""

    audio: Sink[Sound]
    video: Sink[Still] | None


@dataclass(frozen=True, slots=True)
class PlayerStats:
    """Counters since the start, and the delays of the last 10 s."""

    ticks: int
    skipped: int
    """Ticks left out after a stall of the loop."""
    delay_ms: int
    delay_grown: int
    delay_shrunk: int
    sent: int
    """Pictures given to the track, repeats included."""
    repeated: int
    late: int
    dropped: int
    """Rendered and never shown."""
    audio_underflow: int
    audio_to_frame_p50_ms: float | None
    """From the arrival of a sound to the release of its picture; None where nothing was heard."""
    audio_to_frame_p95_ms: float | None


class Player:
    """Joins a timeline, the engine's two mailboxes, the playout and the outlets."""

    def __init__(
        self,
        *,
        timeline: Timeline,
        engine_audio: Mailbox[AudioChunk],
        engine_frames: Mailbox[Picture],
        outlets: Outlets,
        idle_image: U8,
        delay_ms: int = 140,
        limits: DelayLimits | None = None,
        on_speaking: Callable[[bool], None] = lambda speaking: None,
        on_segment: Callable[[SegmentEvent], None] = lambda event: None,
        on_shown: Callable[[Picture], None] = lambda picture: None,
        on_played: Callable[[F32], None] = lambda samples: None,
        on_fault: Callable[[BaseException], None] | None = None,
        probe: Probe | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`idle_image` u8[H,W,3] BGR is shown until the first picture comes.

        `on_speaking` is told when the voice being played begins and ends, `on_segment` when the
        playout passes the beginning and end of a segment of pushed speech, `on_shown` of each
        picture as it goes out for the first time, `on_played` of each 20 ms of sound. `on_fault`
        is told when a tick fails; the player has then stopped.
        """
        self._timeline = timeline
        self._engine_audio = engine_audio
        self._engine_frames = engine_frames
        self._outlets = outlets
        self._idle_image = idle_image
        self._on_speaking = on_speaking
        self._on_segment = on_segment
        self._on_shown = on_shown
        self._on_played = on_played
        self._on_fault = on_fault
        self._probe = probe
        self._clock = clock
        self._sleep = sleep
        self.playout = Playout(DelayController(limits or limits_around(delay_ms)))
        self._speaking = SpeakingState()
        self._pacer: Pacer | None = None
        self._task: asyncio.Task[None] | None = None
        self._index = -1
        self._ticks = self._skipped = self._sent = 0
        self._behind = 0
        """Ticks by which media time runs behind, so that no speech was lost in a stall."""
        self._held_image: tuple[Picture, U8] | None = None
        # 10 s of pictures.
        self._audio_to_frame_s: deque[float] = deque(maxlen=250)

    def start(self) -> None:
        """Media time 0 is now. Call once, on the loop."""
        self.begin()
        self._task = asyncio.create_task(self._run(), name="player")

    def begin(self) -> None:
        """As `start` without the task: for a caller that ticks by itself."""
        now_s = self._clock()
        self._pacer = Pacer(now_s, TICK_S)
        self._timeline.begin(now_s)

    async def aclose(self) -> None:
        """Stop the task. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSE_TIMEOUT_S)

    def show_idle(self, image: U8) -> None:
        """Show u8[H,W,3] BGR, of the same size, until the first picture comes."""
        self._idle_image = image

    @property
    def playing(self) -> bool:
        """Whether media time runs."""
        return self._pacer is not None

    @property
    def media_time(self) -> int:
        """Media time now, in samples; 0 before `start`."""
        if self._pacer is None:
            return 0
        return int((self._now_s() - self._pacer.origin_s) * SAMPLE_RATE_HZ)

    def pump(self) -> None:
        """Move what the timeline has to the engine and the playout; call when sound came in."""
        self._timeline.overtake(self._cursor() + OVERTAKE_AHEAD)
        for chunk in self._timeline.poll(self._now_s()):
            self._engine_audio.put(chunk)
            self.playout.add_audio(chunk)
            if self._probe is not None:
                self._probe.hear(chunk)

    def interrupt(self) -> None:
        """Stop speaking: silence from the next tick, and the mouth closes."""
        cursor = self.playout.cursor
        events = self._timeline.interrupt(cursor, cursor + RESTART_AHEAD)
        self.playout.settle(self._index - self._behind)
        # At once, so that the engine closes the mouth over media time not yet shown.
        self.pump()
        self._publish(events)

    def tick(self, pace: Pace) -> Decision:
        """One heartbeat; the task's body."""
        self._index = pace.index
        self._ticks += 1
        self._skipped += pace.skipped
        self._keep_speech(pace.skipped)
        media = pace.index - self._behind
        self.pump()
        # Of the oldest that waits; rarely is there more than one.
        waited_ms = self._engine_frames.stats().age_s * 1000
        for picture in self._engine_frames.take_all():
            if self._probe is not None:
                self._probe.drawn(picture, waited_ms / 1000)
            self.playout.add_picture(media, picture, waited_ms)
            waited_ms = 0.0
        decision = self.playout.tick(media, self._timeline.speaking)
        self._outlets.audio.put(Sound(pace.index * TICK, decision.audio, pace.due_s))
        self._on_played(decision.audio)
        self._send_picture(decision, pace.due_s)
        if self._speaking.step(decision.audio):
            self._on_speaking(self._speaking.speaking)
        self._publish(self._timeline.passed(self.playout.cursor))
        return decision

    def stats(self) -> PlayerStats:
        """Counters and delays."""
        counts, delay = self.playout.stats, self.playout.delay
        times = self._audio_to_frame_s
        p50, p95 = (np.percentile(times, (50, 95)) * 1000) if times else (None, None)
        return PlayerStats(
            ticks=self._ticks,
            skipped=self._skipped,
            delay_ms=delay.delay_ms,
            delay_grown=delay.grown,
            delay_shrunk=delay.shrunk,
            sent=self._sent,
            repeated=counts.held + counts.idle,
            late=counts.late,
            dropped=counts.passed_over + counts.stale + self._engine_frames.stats().dropped,
            audio_underflow=counts.underflow,
            audio_to_frame_p50_ms=None if p50 is None else round(float(p50), 1),
            audio_to_frame_p95_ms=None if p95 is None else round(float(p95), 1),
        )

    def _now_s(self) -> float:
        """The clock that the timeline knows: ours, less what stalls have cost."""
        return self._clock() - self._behind * TICK_S

    def _keep_speech(self, skipped: int) -> None:
        """Media time waits out a stall in which speech would be left out.

        It makes up for it where nothing waits to be heard: there ticks are left out as elsewhere.
        """
        if self._timeline.speaking:
            self._behind += skipped
        elif self._behind:
            self._behind = 0
            self.playout.settle(self._index)

    def _cursor(self) -> int:
        """Media time of the next sound to be played; of that due now, where this loop is late."""
        due = self.media_time - self.playout.delay.delay_ms * SAMPLE_RATE_HZ // 1000
        return max(self.playout.cursor, due)

    async def _run(self) -> None:
        assert self._pacer is not None
        index = -1
        try:
            while True:
                pace = self._pacer.next(index, self._clock())
                # Even when late, once round the loop: a catch-up must not starve the others.
                await self._sleep(max(0.0, pace.due_s - self._clock()))
                self.tick(pace)
                index = pace.index
        except Exception as error:
            # The task's border: whoever owns the session must hear of it, whatever it was.
            log.error("player stopped", exc_info=error)
            if self._on_fault is not None:
                self._on_fault(error)

    def _send_picture(self, decision: Decision, due_s: float) -> None:
        video = self._outlets.video
        if decision.video is None or video is None:
            return
        self._sent += 1
        video.put(Still(self._index * TICK, self._image(decision.picture), due_s))
        if decision.video == "show" and decision.picture is not None:
            self._on_shown(decision.picture)
            heard_s = self._timeline.heard_at(decision.picture.pts)
            if heard_s is not None:
                self._audio_to_frame_s.append(self._clock() - heard_s)

    def _image(self, picture: Picture | None) -> U8:
        if picture is None:
            return self._idle_image
        if self._probe is None:
            return picture.image
        # A held picture keeps its strip: it was sent then, and is only sent again.
        if self._held_image is None or self._held_image[0] is not picture:
            self._held_image = (picture, self._probe.stamp(picture))
        return self._held_image[1]

    def _publish(self, events: list[SegmentEvent]) -> None:
        for event in events:
            self._on_segment(event)
