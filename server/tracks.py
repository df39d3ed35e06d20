"""The two tracks an aiortc peer sends: the avatar's voice and its picture.

`recv` runs on the event loop; colour conversion of large pictures on the codec pool.
Never paces, polls or makes anything up: each waits for its mailbox, which the player feeds.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from fractions import Fraction
from typing import TypeVar

import cv2
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

from engines.mailbox import Mailbox
from engines.values import F32, SAMPLE_RATE_HZ, U8
from server.codec_pool import CodecPool
from server.playout import Sound, Still
from server.resample import Resampler

T = TypeVar("T")

AUDIO_HZ = 48_000
AUDIO_TIME_BASE = Fraction(1, AUDIO_HZ)
VIDEO_HZ = 90_000
VIDEO_TIME_BASE = Fraction(1, VIDEO_HZ)
CONVERTED_HERE = 512 * 512 * 3
"""Bytes of a picture up to which converting it (0.1 ms) costs less than handing it over."""


class _Track(MediaStreamTrack):
    """A track that ends on `stop`, whoever waits in `recv`."""

    def __init__(self) -> None:
        super().__init__()
        self._wake = asyncio.Event()
        self.due_s: float | None = None
        """When what was taken last was due, by the player's monotonic clock."""

    def stop(self) -> None:
        """End the track. Idempotent."""
        super().stop()
        self._wake.set()

    async def _take(self, mailbox: Mailbox[T]) -> T:
        """The next item, put there on this loop. Raises MediaStreamError when the track ends."""
        while True:
            if self.readyState != "live":
                raise MediaStreamError
            item = mailbox.get()
            if item is not None:
                return item
            self._wake.clear()
            await self._wake.wait()


class AvatarAudioTrack(_Track):
    """48 kHz s16 mono in frames of 960 samples."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        # 100 ms; drops the oldest: sound that waits longer than that would only add delay.
        self.mailbox: Mailbox[Sound] = Mailbox(
            "audio-out", 5, "drop-oldest", on_put=lambda: self._wake.set()
        )
        self.sent = 0
        self._resampler = Resampler(SAMPLE_RATE_HZ, AUDIO_HZ)
        self._state = self._resampler.new_state()
        # Primed, so that each 320 samples give 960, at the price of the filter's 0.75 ms.
        self._resampler.step(self._state, np.zeros(self._resampler.half, np.float32))

    async def recv(self) -> AudioFrame:
        """The next 20 ms. Raises MediaStreamError when the track has ended."""
        sound = await self._take(self.mailbox)
        self.due_s = sound.due_s
        frame = _audio_frame(self._resampler.step(self._state, sound.samples))
        frame.pts = sound.pts * AUDIO_HZ // SAMPLE_RATE_HZ
        self.sent += 1
        return frame


class AvatarVideoTrack(_Track):
    """yuv420p at the size of its pictures, which must not change (it would cost a key frame)."""

    kind = "video"

    def __init__(self, pool: CodecPool) -> None:
        super().__init__()
        self._pool = pool
        # Drops the oldest: an encoder that cannot keep up shall send what is new.
        self.mailbox: Mailbox[Still] = Mailbox(
            "video-out", 2, "drop-oldest", on_put=lambda: self._wake.set()
        )
        self.sent = 0
        self.encode_s: deque[float] = deque(maxlen=250)
        """Seconds from handing a frame over to being asked for the next: encoding and sending."""
        self._handed_s: float | None = None
        self._last: tuple[U8, U8] | None = None

    async def recv(self) -> VideoFrame:
        """The next picture. Raises MediaStreamError when the track has ended."""
        if self._handed_s is not None:
            self.encode_s.append(time.monotonic() - self._handed_s)
        still = await self._take(self.mailbox)
        self.due_s = still.due_s
        if self._last is None or self._last[0] is not still.image:
            self._last = (still.image, await self._planar(still.image))
        # A new frame each time: aiortc marks it for a key picture, and would again when resent.
        frame = VideoFrame.from_numpy_buffer(self._last[1], format="yuv420p")
        frame.pts = still.pts * VIDEO_HZ // SAMPLE_RATE_HZ
        frame.time_base = VIDEO_TIME_BASE
        self.sent += 1
        self._handed_s = time.monotonic()
        return frame

    async def _planar(self, image: U8) -> U8:
        if image.size <= CONVERTED_HERE:
            return to_i420(image)
        return await self._pool.run(to_i420, image)


def to_i420(image: U8) -> U8:
    """u8[H,W,3] BGR to u8[H*3/2,W] planar 4:2:0; H and W are even."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)


def _audio_frame(samples: F32) -> AudioFrame:
    """f32[N] to an s16 frame of N samples."""
    pcm = np.rint(np.minimum(np.maximum(samples, -1.0), 1.0) * 32767).astype(np.int16)
    frame = AudioFrame("s16", "mono", len(pcm))
    frame.planes[0].update(pcm)
    frame.sample_rate = AUDIO_HZ
    frame.time_base = AUDIO_TIME_BASE
    return frame
