"""What the browser saw and heard, and how the mouth goes with the sound.

Pure; runs in the test process.
Never looks at motion values: pixels and sound only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
GRID_MS = 10.0
QUIET = 0.02
"""Loudness (RMS) below which the returned voice counts as silence."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A recording on one grid of GRID_MS; `open_px` and `brow_px` are grey levels."""

    loud: F64
    """f64[T]: RMS of the sound heard."""
    open_px: F64
    """f64[T]: how far the mouth's surroundings are from their usual look in silence."""
    brow_px: F64
    """f64[T]: the same of the forehead, which speech hardly moves."""
    frames: int
    gap_p99_ms: float
    """Between shown pictures."""


def read(recording: dict[str, Any]) -> Watched:
    """From what tests/e2e/watch.js returned. Raises ValueError when too little was seen."""
    frames, sounds = recording["frames"], recording["sounds"]
    if len(frames) < 50 or len(sounds) < 200:
        raise ValueError(f"only {len(frames)} pictures and {len(sounds)} sound values")
    seen_ms = np.array([row[0] for row in frames], np.float64)
    heard_ms = np.array([row[0] for row in sounds], np.float64)
    grid = np.arange(max(seen_ms[0], heard_ms[0]), min(seen_ms[-1], heard_ms[-1]), GRID_MS)
    loud = np.interp(grid, heard_ms, [row[1] for row in sounds])
    loud = np.convolve(loud, np.ones(6) / 6, mode="same")
    shown = np.interp(seen_ms, grid, loud)
    quiet = _long_quiet(shown)
    parts = [np.array([row[k] for row in frames], np.float64) for k in (1, 2)]
    moved = [np.abs(part - np.median(part[quiet], axis=0)).mean(axis=1) for part in parts]
    return Watched(
        loud,
        np.interp(grid, seen_ms, moved[0]),
        np.interp(grid, seen_ms, moved[1]),
        len(frames),
        float(np.percentile(np.diff(seen_ms), 99)),
    )


def _long_quiet(loud: F64) -> NDArray[np.bool_]:
    """Pictures with a second of silence before them: the mouth has closed by then."""
    quiet = np.array([bool((loud[max(0, i - 25) : i + 1] < QUIET).all()) for i in range(loud.size)])
    quiet[:25] = False
    if quiet.sum() < 20:
        raise ValueError("no silence was heard: is the microphone's sound right?")
    return quiet


def talking(watched: Watched) -> NDArray[np.bool_]:
    """bool[T]: sound is heard."""
    return np.asarray(watched.loud > 2 * QUIET)


def resting(watched: Watched) -> NDArray[np.bool_]:
    """bool[T]: silent for a second or longer."""
    span = round(1000 / GRID_MS)
    loud = np.concatenate([np.full(span, np.inf), (watched.loud > QUIET).astype(np.float64)])
    sums = np.convolve(np.where(np.isinf(loud), 1, loud), np.ones(span), mode="valid")[1:]
    return np.asarray(sums[: watched.loud.size] == 0)


def lag_ms(watched: Watched, reach_ms: float = 400) -> tuple[float, float]:
    """(sound minus picture in ms, + is sound first; correlation there) at the best lag."""
    reach = round(reach_ms / GRID_MS)
    loud = np.sqrt(np.clip(watched.loud, 0, None))
    best = (0.0, -1.0)
    for lag in range(-reach, reach + 1):
        sound = loud[reach : -reach or None]
        mouth = watched.open_px[reach + lag : watched.open_px.size - reach + lag]
        r = float(np.corrcoef(sound, mouth[: sound.size])[0, 1])
        if r > best[1]:
            best = (lag * GRID_MS, r)
    return best
