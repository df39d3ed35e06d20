"""Prosody of sound, streamed: pitch, voicing, loudness and spectral balance in rows of 10 ms.

Pure and explicit: runs on the thread that calls it; the caller keeps the state.
Never looks ahead, never normalises by a clip or a speaker, never raises for what a microphone
sends.

Row k ends with sample 160 k + 160, as the rows of `engines.features.LogMel` do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from engines.features import stretches
from engines.vad import clean
from engines.values import F32, SAMPLE_RATE_HZ

F64 = NDArray[np.float64]
PROSODY_NAMES = (
    "f0",
    "voiced",
    "hnr",
    "loudness",
    "alpha",
    "hammarberg",
    "slope_low",
    "slope_mid",
    "centroid",
    "flux",
)
"""Columns of a row: f0 in semitones above 55 Hz (of the last voiced row where unvoiced, 0 before
the first); voiced 0 or 1; harmonics-to-noise ratio in dB, -20..40; loudness in dB of full scale,
-96..0; alpha ratio, Hammarberg index (both dB) and the two spectral slopes (dB per kHz) as in
GeMAPS (Eyben et al. 2016); spectral centroid in kHz; flux of the log spectrum in dB."""
PROSODY_SIZE = len(PROSODY_NAMES)
F0, VOICED, HNR, LOUDNESS = range(4)
HOP = 160
"""10 ms."""
WINDOW = 640
"""40 ms: three periods of 75 Hz, and still two of 50 Hz."""
FFT_SIZE = 1024
"""Room for the lags of MIN_HZ without wrapping round."""
MIN_HZ, MAX_HZ = 62.0, 500.0
REFERENCE_HZ = 55.0
CANDIDATES = 4
OCTAVE_COST = 0.04
"""Boersma's cost of a candidate per octave below MAX_HZ: of two equal peaks the higher wins."""
JUMP_COST = 0.35
"""Of a change by one octave between rows."""
VOICING_COST = 0.14
VOICING_THRESHOLD = 0.5
SILENCE_DB = -62.0
"""Below this level nothing is voiced."""
SILENT_DB = -96.0
POWER_FLOOR = 1e-10


@dataclass(slots=True)
class ProsodyState:
    """What the next row still needs."""

    tail: F32 = field(default_factory=lambda: np.zeros(WINDOW - HOP, np.float32))
    tracks: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    """Ends of the best pitch paths: (log2 Hz, score), the unvoiced one (0 Hz) first."""
    last_f0: float = 0.0
    """Semitones of the last voiced row."""
    spectrum_db: NDArray[np.float64] | None = None
    """f64[1,BANDS] of the last row."""


class Prosody:
    """Shared tables and the step; one state per stream."""

    def __init__(self) -> None:
        hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)
        self._window = (hann / np.sqrt(np.sum(hann**2))).astype(np.float64)
        hz = np.asarray(np.fft.rfftfreq(FFT_SIZE, 1.0 / SAMPLE_RATE_HZ), np.float64)
        # Pitch lives below 1.5 kHz: above it fricatives and hiss drown the periods.
        passed = 1.0 / (1.0 + (hz / 1500.0) ** 4) * (1.0 - np.exp(-((hz / 60.0) ** 4)))
        self._pitch_band = passed
        self._first_lag = int(SAMPLE_RATE_HZ / MAX_HZ) - 1
        self._last_lag = int(SAMPLE_RATE_HZ / MIN_HZ) + 2
        lags = slice(self._first_lag, self._last_lag)
        # Boersma 1993, eq. 9: the window's own autocorrelation is divided out.
        own = np.fft.irfft(np.abs(np.fft.rfft(self._window, FFT_SIZE)) ** 2)[lags]
        self._lag_gain = 1.0 / own
        self._khz = hz / 1000.0
        self._bands = np.searchsorted(hz, _BAND_EDGES)
        self._band_bins = np.diff(self._bands)
        self._ranges = np.searchsorted(hz, _RANGE_EDGES)
        centres = _BAND_EDGES[:-1] + 0.5 * np.diff(_BAND_EDGES)
        self._slopes = np.stack([_slope(centres, 0, 500), _slope(centres, 500, 1500)])
        self._below = slice(*np.searchsorted(centres, [0, 2000]))
        self._above = slice(*np.searchsorted(centres, [2000, 5000]))

    def new_state(self) -> ProsodyState:
        """State before the first sample: silence."""
        return ProsodyState()

    def step(self, state: ProsodyState, samples: F32) -> F32:
        """Rows f32[m,10] that `samples` f32[n] complete; advances `state`.

        No product mixes rows: any split of a stream gives the same bits.
        """
        sound = np.concatenate((state.tail, clean(samples)))
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        rows = np.empty((count, PROSODY_SIZE), np.float32)
        if count:
            parts = stretches(sound, WINDOW, HOP, count).astype(np.float64)
            parts -= np.add.reduce(parts, axis=1, keepdims=True) / WINDOW
            # Transforms of several rows at once are each row's own, bit for bit.
            spectra = np.fft.rfft(parts * self._window, FFT_SIZE)
            powers = spectra.real**2 + spectra.imag**2
            correlations = np.fft.irfft(powers * self._pitch_band)
            self._pitches(state, parts, correlations, rows)
            self._shapes(state, powers, rows)
        state.tail = sound[count * HOP :].copy()
        return rows

    def _pitches(self, state: ProsodyState, parts: F64, correlations: F64, rows: F32) -> None:
        """The first four columns of all rows."""
        ratios = correlations[:, self._first_lag : self._last_lag] * self._lag_gain
        ratios /= correlations[:, :1] + 1e-9
        peaks = _peaks(ratios, self._first_lag)
        newest = parts[:, -400:]
        levels = 10.0 * np.log10(_products(newest, newest) / 400.0 + 1e-12)
        for found, loudness, row in zip(peaks, levels.tolist(), rows, strict=True):
            loudness = max(SILENT_DB, loudness)
            f0 = _pitch(state, found, loudness)
            if f0 > 0.0:
                state.last_f0 = 12.0 * (f0 - math.log2(REFERENCE_HZ))
            strength = max([height for _, height in found], default=0.0)
            bounded = min(0.9999, max(0.0099, strength))
            harmonic = 10.0 * math.log10(bounded / (1.0 - bounded))
            row[:4] = (state.last_f0, float(f0 > 0.0), harmonic, loudness)

    def _shapes(self, state: ProsodyState, powers: F64, rows: F32) -> None:
        """The other columns of all rows."""
        means = _sums(powers, self._bands) / self._band_bins
        bands_db = 10.0 * np.log10(means + POWER_FLOOR)
        ranges = _sums(powers, self._ranges) + POWER_FLOOR
        totals = np.add.reduce(powers, axis=1) + POWER_FLOOR
        below = np.maximum.reduce(bands_db[:, self._below], axis=1)
        above = np.maximum.reduce(bands_db[:, self._above], axis=1)
        before = bands_db[:1] if state.spectrum_db is None else state.spectrum_db
        changes = bands_db - np.concatenate((before, bands_db[:-1]))
        rows[:, 4] = 10.0 * np.log10(ranges[:, 0] / ranges[:, 1])
        rows[:, 5] = below - above
        rows[:, 6:8] = (self._slopes @ bands_db[:, :, None])[:, :, 0]
        rows[:, 8] = (_products(powers, self._khz) + POWER_FLOOR) / totals
        rows[:, 9] = np.sqrt(_products(changes, changes) / BANDS)
        state.spectrum_db = bands_db[-1:].copy()


def _pitch(state: ProsodyState, found: list[tuple[float, float]], loudness: float) -> float:
    """Log2 Hz (0: unvoiced) of a row with these peaks.

    Boersma 1993 ("Accurate short-term analysis of the fundamental frequency..."), with the
    path search cut at the present row: the best path so far speaks, none is revised.
    """
    top = math.log2(MAX_HZ)
    unvoiced = VOICING_THRESHOLD + (1.0 if loudness < SILENCE_DB else 0.0)
    (_, rest), *voiced = state.tracks
    begins = rest - VOICING_COST
    tracks = [(0.0, unvoiced + max([rest, *[score - VOICING_COST for _, score in voiced]]))]
    for pitch, strength in found:
        moves = [score - JUMP_COST * abs(before - pitch) for before, score in voiced]
        arrive = max([begins, *moves])
        tracks.append((pitch, strength - OCTAVE_COST * (top - pitch) + arrive))
    ceiling = max([score for _, score in tracks])
    # Only differences count: keep them small, so that hours do not eat the digits.
    state.tracks = [(pitch, score - ceiling) for pitch, score in tracks]
    return max(state.tracks, key=itemgetter(1))[0]


_BAND_EDGES = np.concatenate((np.arange(0.0, 1500.0, 125.0), np.arange(1500.0, 7501.0, 500.0)))

_RANGE_EDGES = np.array([50.0, 1000.0, 5000.0])
BANDS = len(_BAND_EDGES) - 1


def _sums(powers: F64, edges: NDArray[np.intp]) -> F64:
    """f64[m,B] of f64[m,N]: sums between B + 1 edges, row by row the same bits."""
    sums: F64 = np.add.reduceat(powers[:, : edges[-1]], edges[:-1], axis=1)
    return sums


def _products(rows: F64, others: F64) -> F64:
    """f64[m] of f64[m,N] and f64[m,N] or f64[N]: one product a row, each with its own bits."""
    return (rows[:, None] @ others[..., None])[:, 0, 0]


def _slope(centres: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """The row that takes band levels in dB to their least-squares slope in dB per kHz."""
    inside = (centres >= low) & (centres < high)
    away = np.where(inside, centres - centres[inside].mean(), 0.0) / 1000.0
    row: NDArray[np.float64] = away / float(away @ away)
    return row


def _peaks(ratios: F64, first_lag: int) -> list[list[tuple[float, float]]]:
    """Of each row the strongest local maxima as (log2 Hz, height), by parabolic interpolation."""
    inner = ratios[:, 1:-1]
    rises = (inner > ratios[:, :-2]) & (inner >= ratios[:, 2:]) & (inner > 0.25)
    return [
        _tops(row, rise.nonzero()[0] + 1, first_lag)
        for row, rise in zip(ratios, rises, strict=True)
    ]


def _tops(ratios: F64, places: NDArray[np.intp], first_lag: int) -> list[tuple[float, float]]:
    if len(places) > CANDIDATES:
        # By worth, not by height: every multiple of a high voice's period is as high as the first.
        worth = ratios[places] - OCTAVE_COST * np.log2(first_lag + places)
        order = np.argsort(-worth, kind="stable")
        places = places[order[:CANDIDATES]]
    found = []
    for place in places.tolist():
        left, middle, right = ratios[place - 1 : place + 2].tolist()
        curve = left - 2.0 * middle + right
        shift = 0.5 * (left - right) / curve if curve < 0.0 else 0.0
        height = middle - 0.25 * (left - right) * shift
        # Interpolation between lags can overshoot a perfect period's 1.
        found.append((math.log2(SAMPLE_RATE_HZ / (first_lag + place + shift)), min(1.0, height)))
    return found
