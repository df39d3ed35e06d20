"""Statistics of a stretch of voice: how its pitch, loudness, colour and rhythm lie and move.

Pure; used by the engine thread and by training alike.
Never measures an absolute level, so a microphone's gain changes nothing.

In the manner of GeMAPS (Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.emotion.voice import BANDS, CEPSTRA, ROW_NAMES, ROW_RATE_HZ
from engines.prosody import F0, LOUDNESS, PROSODY_SIZE, VOICED
from engines.values import F32

F64 = NDArray[np.float64]
ACTIVE_DB = 25.0
"""Rows so far below the loud ones (95th percentile) are pauses."""
MIN_ROWS = 20
MIN_VOICED = 10

_COLOUR = [ROW_NAMES.index(n) for n in ("hnr", "alpha", "hammarberg", "slope_low", "slope_mid")]
_COLOUR += [ROW_NAMES.index(n) for n in ("centroid", "flux")]
_CEPSTRA = list(range(PROSODY_SIZE, PROSODY_SIZE + CEPSTRA))
_BANDS = list(range(PROSODY_SIZE + CEPSTRA, PROSODY_SIZE + CEPSTRA + BANDS))
_MOVING = _COLOUR + _CEPSTRA
_HISS = [ROW_NAMES.index(n) for n in ("alpha", "centroid", "slope_mid", "flux")]

_PITCH_NAMES = (
    "mean",
    "sd",
    "p10",
    "p50",
    "p90",
    "range",
    "rise",
    "fall",
    "slope",
    "trend",
    "jump",
)
_LOUD_NAMES = ("sd", "p10", "p50", "range", "rise", "fall", "trend", "m2", "m4", "m8", "m16")
_RHYTHM_NAMES = ("voiced", "paused", "runs", "run_mean", "run_sd", "onsets")
_CONTOUR = np.arange(1, 5)
_PAIR_NAMES = (
    ("f0", "loudness"),
    ("loudness", "alpha"),
    ("f0", "alpha"),
    ("f0", "mfcc1"),
    ("loudness", "hnr"),
)
FUNCTIONAL_NAMES = (
    *(f"f0_{name}" for name in _PITCH_NAMES),
    *(f"loudness_{name}" for name in _LOUD_NAMES),
    *(f"voiced_{ROW_NAMES[i]}_mean" for i in _MOVING),
    *(f"voiced_{ROW_NAMES[i]}_sd" for i in _MOVING),
    *(f"active_{ROW_NAMES[i]}_mean" for i in _CEPSTRA),
    *(f"active_{ROW_NAMES[i]}_sd" for i in _CEPSTRA),
    *(f"hiss_{ROW_NAMES[i]}_mean" for i in _HISS),
    *(f"rhythm_{name}" for name in _RHYTHM_NAMES),
    *(f"voiced_{ROW_NAMES[i]}_p{p}" for p in (10, 50, 90) for i in _COLOUR),
    *(f"active_{ROW_NAMES[i]}_slope_sd" for i in _CEPSTRA),
    *(f"active_{ROW_NAMES[i]}_step" for i in _CEPSTRA),
    *(f"active_{ROW_NAMES[i]}_mean" for i in _BANDS),
    *(f"active_{ROW_NAMES[i]}_sd" for i in _BANDS),
    *(f"active_{ROW_NAMES[i]}_step_sd" for i in _BANDS),
    *(f"f0_dct{k}" for k in _CONTOUR),
    *(f"with_{a}_{b}" for a, b in _PAIR_NAMES),
)
FUNCTIONALS = len(FUNCTIONAL_NAMES)
_TOGETHER = [ROW_NAMES.index(n) for n in ("f0", "loudness", "alpha", "mfcc1", "hnr")]
_BEATS = 256
_BEAT_EDGES = np.searchsorted(
    np.fft.rfftfreq(_BEATS, 1.0 / ROW_RATE_HZ), (1.0, 3.0, 6.0, 12.0, 24.0)
).tolist()
"""Of the bands of its spectrum in which loudness is measured."""


def functionals(rows: F32) -> F32 | None:
    """Statistics f32[FUNCTIONALS] of voice rows f32[m,38]; None with too little voice in them."""
    loud = rows[:, LOUDNESS].astype(np.float64)
    if len(rows) < MIN_ROWS:
        return None
    top = float(percentiles(loud, (95,))[0])
    active = loud > top - ACTIVE_DB
    voiced = active & (rows[:, VOICED] > 0.0)
    if np.count_nonzero(voiced) < MIN_VOICED:
        return None
    kept = rows[active]
    sung = rows[voiced]
    hissed = rows[active & ~voiced]
    colours = sung[:, _MOVING]
    tones = kept[:, _CEPSTRA]
    values = [
        _pitch(rows[:, F0].astype(np.float64), voiced),
        _loudness(np.maximum(loud - top, -40.0)),
        *_mean_and_sd(colours),
        *_mean_and_sd(tones),
        (hissed if len(hissed) > 2 else kept)[:, _HISS].mean(axis=0),
        _rhythm(voiced, active),
        percentiles(sung[:, _COLOUR], (10, 50, 90)).ravel(),
        *_movement(rows, active),
        _contour(voiced.nonzero()[0], sung[:, F0]),
        _together(sung),
    ]
    return np.concatenate(values).astype(np.float32)


def percentiles(values: F32 | F64, percents: Sequence[float]) -> F64:
    """Of the columns of [n] or [n,C], n > 0: f64[P] or f64[P,C], linear between ranks.

    What `np.percentile` gives, bit for bit, without its many checks.
    """
    ordered: NDArray[Any] = np.sort(values, axis=0)
    last = len(values) - 1
    ranks = np.array(percents, np.float64) / 100.0 * last
    below = ranks.astype(np.intp)
    low, high = ordered[below], ordered[np.minimum(below + 1, last)]
    share = (ranks - below).reshape(-1, *(1,) * (values.ndim - 1))
    away = high - low
    # Counted from the nearer rank, as numpy does it.
    found: F64 = np.where(share < 0.5, low + away * share, high - away * (1.0 - share))
    return found


def _pitch(f0: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    heard = f0[voiced]
    low, middle, high = percentiles(heard, (10, 50, 90)).tolist()
    # Within voiced runs only; a step of half an octave in 10 ms is the tracker's, not the voice's.
    steps = (f0[1:] - f0[:-1])[voiced[1:] & voiced[:-1]]
    jumps = np.abs(steps) > 6.0
    steps = steps[~jumps]
    mean = _mean(heard)
    away = heard - mean
    return np.array(
        [
            mean,
            math.sqrt(_mean(away * away)),
            low,
            middle,
            high,
            high - low,
            *_ways(steps),
            _mean(np.abs(steps)),
            _trend(voiced.nonzero()[0], away),
            _share(jumps),
        ]
    )


def _loudness(level: NDArray[np.float64]) -> NDArray[np.float64]:
    low, middle, high = percentiles(level, (10, 50, 90)).tolist()
    steps = level[1:] - level[:-1]
    away = level - _mean(level)
    sd = math.sqrt(_mean(away * away))
    power = np.abs(np.fft.rfft(away, _BEATS)) ** 2
    bands = [float(np.add.reduce(power[a:b])) for a, b in pairwise(_BEAT_EDGES)]
    shares = np.log((np.array(bands) + 1e-3) / (sum(bands) + 1e-2))
    trend = _trend(np.arange(len(level)), away)
    return np.array([sd, low, middle, high - low, *_ways(steps), trend, *shares])


def _rhythm(voiced: NDArray[np.bool_], active: NDArray[np.bool_]) -> NDArray[np.float64]:
    edged = np.zeros(len(voiced) + 2, np.bool_)
    edged[1:-1] = voiced
    # Beginnings and ends take turns.
    edges = (edged[1:] != edged[:-1]).nonzero()[0]
    runs = (edges[1::2] - edges[::2]) / ROW_RATE_HZ
    mean = _mean(runs)
    away = runs - mean
    seconds = len(voiced) / ROW_RATE_HZ
    onsets = int(np.count_nonzero(active[1:] > active[:-1]))
    return np.array(
        [
            np.count_nonzero(voiced) / np.count_nonzero(active),
            1.0 - _share(active),
            len(runs) / seconds,
            mean,
            math.sqrt(_mean(away * away)),
            onsets / seconds,
        ]
    )


def _movement(rows: F32, active: NDArray[np.bool_]) -> list[F32]:
    """How the cepstra and the bands lie and change from row to row of active voice."""
    colour, bands = rows[:, _CEPSTRA], rows[:, _BANDS]
    pairs = active[1:] & active[:-1]
    slopes = (colour[4:] - colour[:-4]) / 4.0 + (colour[3:-1] - colour[1:-3]) / 8.0
    sloping = active[2:-2]
    kept = bands[active]
    steps = (bands[1:] - bands[:-1])[pairs]
    mean, sd = _mean_and_sd(kept)
    return [
        _mean_and_sd(slopes[sloping])[1] if sloping.any() else np.zeros(CEPSTRA, np.float32),
        np.abs((colour[1:] - colour[:-1])[pairs]).mean(axis=0),
        # Against the mean of all bands: the level of the recording cancels out.
        mean - kept.mean(),
        sd,
        _mean_and_sd(steps)[1],
    ]


def _mean_and_sd(values: F32) -> tuple[F32, F32]:
    """Of the columns of [n,C]: what `mean` and `std` give, bit for bit, the mean taken once."""
    count = np.float32(len(values))
    mean = np.add.reduce(values, axis=0) / count
    away = values - mean
    return mean, np.sqrt(np.add.reduce(away * away, axis=0) / count)


def _contour(places: NDArray[np.int64], f0: F32) -> NDArray[np.float64]:
    """The first cosine terms of pitch over the stretch."""
    share = (places - places[0]) / max(1, int(places[-1] - places[0]))
    terms = f0 * np.cos(np.pi * _CONTOUR[:, None] * share)
    mean: F64 = np.add.reduce(terms, axis=1) / len(f0)
    return mean


def _together(sung: F32) -> NDArray[np.float64]:
    """How pitch, loudness and colour go up and down together in voiced rows."""
    away = sung[:, _TOGETHER].astype(np.float64)
    away -= away.mean(axis=0)
    spread = np.sqrt((away**2).sum(axis=0)) + 1e-6
    joint = away.T @ away / np.outer(spread, spread)
    return np.array([joint[0, 1], joint[1, 2], joint[0, 2], joint[0, 3], joint[1, 4]])


def _ways(steps: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of the steps up and of the steps down."""
    return _mean(steps[steps > 0]), _mean(steps[steps < 0])


def _trend(places: NDArray[np.int64], values: F64) -> float:
    """Least-squares slope per second of values less their mean."""
    away = (places - _mean(places)) / ROW_RATE_HZ
    spread = float(away @ away)
    return float(away @ values) / spread if spread > 0.0 else 0.0


def _mean(values: NDArray[Any]) -> float:
    """Of f64[n] or whole numbers, 0 of none; `ndarray.mean` takes three times as long."""
    return float(np.add.reduce(values)) / len(values) if len(values) else 0.0


def _share(chosen: NDArray[np.bool_]) -> float:
    """How many of [n] are true, 0 of none."""
    return int(np.count_nonzero(chosen)) / len(chosen) if len(chosen) else 0.0
