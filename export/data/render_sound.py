"""Sound for pictures that have none: what somebody might have been saying with such a mouth.

Offline; pure but for reading the lips' examples once.
Never for a test: there a still stays silent.

Were video alone heard, a net would take sound for a sign of that one speaker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.features import MEL_BINS, log_scale
from engines.render.conditions import CONDITION_SIZE
from engines.values import F32, MOTION_SIZE
from export.data.render_pairs import Pairs

FILES = ("grid_train.npz", "voices_train.npz", "tts.npz")
HEARD_SHARE = 0.75
"""Of the pairs; the others stay silent."""
_FACE_HEIGHTS = 0.4
"""Mouth widths to face heights."""
_NEAR = 0.02
"""Share of all frames among which one of about the same opening is drawn."""
_SOUND = slice(MOTION_SIZE, MOTION_SIZE + MEL_BINS)
_IS_HEARD = CONDITION_SIZE - 3


@dataclass(frozen=True, slots=True)
class Voices:
    """Frames of speech by how far the lips part."""

    aperture: F32
    """f32[M] in face heights, rising."""
    sound: F32
    """f32[M,80]: mean of the four newest log-mel rows."""


def voices(folder: Path) -> Voices:
    """From the lips' training examples. Raises FileNotFoundError when there are none."""
    found = [folder / name for name in FILES if (folder / name).exists()]
    if not found:
        raise FileNotFoundError(f"{folder}: no lip examples; run `python -m export train lips`")
    apertures, sounds = [], []
    for path in found:
        with np.load(path, allow_pickle=False) as data:
            known = data["geometry_weight"] > 0
            apertures.append(data["geometry"][known, 0])
            sounds.append(log_scale(data["power"][known]).mean(1))
    aperture = np.concatenate(apertures)
    order = np.argsort(aperture, kind="stable")
    return Voices(aperture[order], np.concatenate(sounds)[order].astype(np.float32))


def heard(pairs: Pairs, spoken: Voices, mouth: bool, rng: np.random.Generator) -> Pairs:
    """Most of the pairs with sound: for mouths such as goes with the opening, for eyes any.

    Pairs that have sound keep theirs.
    """
    condition = pairs.condition.copy()
    silent = condition[:, _IS_HEARD] == 0
    rows = np.flatnonzero(silent & (rng.random(len(pairs)) < HEARD_SHARE))
    chosen = _like(pairs.open[rows], spoken, rng) if mouth else _any(len(rows), spoken, rng)
    condition[rows, _SOUND] = spoken.sound[chosen]
    condition[rows, _IS_HEARD] = 1
    return replace(pairs, condition=condition)


def _like(opening: F32, spoken: Voices, rng: np.random.Generator) -> NDArray[np.int64]:
    count = len(spoken.aperture)
    middle = np.searchsorted(spoken.aperture, _FACE_HEIGHTS * opening)
    reach = max(int(_NEAR * count / 2), 1)
    chosen = middle + rng.integers(-reach, reach + 1, len(opening))
    out: NDArray[np.int64] = np.clip(chosen, 0, count - 1).astype(np.int64)
    return out


def _any(count: int, spoken: Voices, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(len(spoken.aperture), size=count).astype(np.int64)
