"""Sound of any text to speech as the server takes it: one voice, a rate that it knows.

Pure, but for the resampler that is given.
Never changes what fits already.
"""

from __future__ import annotations

import numpy as np

FALLBACK_HZ = 24_000


def mono(pcm: bytes, channels: int) -> bytes:
    """The mean of `channels` interleaved ones. Raises ValueError when it is not PCM16 of them."""
    if channels < 1 or len(pcm) % (2 * channels):
        raise ValueError(f"{len(pcm)} bytes are not PCM16 of {channels} channels")
    if channels == 1:
        return pcm
    mixed = np.frombuffer(pcm, "<i2").reshape(-1, channels).mean(axis=1)
    return np.round(mixed).astype("<i2").tobytes()


def rate_for(rate_hz: int, taken_hz: tuple[int, ...]) -> int:
    """`rate_hz` where the server takes it, else 24 kHz (or the next best it has)."""
    if rate_hz in taken_hz:
        return rate_hz
    return min(taken_hz, key=lambda each: abs(each - FALLBACK_HZ))
