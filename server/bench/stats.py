"""Quantiles with confidence, and drift between two ends of a run.

Pure; used by the bench's reports.
Never drops a sample: what is left out is decided, and said, before it comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
PIECE = 1_000_000
"""Samples drawn at a time."""
LONG = 5000
"""Samples past which fewer resamples do: 45,000 intervals would take half a minute."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of a table; all values in the unit of the samples."""

    count: int
    p50: float
    p95: float
    p99: float
    low: float
    """Smallest sample."""
    high: float
    """Largest sample."""
    p50_interval: tuple[float, float]
    """95 % confidence of p50 by the percentile bootstrap (Efron 1979), fixed seed."""
    p95_interval: tuple[float, float] = (0.0, 0.0)
    """The same of p95; of few samples (under 60) it is a guess, as every high quantile is."""
    p99_interval: tuple[float, float] = (0.0, 0.0)
    """The same of p99; of under 300 samples it says little."""


def summarise(samples: Sequence[float]) -> Summary | None:
    """Quantiles of the samples (linear interpolation), or None when there are none."""
    if not samples:
        return None
    values = np.asarray(samples, dtype=np.float64)
    p50, p95, p99 = (float(value) for value in np.percentile(values, [50, 95, 99]))
    rng = np.random.default_rng(0)
    tail = 50 * (1 - CONFIDENCE)
    count = len(values)
    if count == 1:
        only = (p50, p50)
        return Summary(1, p50, p95, p99, p50, p50, only, only, only)
    found: list[NDArray[np.float64]] = []
    # In pieces: a long run has tens of thousands of samples.
    piece = max(1, PIECE // count)
    for start in range(0, resamples := RESAMPLES if count <= LONG else RESAMPLES // 5, piece):
        chosen = rng.integers(0, count, (min(piece, resamples - start), count))
        found.append(np.percentile(values[chosen], [50, 95, 99], axis=1).T)
    low, high = np.percentile(np.concatenate(found), [tail, 100 - tail], axis=0)
    middle, upper, top = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    extent = (float(values.min()), float(values.max()))
    return Summary(len(values), p50, p95, p99, *extent, middle, upper, top)


@dataclass(frozen=True, slots=True)
class Drift:
    """The same measurement at both ends of a long run."""

    start: float
    """Median of the first window."""
    end: float
    """Median of the last window."""
    per_hour: float
    """Slope of a least-squares line through all samples, in units an hour."""

    @property
    def change(self) -> float:
        """End minus start."""
        return self.end - self.start


def drift(at_s: Sequence[float], samples: Sequence[float], window_s: float) -> Drift | None:
    """Drift of `samples` taken at `at_s` (ascending); None with fewer than two samples.

    The windows shrink to half the run where it is shorter than two of them.
    """
    if len(samples) < 2:
        return None
    times = np.asarray(at_s, dtype=np.float64)
    values = np.asarray(samples, dtype=np.float64)
    window_s = min(window_s, float(times[-1] - times[0]) / 2)
    head = values[times <= times[0] + window_s]
    tail = values[times >= times[-1] - window_s]
    centred = times - times.mean()
    spread = float(centred @ centred)
    slope = float(centred @ values) / spread if spread > 0 else 0.0
    return Drift(float(np.median(head)), float(np.median(tail)), slope * 3600)
