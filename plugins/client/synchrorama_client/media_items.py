"""Sound and picture as they are given to a program: arrays with their media time.

Pure values.
Never changed once made: they may be handed to several readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from av import VideoFrame

SOUND_HZ = 48_000


@dataclass(frozen=True, slots=True)
class Sound:
    """20 ms of the voice; silence flows too."""

    pts_s: float
    """Media time of its first sample: the same clock as `Picture.pts_s`."""
    pcm: bytes
    """PCM16 little endian, mono, 48 kHz."""

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.pcm) / 2 / SOUND_HZ

    @property
    def silent(self) -> bool:
        """Whether nothing is heard: below what the codec makes of silence (-66 dBFS)."""
        import numpy as np

        return bool(np.abs(np.frombuffer(self.pcm, "<i2").astype(np.int32)).max(initial=0) < 16)


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame, 25 a second."""

    pts_s: float
    """Media time at which it is shown."""
    frame: VideoFrame
    """As decoded, yuv420p: `to_ndarray(format="rgb24")` converts."""

    @property
    def width(self) -> int:
        """Pixels."""
        return self.frame.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.frame.height

    def rgb(self) -> bytes:
        """Width * height * 3 bytes."""
        return self.frame.to_ndarray(format="rgb24").tobytes()

    def i420(self) -> bytes:
        """Planar 4:2:0, width * height * 3 / 2 bytes."""
        return self.frame.to_ndarray(format="yuv420p").tobytes()


Item: TypeAlias = Sound | Picture
