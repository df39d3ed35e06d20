"""Streaming change of sample rate: polyphase windowed sinc, numpy only.

Pure; runs on the event loop (20 ms of sound take about 0.02 ms).
Never buffers more than its filter's length; holds no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd

import numpy as np

from engines.values import F32

ZEROS = 12
"""Zero crossings on each side of the sinc, at the lower of the two rates."""
CUTOFF = 0.92
"""Of the lower Nyquist frequency: the rest is the filter's slope."""
KAISER_BETA = 8.0
"""About 80 dB of stop band."""
FEW_PHASES = 8
"""Up to so many rows of the filter each is run by itself; the outputs are the same bit for bit."""


@dataclass(slots=True)
class ResamplerState:
    """One stream's position; made by `Resampler.new_state`."""

    history: F32
    """Input samples still under the filter."""
    phase: int = 0
    """Position of the next output in `history`, in units of 1 / up."""


class Resampler:
    """From `source_hz` to `target_hz`; shared by any number of streams.

    Output k stands for input time k * source / target; it needs `delay_s` more input than that,
    so the output lags by that much. Any split of the input gives the same output.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        """Raises ValueError when a rate is not positive."""
        if source_hz <= 0 or target_hz <= 0:
            raise ValueError(f"rates must be positive, got {source_hz} and {target_hz}")
        divisor = gcd(source_hz, target_hz)
        self.up, self.down = target_hz // divisor, source_hz // divisor
        self.half, self._bank = _filter_bank(self.up, self.down)
        self.delay_s = self.half / source_hz
        """Seconds of input that must be heard after an instant before its output."""

    def new_state(self) -> ResamplerState:
        """The state of a new stream, as if silence came before."""
        return ResamplerState(np.zeros(self.half - 1, np.float32))

    def step(self, state: ResamplerState, samples: F32) -> F32:
        """Take f32[N]; return the output samples it completed."""
        buffer = np.concatenate((state.history, samples))
        taps = 2 * self.half
        # Output at phase p reads buffer[p // up : p // up + taps].
        if (len(buffer) - taps + 1) * self.up <= state.phase:
            state.history = buffer
            return np.empty(0, np.float32)
        # What `sliding_window_view` gives, without its checks: they cost more than the filter.
        step = buffer.strides[0]
        windows: F32 = np.ndarray(
            (len(buffer) - taps + 1, taps), buffer.dtype, buffer, strides=(step, step)
        )
        output = self._filtered(windows, state.phase)
        following = state.phase + len(output) * self.down
        consumed = min(following // self.up, len(buffer))
        state.history = buffer[consumed:].copy()
        state.phase = following - consumed * self.up
        return output

    def _filtered(self, windows: F32, phase: int) -> F32:
        """Every output that f32[N, taps] holds from position `phase` on, in units of 1 / up."""
        count = (len(windows) * self.up - phase - 1) // self.down + 1
        if self.up > FEW_PHASES:
            positions = np.arange(phase, phase + count * self.down, self.down)
            rows = self._bank[positions % self.up]
            return np.asarray(np.einsum("ij,ij->i", windows[positions // self.up], rows))
        output = np.empty(count, np.float32)
        # Every `up`-th output has the same row of the bank, and windows `down` apart: no copies.
        for first in range(min(self.up, count)):
            start, row = divmod(phase + first * self.down, self.up)
            part = output[first :: self.up]
            np.einsum("ij,j->i", windows[start :: self.down], self._bank[row], out=part)
        return output


@lru_cache(maxsize=16)
def _filter_bank(up: int, down: int) -> tuple[int, F32]:
    """Half the filter's length in input samples, and f32[up, 2 * half], one row for each phase."""
    if up == down:
        return 1, np.array([[1.0, 0.0]], np.float32)
    # In input samples one zero crossing is 1 / (relative cutoff).
    cutoff = CUTOFF * min(1.0, up / down)
    half = ceil(ZEROS * max(1.0, down / up))
    offsets = np.arange(-half + 1, half + 1)[None, :] - np.arange(up)[:, None] / up
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, 1)))
    bank = np.sinc(offsets * cutoff) * window
    bank /= bank.sum(axis=1, keepdims=True)
    return half, bank.astype(np.float32)
