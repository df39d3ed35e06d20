"""Tests of export.evaluate.lip_run."""

from __future__ import annotations

import numpy as np
import pytest

from engines.motion.lips import LipModel
from engines.values import MOTION_INDEX
from export.evaluate import lip_run


def _sound(frames: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    syllables = np.clip(np.sin(np.arange(frames * 640) / 16000 * 2 * np.pi * 4), 0, 1)
    return (0.1 * syllables * rng.standard_normal(frames * 640)).astype(np.float32)


def test_each_frame_hears_exactly_its_look_ahead() -> None:
    model = LipModel.load()
    sound = _sound(30)
    changed = sound.copy()
    changed[640 * 10 + 1280 :] = 0.0
    a, b = lip_run.hear(model, sound, 30), lip_run.hear(model, changed, 30)
    np.testing.assert_array_equal(a.geometry[:11], b.geometry[:11])
    assert np.abs(a.geometry[11] - b.geometry[11]).max() > 0


@pytest.mark.parametrize("lookahead", [0, 640, 1920])
def test_another_look_ahead_is_heard_and_no_more(lookahead: int) -> None:
    model = LipModel.load()
    model.lookahead = lookahead
    sound = (0.1 * np.random.default_rng(0).standard_normal(640 * 30)).astype(np.float32)
    changed = sound.copy()
    changed[640 * 10 + lookahead :] = 0.0
    a, b = lip_run.hear(model, sound, 30), lip_run.hear(model, changed, 30)
    assert len(a.geometry) == 30
    np.testing.assert_array_equal(a.geometry[:11], b.geometry[:11])
    assert np.abs(a.geometry[11] - b.geometry[11]).max() > 0


def test_a_sealed_mouth_has_no_aperture() -> None:
    heard = lip_run.hear(LipModel.load(), np.zeros(640 * 40, np.float32), 40)
    assert heard.arkit[-1, MOTION_INDEX["mouthClose"]] > 0.9
    assert abs(float(heard.geometry[-1, 0])) < 0.002


def test_noise_has_its_level() -> None:
    sound = _sound(100)
    noise = lip_run.pink_noise(len(sound), np.random.default_rng(1))
    assert abs(float(noise.std()) - 1.0) < 1e-3
    low, high = (lip_run.mixed(sound, noise, snr) - sound for snr in (20.0, 10.0))
    np.testing.assert_allclose(high.std() / low.std(), 10**0.5, rtol=0.01)


def test_babble_is_many_voices() -> None:
    voices = [np.random.default_rng(i).standard_normal(5000).astype(np.float32) for i in range(6)]
    babble = lip_run.babble_noise(voices, 8000, np.random.default_rng(1))
    assert babble.shape == (8000,) and abs(float(babble.std()) - 1.0) < 1e-3


def test_energy_is_the_level_around_the_frame() -> None:
    sound = np.zeros(640 * 10, np.float32)
    sound[640 * 5 : 640 * 6] = 0.5
    assert lip_run.log_energy(sound, 10).argmax() == 5
