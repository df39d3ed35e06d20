"""Functionals: finite, level-free, and telling what they are named for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.emotion.functionals import FUNCTIONAL_NAMES, FUNCTIONALS, functionals, percentiles
from engines.emotion.voice import ROW_SIZE, Voice
from engines.values import F32
from tests.support import voices as sounds


def of(sound: F32) -> dict[str, float]:
    voice = Voice()
    found = functionals(voice.step(voice.new_state(), sound))
    assert found is not None
    assert found.shape == (FUNCTIONALS,) and np.isfinite(found).all()
    return dict(zip(FUNCTIONAL_NAMES, found.tolist(), strict=True))


def test_every_functional_has_a_name_of_its_own() -> None:
    assert len(set(FUNCTIONAL_NAMES)) == FUNCTIONALS


def test_a_higher_voice_has_a_higher_pitch() -> None:
    low, high = of(sounds.voice(1.5, f0_hz=110.0)), of(sounds.voice(1.5, f0_hz=220.0))
    assert high["f0_mean"] - low["f0_mean"] == pytest.approx(12.0, abs=1.0)
    assert high["f0_p50"] - low["f0_p50"] == pytest.approx(12.0, abs=1.0)


def test_level_changes_nothing() -> None:
    sound = sounds.voice(1.5, level=0.4)
    loud, soft = of(sound), of(sound * np.float32(0.2))
    for name, value in loud.items():
        # HNR and contour correlations rest on small differences; the rest is exact but rounding.
        assert soft[name] == pytest.approx(value, abs=0.12 + 0.05 * abs(value)), name


def test_a_gap_is_a_pause() -> None:
    sound = sounds.voice(1.8)
    gapped = sound.copy()
    gapped[10_000:18_000] = 0.0
    assert of(gapped)["rhythm_paused"] > of(sound)["rhythm_paused"] + 0.15


def test_too_little_voice_says_nothing() -> None:
    voice = Voice()
    assert functionals(np.empty((0, ROW_SIZE), np.float32)) is None
    assert functionals(voice.step(voice.new_state(), sounds.voice(0.15))) is None
    assert functionals(voice.step(voice.new_state(), sounds.noise(1.0, level=0.1))) is None
    assert functionals(voice.step(voice.new_state(), sounds.silence(1.0))) is None


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (2,), (49, 3), (200,), (201, 7)])
def test_percentiles_are_those_of_numpy(kind: type, shape: tuple[int, ...]) -> None:
    values: NDArray[Any] = np.random.default_rng(len(shape)).standard_normal(shape).astype(kind)
    for percents in ((95,), (10, 50, 90)):
        wanted = np.percentile(values, percents, axis=0)
        assert np.array_equal(percentiles(values, percents), wanted)
