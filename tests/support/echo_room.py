"""What a face says, for tests of its echo (`server.bench.echo` has the room).

Pure; used by tests.
Never draws from anything but its seed.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ
from tests.support import voices


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
