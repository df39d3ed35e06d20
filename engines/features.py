"""Log-mel features of sound, streamed: the one implementation for training and for serving.

Pure and explicit: runs on the thread that calls it; the caller keeps the state.
Never normalises by a clip or a speaker, and never looks ahead of the samples it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, SAMPLE_RATE_HZ

MEL_BINS = 80
WINDOW = 400
"""25 ms."""
HOP = 160
"""10 ms: 4 rows to one video frame of 640 samples."""
FFT_SIZE = 512
LOW_HZ = 50.0
HIGH_HZ = 7600.0
POWER_FLOOR = 1e-8
"""-80 dB of full scale: below the room noise of any microphone, above 16-bit rounding."""
LOG_OFFSET = 12.0
LOG_SCALE = 4.0
"""row = (ln(power + floor) + offset) / scale: -1.6 in digital silence, +1.5 in loud vowels."""


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 2595.0 * np.log10(1.0 + hz / 700.0)
    return mel


def mel_filters() -> F32:
    """Triangular filters f32[80,257], each with weights that sum to 1 (O'Shaughnessy mel)."""
    low, high = _mel(np.array([LOW_HZ, HIGH_HZ]))
    points = np.linspace(low, high, MEL_BINS + 2)
    edges = 700.0 * (10.0 ** (points / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(FFT_SIZE, 1.0 / SAMPLE_RATE_HZ)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise = (bins - left) / (centre - left)
    fall = (right - bins) / (right - centre)
    # The lowest triangles are narrower than one FFT bin: give each at least its nearest bin.
    filters = np.maximum(0.0, np.minimum(rise, fall))
    nearest = np.abs(bins - centre).argmin(axis=1)
    empty = filters.sum(axis=1) < 1e-3
    filters[empty, nearest[empty]] = 1.0
    filters /= filters.sum(axis=1, keepdims=True)
    return filters.astype(np.float32)


@dataclass(slots=True)
class LogMelState:
    """What the next row still needs: the newest samples, fewer than one window."""

    tail: F32 = field(default_factory=lambda: np.zeros(WINDOW - HOP, np.float32))


class LogMel:
    """Row k of a stream covers samples [160 k - 240, 160 k + 160); zeros stand before sample 0."""

    def __init__(self) -> None:
        self._filters = np.ascontiguousarray(mel_filters())
        hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)
        # White noise of variance v then has mel power v in every row.
        self._window = (hann / np.sqrt(np.sum(hann**2))).astype(np.float32)

    def new_state(self) -> LogMelState:
        """State before the first sample."""
        return LogMelState()

    def power(self, state: LogMelState, samples: F32) -> F32:
        """Mel powers f32[m,80] (linear) of the rows that `samples` f32[n] complete.

        Any split of the stream gives the same bits: transforms of several rows at once are each
        row's own, and so are products of a stack of columns (those of one matrix are not).
        """
        sound = np.concatenate((state.tail, samples.astype(np.float32, copy=False)))
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        rows = np.empty((count, MEL_BINS, 1), np.float32)
        if count:
            spectra = np.fft.rfft(stretches(sound, WINDOW, HOP, count) * self._window, FFT_SIZE)
            powers = spectra.real**2 + spectra.imag**2
            np.matmul(self._filters, powers[:, :, None], out=rows)
        state.tail = sound[count * HOP :].copy()
        return rows[:, :, 0]

    def skip(self, state: LogMelState, samples: F32) -> None:
        """Move on over `samples` f32[n] whose rows are known."""
        sound = np.concatenate((state.tail, samples.astype(np.float32, copy=False)))
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        state.tail = sound[count * HOP :].copy()

    def step(self, state: LogMelState, samples: F32) -> F32:
        """Log-mel rows f32[m,80] that `samples` f32[n] in [-1, 1] complete; advances `state`."""
        return log_scale(self.power(state, samples))


def stretches(sound: F32, length: int, hop: int, count: int) -> F32:
    """f32[count,length] of a sound f32[n], contiguous: what begins every `hop` samples; a view."""
    # As `sliding_window_view` gives them, in a tenth of its time.
    return np.ndarray((count, length), np.float32, sound, strides=(4 * hop, 4))


def log_scale(power: F32) -> F32:
    """Mel power to the fixed log scale, any shape."""
    scaled: F32 = (np.log(power + np.float32(POWER_FLOOR)) + np.float32(LOG_OFFSET)) / np.float32(
        LOG_SCALE
    )
    return scaled
