"""The ways in for sound: decoded microphone frames and pushed PCM, to 16 kHz mono f32.

Runs on the event loop.
Never waits: a frame that comes is converted and handed on at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from av import AudioFrame

from engines.values import F32, SAMPLE_RATE_HZ
from server.push_timeline import PushRefused, PushTimeline
from server.resample import Resampler

PUSH_RATES_HZ = (8_000, 48_000)
"""Lowest and highest sample rate of pushed speech."""
RTP_HZ = 48_000
"""Clock of Opus (RFC 7587); aiortc maps the others' pts to their own rate."""
_SCALE = 1 / 32768


class MicSink(Protocol):
    """Where a microphone's sound goes: `server.timeline.MicTimeline` is one."""

    def push(self, now_s: float, rtp_pts: int, samples: F32) -> None:
        """Take f32[N] at 16 kHz whose first sample has the unwrapped RTP time `rtp_pts`."""

    def restart(self) -> None:
        """What comes next is another microphone's, with RTP times of its own."""


class MicReader:
    """Converts the frames of one remote audio track and puts them on a MicSink.

    `feed` is what `server.peer.Peer` calls with each decoded frame.
    """

    def __init__(
        self,
        timeline: MicSink,
        on_pushed: Callable[[], None] = lambda: None,
        on_heard: Callable[[F32], None] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_pushed` is called after each frame, so that its sound moves on at once.

        `on_heard` is given each frame's samples too; a hole in the stream is not filled there.
        """
        self._timeline = timeline
        self._on_pushed = on_pushed
        self._on_heard = on_heard
        self._clock = clock
        self._rate_hz = 0
        self._next: int | None = None
        self._spare = 0
        self.last_heard_s: float | None = None
        """When the last frame came, for the watchdog."""
        self.frames = 0
        self.gaps = 0

    def feed(self, frame: AudioFrame) -> None:
        """Take a decoded frame (s16, any rate and layout)."""
        now_s = self._clock()
        self.last_heard_s = now_s
        self.frames += 1
        if frame.sample_rate != self._rate_hz:
            self._restart(frame.sample_rate)
        pts = _rtp_pts(frame)
        if pts != self._next:
            # The filter must not run over a hole as if the sound on both sides were neighbours.
            self.gaps += self._next is not None
            self._state = self._resampler.new_state()
            self._spare = 0
        mono = _mono(frame)
        samples = self._resampler.step(self._state, mono)
        # Later blocks begin with the sound that was still under the filter.
        start = pts - self._spare * RTP_HZ // SAMPLE_RATE_HZ
        self._spare += len(mono) * SAMPLE_RATE_HZ // frame.sample_rate - len(samples)
        self._next = pts + len(mono) * RTP_HZ // frame.sample_rate
        self._timeline.push(now_s, start, samples)
        self._on_pushed()
        if self._on_heard is not None:
            self._on_heard(samples)

    def restart(self) -> None:
        """Another microphone speaks from now on."""
        self._next = None
        self._spare = 0
        self._timeline.restart()

    def _restart(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz, SAMPLE_RATE_HZ)
        self._state = self._resampler.new_state()
        self._next = None
        self._spare = 0

    @property
    def delay_s(self) -> float:
        """Seconds that the resampler holds sound back, once its rate is known."""
        return self._resampler.delay_s if self._rate_hz else 0.0


class PushReader:
    """Converts pushed 16-bit PCM of one websocket and puts it on a PushTimeline."""

    def __init__(self, timeline: PushTimeline) -> None:
        self._timeline = timeline
        self._resampler: Resampler | None = None
        self._rate_hz = 0
        self._fed = 0

    @property
    def sent(self) -> int:
        """Samples at 16 kHz that the sound of the open segment comes to, by now."""
        return round(self._fed * SAMPLE_RATE_HZ / self._rate_hz) if self._rate_hz else 0

    def start(self, sample_rate_hz: int, segment: str | None = None) -> str:
        """Open a segment of speech at `sample_rate_hz` (8 to 48 kHz); returns its name.

        Raises PushRefused.
        """
        low, high = PUSH_RATES_HZ
        if not low <= sample_rate_hz <= high:
            raise PushRefused(f"sample_rate: got {sample_rate_hz}, wanted {low} to {high}")
        name = self._timeline.start_segment(segment)
        self._resampler = Resampler(sample_rate_hz, SAMPLE_RATE_HZ)
        self._state = self._resampler.new_state()
        self._rate_hz, self._fed = sample_rate_hz, 0
        return name

    def feed(self, data: bytes) -> None:
        """Take little-endian 16-bit mono PCM. Raises PushRefused (nothing is taken)."""
        if self._resampler is None:
            raise PushRefused("no segment is open: send start first")
        if len(data) % 2:
            raise PushRefused(f"PCM of {len(data)} bytes: wanted whole 16-bit samples")
        pcm = np.frombuffer(data, dtype="<i2").astype(np.float32) * np.float32(_SCALE)
        if len(pcm) * self._resampler.up / self._resampler.down > (
            self._timeline.room_s * SAMPLE_RATE_HZ
        ):
            # Before the resampler moves on, so that the same piece can be sent again.
            self._timeline.refuse()
        self._timeline.push(self._resampler.step(self._state, pcm))
        self._fed += len(pcm)

    def end(self, segment: str | None = None) -> None:
        """Close the open segment. Raises PushRefused."""
        resampler = self._resampler
        if resampler is not None and self._timeline.room_s > resampler.delay_s:
            # What is still under the filter.
            tail = np.zeros(2 * resampler.half, np.float32)
            self._timeline.push(resampler.step(self._state, tail))
        self._timeline.end_segment(segment)
        self._resampler = None


def _rtp_pts(frame: AudioFrame) -> int:
    """The frame's time in units of 1 / 48000 s."""
    if frame.pts is None:
        return 0
    base = frame.time_base
    if base is None:
        return frame.pts * RTP_HZ // frame.sample_rate
    return frame.pts * RTP_HZ * base.numerator // base.denominator


def _mono(frame: AudioFrame) -> F32:
    """f32[N] in [-1, 1]: the mean of the channels of a packed or planar s16 frame."""
    data = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if channels == 1:
        mixed = data[0].astype(np.float32)
    elif frame.format.is_planar:
        mixed = data.astype(np.float32).mean(axis=0)
    else:
        apart = data.reshape(-1, channels)
        if channels == 2:
            # Means of rows of two are summed one by one, and slowly.
            both = np.add(apart[:, 0], apart[:, 1], dtype=np.float32)
            return np.asarray(both * np.float32(_SCALE / 2), np.float32)
        mixed = apart.astype(np.float32).mean(axis=1)
    return np.asarray(mixed * np.float32(_SCALE), np.float32)
