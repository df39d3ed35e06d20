"""Prosody: pitch is right, rows do not depend on how the stream is cut, bad sound is bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.prosody import F0, HNR, LOUDNESS, PROSODY_SIZE, REFERENCE_HZ, VOICED, Prosody
from engines.values import F32, SAMPLE_RATE_HZ
from tests.support import voices as sounds


def tone(hz: float, seconds: float = 1.0, wobble: float = 0.05) -> tuple[F32, F32]:
    """A buzz whose pitch wobbles, and its semitones at the end of each row's middle."""
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch = hz * (1.0 + wobble * np.sin(2.0 * np.pi * 2.0 * time_s))
    phase = 2.0 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    sound = np.sum([np.sin(k * phase) / k for k in range(1, 12)], axis=0)
    meant = 12.0 * np.log2(pitch / REFERENCE_HZ)
    rows = len(sound) // 160
    # Row k's 40 ms window ends at 160 k + 160: its middle is 320 samples earlier.
    middle = np.maximum(0, np.arange(rows) * 160 + 160 - 320)
    return (0.1 * sound).astype(np.float32), meant[middle].astype(np.float32)


def rows_of(sound: F32) -> F32:
    prosody = Prosody()
    return prosody.step(prosody.new_state(), sound)


@pytest.mark.parametrize("hz", [75, 120, 220, 330, 470])
@pytest.mark.parametrize("snr_db", [None, 10.0])
def test_pitch_follows_the_voice(hz: float, snr_db: float | None) -> None:
    sound, meant = tone(hz)
    if snr_db is not None:
        noise = np.random.default_rng(0).normal(size=len(sound)).astype(np.float32)
        sound = sound + noise * sound.std() * np.float32(10.0 ** (-snr_db / 20.0))
    rows = rows_of(sound)[8:]
    away = np.abs(rows[:, F0] - meant[8:])
    assert rows[:, VOICED].mean() > 0.95
    assert np.median(away) < 0.1
    assert (away > 1.0).mean() < 0.02, "octave errors"


def test_noise_and_silence_have_no_pitch() -> None:
    assert rows_of(sounds.noise(1.0, level=0.05))[:, VOICED].mean() < 0.05
    quiet = rows_of(sounds.silence(1.0))
    assert not quiet[:, VOICED].any()
    assert np.all(quiet[:, LOUDNESS] == -96.0)


def test_gain_moves_loudness_alone() -> None:
    sound = sounds.voice(1.0)
    soft, loud = rows_of(sound * np.float32(0.25))[8:], rows_of(sound)[8:]
    assert np.allclose(loud[:, LOUDNESS] - soft[:, LOUDNESS], 12.04, atol=0.05)
    others = [i for i in range(PROSODY_SIZE) if i != LOUDNESS]
    # Rows near the level under which nothing is voiced may differ.
    assert np.quantile(np.abs(loud - soft)[:, others], 0.97) < 0.2


def test_a_clean_voice_is_more_harmonic_than_a_noisy_one() -> None:
    sound, _ = tone(150.0, wobble=0.0)
    noisy = sound + sounds.noise(1.0, level=0.05)
    assert rows_of(sound)[8:, HNR].mean() > rows_of(noisy)[8:, HNR].mean() + 6.0


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 1500), max_size=12))
def test_any_split_gives_the_same_bits(cuts: list[int]) -> None:
    sound = sounds.voice(0.5)
    prosody = Prosody()
    state = prosody.new_state()
    parts, begin = [], 0
    for size in [*cuts, len(sound)]:
        parts.append(prosody.step(state, sound[begin : begin + size]))
        begin += size
    assert np.array_equal(np.concatenate(parts), rows_of(sound))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_bad_samples_leave_rows_finite_and_are_forgotten(bad: float) -> None:
    sound, _ = tone(150.0)
    broken = sound.copy()
    broken[3000:5000] = bad
    rows = rows_of(broken)
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 1000.0
    after = (5000 + 640) // 160 + 25
    assert np.allclose(rows[after:], rows_of(sound)[after:], atol=1e-3)


def test_dc_changes_no_pitch() -> None:
    sound, meant = tone(150.0)
    rows = rows_of(np.clip(sound + np.float32(0.4), -1, 1))[8:]
    assert np.median(np.abs(rows[:, F0] - meant[8:])) < 0.1
