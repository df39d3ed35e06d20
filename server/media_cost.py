"""What it takes to encode a picture on this machine.

Runs on a worker thread at the start, and in `synchrorama doctor`.
Never sends anything, and never counts what other programs take of the processor.
"""

from __future__ import annotations

import time
from fractions import Fraction
from statistics import median

from av import VideoFrame

from engines.values import FRAME_RATE_HZ, U8
from server.rtc.bitrate import make_codec
from server.tracks import to_i420

BIT_RATE = 1_200_000
"""What a session of 512 is given."""
UNCOUNTED = 5
"""The first picture is a key picture, and those after it mend it."""


class EncodeMeter:
    """Encodes pictures one by one as a session would, and remembers how long each took."""

    def __init__(self, size: int) -> None:
        """Pictures of `size` pixels square."""
        self._codec = make_codec(size, size, BIT_RATE)
        self._times: list[float] = []

    def add(self, image: U8) -> None:
        """Convert and encode u8[size,size,3] BGR, in processor time of this thread."""
        before_s = time.thread_time()
        frame = VideoFrame.from_ndarray(to_i420(image), format="yuv420p")
        frame.pts, frame.time_base = len(self._times), Fraction(1, FRAME_RATE_HZ)
        self._codec.encode(frame)
        self._times.append(time.thread_time() - before_s)

    def picture_s(self) -> float:
        """Seconds of a picture, the median; 0 where too few were encoded to tell."""
        counted = self._times[UNCOUNTED:]
        return median(counted) if counted else 0.0
