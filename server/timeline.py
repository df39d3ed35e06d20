"""The microphone on the media clock: where its samples lie in media time, and silence elsewhere.

Pure; used by the event loop. `now_s` is given, never read.
Never lets media time stop or run back within an epoch, and never lets latency grow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ, AudioChunk

CHUNK = SAMPLE_RATE_HZ // 50
"""20 ms: the size of a packet and of a piece of silence."""
HOLD = 60 * SAMPLE_RATE_HZ // 1000
"""While packets come, silence takes a packet's place when it is this late (3 packets)."""
ABSENT_S = 0.1
"""Without a packet for this long the microphone is taken to be off: silence flows at once."""
STALL_S = 0.05
"""Polled later than this after the time before, it was our loop that stood still..."""
GRACE_S = 0.06
"""...and what came meanwhile waits in the socket: it is given this long to be read."""
JUMP = SAMPLE_RATE_HZ // 5
"""Sound that claims to lie 200 ms in the future is placed anew at once: its clock jumped."""
LATE_SHIFT = HOLD
EARLY_SHIFT = CHUNK
SHIFT_S = 0.5
"""When even the best packet of half a second is 60 ms late, the stream is placed anew: it was
paused or its path changed. A burst after a stall is shorter, and is dropped instead. 20 ms early
is enough the other way: the packet that it was placed by had been held up."""
DRIFT_WINDOW_S = 2.0
"""The earliest packet of this time tells how far the sender's clock has drifted from ours."""
DRIFT_SLACK = 3 * SAMPLE_RATE_HZ // 1000
"""Drift under 3 ms is left alone; above, a sample in 20 ms is added or taken (0.3 %)..."""
DRIFT_FAST = 10 * SAMPLE_RATE_HZ // 1000
"""...and four (1.2 %) above 10 ms, which only the first seconds of a call see."""
RTP_STEP = 3
"""48 kHz units of the RTP clock in one sample of media time."""


@dataclass(frozen=True, slots=True)
class SegmentEvent:
    """Something that happened to a segment of pushed speech, on the playout clock."""

    kind: str
    """`started`, `finished`, `mark` or `word`."""
    segment: str
    position_s: float
    """Seconds of the segment's own sound that have been played."""
    interrupted: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)
    """What else the client is told: of a mark its name, of a word where it stands."""


class Timeline(Protocol):
    """What the player needs of a source of sound."""

    @property
    def epoch(self) -> int:
        """Counts interrupts, and speech that took the place of silence."""

    @property
    def speaking(self) -> bool:
        """Whether there is sound, on its way or to come, that must not be left out."""

    def begin(self, now_s: float) -> None:
        """Media time 0 is now."""

    def poll(self, now_s: float) -> list[AudioChunk]:
        """The sound that has become known, in order; in time it covers all that has passed."""

    def overtake(self, soonest: int) -> None:
        """Let sound that waits take the place of silence given for `soonest` or later, if any."""

    def heard_at(self, pts: int) -> float | None:
        """When the sound at `pts` came, or None where it is silence or long ago."""

    def passed(self, cursor: int) -> list[SegmentEvent]:
        """What happened up to media time `cursor`, which has been played."""

    def interrupt(self, cursor: int, restart: int) -> list[SegmentEvent]:
        """Drop what was not played by `cursor`; begin an epoch at media time `restart` or before.

        Returns what that ended.
        """


@dataclass(slots=True)
class MicStats:
    """In samples at 16 kHz since the start."""

    heard: int = 0
    silence: int = 0
    """Made up because nothing came."""
    holes: int = 0
    """Left out between two packets; shows as a jump of pts."""
    late: int = 0
    """Came when their time had been given as silence; dropped."""
    corrected: int = 0
    """Added (+) and taken (-) to follow the sender's clock."""
    resyncs: int = 0


class MicTimeline:
    """Maps the sender's clock to media time so that the earliest packets arrive just in time.

    A packet whose RTP time is continuous lies right behind the one before it, however late it
    came; media time follows our clock, and the sender's is bent to it sample by sample.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.stats = MicStats()
        self._origin_s: float | None = None
        self._end = 0
        """Media time up to which chunks have been given."""
        self._out: list[AudioChunk] = []
        self._base: int | None = None
        """Media time of RTP time 0."""
        self._last_s = float("-inf")
        self._polled_s: float | None = None
        self._grace_s = float("-inf")
        """Until then the length of our own stall, `_stalled_s`, does not count as silence."""
        self._stalled_s = 0.0
        self._floor: deque[tuple[float, int]] = deque(maxlen=256)
        """(arrival, lateness) of recent packets."""
        self._arrivals: deque[tuple[int, int, float]] = deque(maxlen=256)

    @property
    def speaking(self) -> bool:
        """A microphone's sound is worth nothing late: it may be left out."""
        return False

    def begin(self, now_s: float) -> None:
        """Media time 0 is `now_s`."""
        self._origin_s = now_s

    def push(self, now_s: float, rtp_pts: int, samples: F32) -> None:
        """Take f32[N] at 16 kHz whose first sample has the unwrapped RTP time `rtp_pts` (48 kHz).

        Non-finite samples become silence; before `begin` it is dropped.
        """
        if self._origin_s is None or not len(samples):
            return
        if not np.isfinite(np.dot(samples, samples)):
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        samples = np.minimum(np.maximum(samples, -1.0), 1.0)
        self.stats.heard += len(samples)
        self._last_s = now_s
        start = self._place(now_s, rtp_pts, len(samples))
        samples = self._bend(samples)
        late = min(max(0, self._end - start), len(samples))
        self.stats.late += late
        if late < len(samples):
            if start + late > self._end:
                self.stats.holes += start + late - self._end
            self._give(start + late, samples[late:])
            self._arrivals.append((start + late, self._end, now_s))

    def restart(self) -> None:
        """Another sender speaks from now on: its clock is placed anew by its first packet."""
        self._base = None
        self._floor.clear()

    def poll(self, now_s: float) -> list[AudioChunk]:
        """Chunks in order: sound as it came, silence where its time has passed without it."""
        if self._origin_s is not None:
            until = self._media(now_s) - self._hold(now_s)
            while self._end + CHUNK <= until:
                self.stats.silence += CHUNK
                self._give(self._end, np.zeros(CHUNK, np.float32))
        out, self._out = self._out, []
        return out

    def overtake(self, soonest: int) -> None:
        """Nothing of a microphone waits."""

    def heard_at(self, pts: int) -> float | None:
        """When the packet with the sample at `pts` arrived."""
        for start, end, arrival in reversed(self._arrivals):
            if start <= pts < end:
                return arrival
        return None

    def passed(self, cursor: int) -> list[SegmentEvent]:
        """A microphone has no segments."""
        return []

    def interrupt(self, cursor: int, restart: int) -> list[SegmentEvent]:
        """Forget what was heard after `restart`; silence takes its place in the next epoch."""
        self.epoch += 1
        self._end = min(self._end, restart)
        self._out.clear()
        # Silence up to now shall flow at once, whatever the microphone does.
        self._last_s = float("-inf")
        return []

    def _hold(self, now_s: float) -> int:
        """How late sound may be now before silence takes its place, in samples."""
        gap_s = 0.0 if self._polled_s is None else now_s - self._polled_s
        self._polled_s = now_s
        if gap_s > STALL_S:
            self._grace_s, self._stalled_s = now_s + GRACE_S, min(gap_s, 0.5)
        stalled_s = self._stalled_s if now_s < self._grace_s else 0.0
        if now_s - self._last_s >= ABSENT_S + stalled_s:
            return 0
        return HOLD + round(stalled_s * SAMPLE_RATE_HZ)

    def _media(self, now_s: float) -> int:
        assert self._origin_s is not None
        return int((now_s - self._origin_s) * SAMPLE_RATE_HZ)

    def _place(self, now_s: float, rtp_pts: int, count: int) -> int:
        """Media time of the first sample: where its clock says, or anew just in time."""
        ideal = self._media(now_s) - count
        if self._base is None:
            self._base = ideal - rtp_pts // RTP_STEP
        start = self._base + rtp_pts // RTP_STEP
        self._floor.append((now_s, ideal - start))
        while self._floor[0][0] < now_s - DRIFT_WINDOW_S:
            self._floor.popleft()
        earliest = self._earliest(SHIFT_S)
        if start - ideal > JUMP or not -EARLY_SHIFT <= earliest <= LATE_SHIFT:
            self.stats.resyncs += 1
            step = earliest or ideal - start
            self._base += step
            self._floor.clear()
            return start + step
        return start

    def _earliest(self, window_s: float) -> int:
        """Lateness of the best packet of the last `window_s`; 0 until it has been that long."""
        if not self._floor or self._floor[-1][0] - self._floor[0][0] < window_s * 0.8:
            return 0
        newest_s, earliest = self._floor[-1]
        for at, late in reversed(self._floor):
            if at < newest_s - window_s:
                break
            if late < earliest:
                earliest = late
        return earliest

    def _bend(self, samples: F32) -> F32:
        """Some samples more or less when even the earliest packets have drifted."""
        earliest = self._earliest(DRIFT_WINDOW_S)
        if len(samples) < CHUNK // 4 or abs(earliest) <= DRIFT_SLACK:
            return samples
        assert self._base is not None
        # Late packets mean a slow sender: its sound is stretched, and lies later from now on.
        step = (1 if abs(earliest) <= DRIFT_FAST else 4) * (1 if earliest > 0 else -1)
        count = len(samples) + step
        self._base += step
        self.stats.corrected += step
        self._floor = deque(((at, late - step) for at, late in self._floor), maxlen=256)
        positions = np.linspace(0, len(samples) - 1, count)
        return np.interp(positions, np.arange(len(samples)), samples).astype(np.float32)

    def _give(self, pts: int, samples: F32) -> None:
        samples = np.ascontiguousarray(samples, np.float32)
        samples.flags.writeable = False
        self._out.append(AudioChunk(pts, self.epoch, samples))
        self._end = pts + len(samples)
