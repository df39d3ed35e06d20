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


def test_a_microphone_changes_bands_not_time() -> None:
    power = _speech()
    ratio = noise.random_colour(power, np.random.default_rng(3)) / power
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0, 0], ratio.shape), rtol=1e-4)
    assert 0.5 < np.abs(10 * np.log10(ratio[0, 0])).max() < 25


def test_a_room_rings_on_after_the_sound() -> None:
    power = np.zeros((20, 4, 80), np.float32)
    power[5] = 1.0
    roomy = noise.add_room(power, np.random.default_rng(3))
    assert not roomy[:5].any()
    np.testing.assert_allclose(roomy[5, 0], 1.0)
    after = roomy[6:].reshape(-1, 80)[:, 0]
    assert 0 < after[0] < 4 and (np.diff(after) < 0).all()
