"""Sounds for tests that are made here: something webrtcvad takes for a voice, hum, noise.

Pure; used by the test's own thread.
Never reads a file.
"""

from __future__ import annotations

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ


def voice(seconds: float, *, level: float = 0.2, f0_hz: float = 120.0, seed: int = 0) -> F32:
    """A buzzing larynx through three wandering resonances: vowels at about 4 syllables a second."""
    rng = np.random.default_rng(seed)
    n = int(seconds * SAMPLE_RATE_HZ)
    t = np.arange(n) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * np.cumsum(f0_hz * (1 + 0.05 * np.sin(2 * np.pi * 3 * t))) / SAMPLE_RATE_HZ
    out = np.zeros(n)
    for harmonic in range(1, 30):
        hz = harmonic * f0_hz
        gain = sum(
            np.exp(-(((hz - centre * (1 + 0.15 * np.sin(2 * np.pi * 2 * t + centre))) / 120) ** 2))
            for centre in (550.0, 1500.0, 2500.0)
        )
        out += (gain + 0.02) / harmonic**0.5 * np.sin(harmonic * phase)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    out = out * syllables + 0.01 * rng.normal(size=n)
    scaled: F32 = (level * out / np.abs(out).max()).astype(np.float32)
    return scaled


def silence(seconds: float) -> F32:
    """Digital silence."""
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


def hum(seconds: float, *, level: float = 0.01, hz: float = 100.0) -> F32:
    """A mains hum with harmonics."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    out = np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(4 * np.pi * hz * t)
    return (level * out).astype(np.float32)


def noise(seconds: float, *, level: float = 0.003, seed: int = 0) -> F32:
    """White noise of that RMS."""
    rng = np.random.default_rng(seed)
    return (level * rng.normal(size=int(seconds * SAMPLE_RATE_HZ))).astype(np.float32)
