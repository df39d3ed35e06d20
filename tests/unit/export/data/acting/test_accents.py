"""Stress: peaks bring nods and brows, steady or no sound brings none."""

from __future__ import annotations

import numpy as np

from export.data.acting.accents import BROW, NOD_RAD, REST_FRAMES, Accent, new_accents, step_accents


def run(energy: list[float], *, seed: int = 0, speaking: bool = True) -> list[Accent]:
    state = new_accents(np.random.default_rng(seed))
    return [step_accents(state, speaking, value) for value in energy]


SYLLABLES = [0.2 + 0.6 * (at % 10 < 3) for at in range(25 * 120)]


def test_peaks_bring_nods_and_brows() -> None:
    accents = run(SYLLABLES)
    nods = [accent.nod for accent in accents if accent.nod]
    assert 20 < len(nods) < 120
    assert all(NOD_RAD[0] <= nod <= NOD_RAD[1] for nod in nods)
    brows = np.array([(accent.brow_left, accent.brow_right) for accent in accents])
    assert 0.1 < brows.max() <= BROW[1] * 1.2
    assert brows.min() >= 0.0
    assert np.abs(np.diff(brows, axis=0)).max() < 0.08


def test_accents_keep_their_distance() -> None:
    at = [number for number, accent in enumerate(run(SYLLABLES)) if accent.nod]
    assert np.diff(at).min() >= REST_FRAMES[0]


def test_a_steady_voice_brings_none() -> None:
    accents = run([0.8] * 500)[50:]
    assert not any(accent.nod for accent in accents)


def test_without_voice_there_is_none() -> None:
    accents = run(SYLLABLES, speaking=False)
    assert all(accent == Accent(0.0, 0.0, 0.0) for accent in accents)


def test_a_seed_repeats_itself_and_only_itself() -> None:
    assert run(SYLLABLES, seed=3) == run(SYLLABLES, seed=3)
    assert run(SYLLABLES, seed=3) != run(SYLLABLES, seed=4)
