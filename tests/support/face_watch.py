"""What the browser saw and heard, and how the mouth goes with the sound.

Pure; runs in the test process.
Never looks at motion values: pixels and sound only.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
GRID_MS = 10.0
QUIET = 0.02
"""Loudness (RMS) below which the returned voice counts as silence."""
SIDE = 72
"""Of the face pictures, pixels; brows at the top, chin at the bottom."""
STEADY = (slice(4, 40), slice(6, 66))
"""Brows, eyes, nose: they tell where the head is."""
MOUTH = (slice(40, 66), slice(16, 56))


@dataclass(frozen=True, slots=True)
class Watched:
    """A recording on one grid of GRID_MS."""

    loud: F64
    """f64[T]: RMS of the sound heard."""
    mouth: F64
    """f64[T]: grey levels between the mouth and its usual look in silence, the head's own
    movement taken out."""
    nose: F64
    """f64[T]: the same of brows, eyes and nose, which speech hardly moves."""
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
    quiet = np.interp(seen_ms, grid, resting_in(loud).astype(np.float64)) > 0.5
    if quiet.sum() < 20:
        raise ValueError("no silence was heard: is the microphone's sound right?")
    still = steadied([_picture(row[1]) for row in frames])
    away = np.abs(still - np.median(still[quiet], axis=0))
    return Watched(
        loud,
        np.interp(grid, seen_ms, away[:, MOUTH[0], MOUTH[1]].mean(axis=(1, 2))),
        np.interp(grid, seen_ms, away[:, STEADY[0], STEADY[1]].mean(axis=(1, 2))),
        len(frames),
        float(np.percentile(np.diff(seen_ms), 99)),
    )


def _picture(text: str) -> F32:
    raw = np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIDE, SIDE)
    return np.asarray(raw, np.float32)


def steadied(pictures: list[F32]) -> F32:
    """f32[F,SIDE,SIDE]: every picture moved so that brows, eyes and nose stay in place."""
    top, left = STEADY[0].start, STEADY[1].start
    first = pictures[len(pictures) // 2][STEADY].copy()
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 1e-3)
    no_mask = np.ones(first.shape, np.uint8)
    turn: F32 = np.eye(2, 3, dtype=np.float32)
    still = []
    for picture in pictures:
        # Evangelidis & Psarakis 2008 (ECC), from where the head was a moment ago.
        try:
            _, found = cv2.findTransformECC(
                first, picture[STEADY].copy(), turn, cv2.MOTION_EUCLIDEAN, enough, no_mask, 3
            )
            turn = np.asarray(found, np.float32)
        except cv2.error:
            turn = np.eye(2, 3, dtype=np.float32)  # A blink or a broken picture: taken as it is.
        whole = turn.copy()
        whole[:, 2] += np.array([left, top]) - turn[:, :2] @ np.array([left, top], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        still.append(
            cv2.warpAffine(
                picture, whole, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )
    return np.asarray(still, np.float32)


def talking(watched: Watched) -> NDArray[np.bool_]:
    """bool[T]: sound is heard."""
    return np.asarray(watched.loud > 2 * QUIET)


def resting(watched: Watched) -> NDArray[np.bool_]:
    """bool[T]: silent for a second or longer; the mouth has closed by then."""
    return resting_in(watched.loud)


def resting_in(loud: F64) -> NDArray[np.bool_]:
    """The same of a loudness on the grid."""
    span = round(1000 / GRID_MS)
    heard = np.concatenate([np.ones(span), loud > QUIET])
    sums = np.convolve(heard, np.ones(span), mode="valid")[1:]
    return np.asarray(sums[: loud.size] == 0)


def lag_ms(watched: Watched, reach_ms: float = 400) -> tuple[float, float]:
    """(sound minus picture in ms, + is sound first; correlation there) at the best lag."""
    reach = round(reach_ms / GRID_MS)
    loud = np.sqrt(np.clip(watched.loud, 0, None))
    best = (0.0, -1.0)
    for lag in range(-reach, reach + 1):
        sound = loud[reach : -reach or None]
        mouth = watched.mouth[reach + lag : watched.mouth.size - reach + lag]
        r = float(np.corrcoef(sound, mouth[: sound.size])[0, 1])
        if r > best[1]:
            best = (lag * GRID_MS, r)
    return best
