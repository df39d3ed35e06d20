"""A loudspeaker, a room and a microphone: what a face says comes back, with a visitor over it.

Pure; used by tests.
Never draws from anything but its seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.turns.taker import Began, TurnEvent, TurnTaker
from engines.values import F32, SAMPLE_RATE_HZ
from tests.support import voices

HOP = 320


def face_voice(seconds: float, seed: int = 0) -> F32:
    """Sentences of 1 to 3 s with pauses between, of uneven loudness."""
    rng = np.random.default_rng(seed)
    out = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    at = SAMPLE_RATE_HZ // 2
    while at < len(out) - 4 * SAMPLE_RATE_HZ:
        long_s = float(rng.uniform(1, 3))
        level = float(rng.uniform(0.15, 0.4))
        phrase = voices.voice(long_s, level=level, f0_hz=float(rng.uniform(160, 230)), seed=at)
        # Words: what real speech has and the vowels of `voices` lack.
        words = np.repeat(rng.uniform(0.05, 1.0, len(phrase) // 2400 + 1), 2400)[: len(phrase)]
        out[at : at + len(phrase)] = phrase * words.astype(np.float32)
        at += len(phrase) + int(rng.uniform(0.3, 1.5) * SAMPLE_RATE_HZ)
    return out


@dataclass(frozen=True, slots=True)
class Room:
    """The way from what goes out to what comes in."""

    coupling_db: float
    delay_ms: float
    noise_db: float = -60.0
    seed: int = 0

    def microphone(self, out: F32, visitor: F32 | None = None) -> F32:
        """What is heard, f32[N] as long as `out`."""
        rng = np.random.default_rng(self.seed)
        tail = int(0.2 * SAMPLE_RATE_HZ)
        response = np.exp(-6.9 * np.arange(tail) / tail) * rng.normal(size=tail) * 0.03
        response[0] = 1.0
        size = 1 << (len(out) + tail).bit_length()
        echo = np.fft.irfft(np.fft.rfft(out, size) * np.fft.rfft(response, size), size)
        delay = int(self.delay_ms * SAMPLE_RATE_HZ / 1000)
        heard = np.concatenate((np.zeros(delay), echo))[: len(out)] * 10 ** (self.coupling_db / 20)
        heard += rng.normal(size=len(out)) * 10 ** (self.noise_db / 20)
        if visitor is not None:
            heard[: len(visitor)] += visitor[: len(heard)]
        return np.clip(heard, -1, 1).astype(np.float32)


def converse(taker: TurnTaker, out: F32, heard: F32) -> list[tuple[float, TurnEvent]]:
    """Play `out` and hear `heard` in step; events with their time in seconds."""
    events: list[tuple[float, TurnEvent]] = []
    for at in range(0, len(out) - HOP + 1, HOP):
        taker.played(out[at : at + HOP])
        found = taker.hear(heard[at : at + HOP])
        events += [((at + HOP) / SAMPLE_RATE_HZ, each) for each in found]
    return events


def began(events: list[tuple[float, TurnEvent]]) -> list[float]:
    """When somebody was taken to speak."""
    return [at_s for at_s, event in events if isinstance(event, Began)]
