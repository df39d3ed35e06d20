"""Tests of export.data.sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.data.sound import read_sound, write_wav


def test_a_wav_comes_back(tmp_path: Path) -> None:
    sound = (0.5 * np.sin(np.arange(16000) * 0.05)).astype(np.float32)
    write_wav(tmp_path / "a.wav", sound)
    np.testing.assert_allclose(read_sound(tmp_path / "a.wav"), sound, atol=1e-4)


def test_another_rate_is_resampled(tmp_path: Path) -> None:
    time = np.arange(48000) / 48000.0
    write_wav(tmp_path / "a.wav", (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), 48000)
    sound = read_sound(tmp_path / "a.wav")
    assert abs(len(sound) - 16000) <= 32
    assert abs(np.fft.rfft(sound[:16000]).__abs__().argmax() - 440) <= 1


def test_a_loud_sound_is_clipped_not_wrapped(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(800, 3.0, np.float32))
    assert read_sound(tmp_path / "a.wav").min() > 0.99


def test_no_sound_is_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="no sound"):
        read_sound(tmp_path / "a.wav")
