"""Tests of export.data.noise."""

from __future__ import annotations

import numpy as np
import pytest

from engines.values import F32
from export.data import noise


def _speech(seed: int = 0, blocks: int = 60) -> F32:
    rng = np.random.default_rng(seed)
    power = rng.gamma(1.0, 1e-3, (blocks, 4, 80)).astype(np.float32)
    power[: blocks // 2] *= 1e-4
    return power


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_noise_has_its_ratio(snr_db: float) -> None:
    power = _speech()
    added = noise.add_noise(power, snr_db, np.random.default_rng(1)) - power
    ratio = 10 * np.log10(noise.speech_level(power) / added.mean())
    assert abs(ratio - snr_db) < 0.2


def test_babble_has_its_ratio_and_mean() -> None:
    rng = np.random.default_rng(2)
    babble = noise.make_babble([_speech(1), _speech(2)], 100, rng)
    assert babble.shape == (100, 4, 80)
    np.testing.assert_allclose(babble.mean(), 1.0, rtol=1e-3)
    power = _speech(3, 100)
    added = noise.add_babble(power, babble, 10.0) - power
    np.testing.assert_allclose(added.mean(), noise.speech_level(power) / 10.0, rtol=0.01)


def test_augmenting_is_seeded_and_keeps_shape() -> None:
    voices = [_speech(4)]
    one = noise.augment(_speech(), voices, np.random.default_rng(9))
    two = noise.augment(_speech(), voices, np.random.default_rng(9))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (60, 4, 80) and (one >= 0).all() and one.dtype == np.float32
