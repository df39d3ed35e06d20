"""Figures that compare predicted with tracked lips.

Offline; pure functions of arrays.
Never scores the silence around the speech: half the frames of GRID are a shut mouth, and any
curve that follows the shared timing of its clips looks good there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, FRAME_RATE_HZ
from export.data.lip_geometry import CLOSED_GAP
from export.data.phones import BILABIAL, OPEN_VOWELS, Phone

MAX_LAG = 4
WIDEN_FRAMES = 1


@dataclass(frozen=True, slots=True)
class Track:
    """One clip: tracked (`real`) and predicted (`made`) distances f32[F,G], and its phones."""

    name: str
    real: F32
    made: F32
    span: tuple[int, int]
    """First and one past the last frame of speech."""
    phones: list[Phone]


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Pearson r; 0 when one of them does not move."""
    if len(a) < 3 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _paired(tracks: Sequence[Track], column: int, lag: int) -> tuple[F32, F32]:
    """In-speech values of all clips; `lag` > 0 takes `made` that many frames later."""
    real, made = [], []
    for track in tracks:
        frames = np.arange(*track.span)
        frames = frames[(frames + lag >= 0) & (frames + lag < len(track.made))]
        frames = frames[frames < len(track.real)]
        real.append(track.real[frames, column])
        made.append(track.made[frames + lag, column])
    return np.concatenate(real), np.concatenate(made)


@dataclass(frozen=True, slots=True)
class Follow:
    """How one distance follows the real one in speech."""

    r: float
    lag: int
    """Frames by which it is late (best correlation)."""
    r_at_lag: float
    sd_ratio: float
    mean_ratio: float


def follow(tracks: Sequence[Track], column: int) -> Follow:
    """Pooled over clips."""
    by_lag = {
        lag: correlation(*_paired(tracks, column, lag)) for lag in range(-MAX_LAG, MAX_LAG + 1)
    }
    lag = max(by_lag, key=lambda k: by_lag[k])
    real, made = _paired(tracks, column, 0)
    sd = float(made.std() / max(1e-9, float(real.std())))
    mean = float(made.mean() / real.mean()) if abs(float(real.mean())) > 1e-9 else 0.0
    return Follow(by_lag[0], lag, by_lag[lag], sd, mean)


@dataclass(frozen=True, slots=True)
class Closure:
    """Lips closed where they must be, and not where they must not."""

    bilabials: int
    closed: float
    vowels: int
    vowels_closed: float
    frame_f1: float
    """Of closed frames in speech, against the tracked ones."""


def _frames_of(phone: Phone, count: int, widen: int) -> slice:
    _, start, end = phone
    first = int(np.floor(start * FRAME_RATE_HZ)) - widen
    last = int(np.ceil(end * FRAME_RATE_HZ)) + widen
    return slice(max(0, first), min(count, last))


def closures(
    tracks: Sequence[Track], *, real: bool = False, threshold: float = CLOSED_GAP
) -> Closure:
    """p, b, m closed in at least one of their frames (widened by one); open vowels' centres.

    `real` scores the tracked video itself: the ceiling.
    """
    hits: list[bool] = []
    wrong: list[bool] = []
    both = made_closed = real_closed = 0
    for track in tracks:
        gap = (track.real if real else track.made)[:, 0]
        for phone in track.phones:
            if phone[0] in BILABIAL:
                part = gap[_frames_of(phone, len(gap), WIDEN_FRAMES)]
                if len(part):
                    hits.append(bool(part.min() < threshold))
            elif phone[0] in OPEN_VOWELS:
                centre = round((phone[1] + phone[2]) / 2 * FRAME_RATE_HZ)
                if centre < len(gap):
                    wrong.append(bool(gap[centre] < threshold))
        first, last = track.span
        made, truth = gap[first:last] < threshold, track.real[first:last, 0] < CLOSED_GAP
        size = min(len(made), len(truth))
        both += int((made[:size] & truth[:size]).sum())
        made_closed += int(made[:size].sum())
        real_closed += int(truth[:size].sum())
    return Closure(
        bilabials=len(hits),
        closed=float(np.mean(hits)) if hits else 0.0,
        vowels=len(wrong),
        vowels_closed=float(np.mean(wrong)) if wrong else 0.0,
        frame_f1=2.0 * both / max(1, made_closed + real_closed),
    )


def with_made(tracks: Sequence[Track], made: Sequence[F32]) -> list[Track]:
    """The same clips with other predictions, cut to equal length."""
    out = []
    for track, other in zip(tracks, made, strict=True):
        size = min(len(other), len(track.real))
        out.append(Track(track.name, track.real[:size], other[:size], track.span, track.phones))
    return out
