"""Tests of engines.features."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.features import HOP, MEL_BINS, WINDOW, LogMel, log_scale, mel_filters, stretches


def _noise(count: int, seed: int = 0, level: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(count)).astype(np.float32)


def test_filters_cover_every_bin_and_sum_to_one() -> None:
    filters = mel_filters()
    assert filters.shape == (MEL_BINS, 257)
    np.testing.assert_allclose(filters.sum(axis=1), 1.0, atol=1e-5)
    assert np.all(np.diff(filters.argmax(axis=1)) >= 0)


def test_stretches_are_parts_of_the_sound_and_no_copies() -> None:
    sound = _noise(10)
    found = stretches(sound, 4, 3, 3)
    np.testing.assert_array_equal(found, [sound[:4], sound[3:7], sound[6:]])
    assert np.shares_memory(found, sound)


def test_a_frame_of_sound_gives_four_rows() -> None:
    mel = LogMel()
    state = mel.new_state()
    for _ in range(5):
        assert mel.step(state, _noise(640)).shape == (4, MEL_BINS)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=12), st.integers(0, 2**16))
def test_any_split_gives_the_same_bits(cuts: list[int], seed: int) -> None:
    sound = _noise(3000, seed)
    mel = LogMel()
    whole = mel.step(mel.new_state(), sound)
    state = mel.new_state()
    edges = [*np.minimum(np.cumsum([0, *cuts]), len(sound)).tolist(), len(sound)]
    parts = [mel.step(state, sound[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_interleaved_states_do_not_touch() -> None:
    mel = LogMel()
    one, two = _noise(2560, 1), _noise(2560, 2)
    alone = mel.step(mel.new_state(), one)
    a, b = mel.new_state(), mel.new_state()
    rows = []
    for at in range(0, 2560, 320):
        rows.append(mel.step(a, one[at : at + 320]))
        mel.step(b, two[at : at + 320])
    np.testing.assert_array_equal(np.concatenate(rows), alone)


def test_a_row_hears_nothing_after_its_hop() -> None:
    mel = LogMel()
    sound = _noise(1600)
    changed = sound.copy()
    changed[800:] = 0.0
    before = mel.step(mel.new_state(), sound)
    after = mel.step(mel.new_state(), changed)
    np.testing.assert_array_equal(before[: 800 // HOP], after[: 800 // HOP])
    assert np.abs(before[800 // HOP] - after[800 // HOP]).max() > 1e-3


def test_the_scale_is_fixed() -> None:
    mel = LogMel()
    quiet = mel.step(mel.new_state(), np.zeros(1600, np.float32))
    np.testing.assert_allclose(quiet, (np.log(1e-8) + 12.0) / 4.0, atol=1e-4)
    power = mel.power(mel.new_state(), _noise(160000, level=0.1))[10:]
    np.testing.assert_allclose(power.mean(axis=0), 0.01, rtol=0.1)
    louder = log_scale(power * np.float32(100.0)) - log_scale(power)
    np.testing.assert_allclose(louder, np.log(100.0) / 4.0, atol=1e-2)


def test_a_tone_lands_in_its_bin() -> None:
    time = np.arange(WINDOW * 10) / 16000.0
    mel = LogMel()
    rows = mel.step(mel.new_state(), np.sin(2 * np.pi * 1000.0 * time).astype(np.float32))
    centre = mel_filters()[rows[-1].argmax()].argmax() * 16000 / 512
    assert abs(centre - 1000.0) < 40.0


def test_what_was_skipped_is_heard_by_the_next_row() -> None:
    sound = np.random.default_rng(5).standard_normal(2000).astype(np.float32)
    mel = LogMel()
    whole, skipped = mel.new_state(), mel.new_state()
    for begin, end in ((0, 700), (700, 790), (790, 1500)):
        mel.step(whole, sound[begin:end])
        mel.skip(skipped, sound[begin:end])
    assert np.array_equal(mel.step(skipped, sound[1500:]), mel.step(whole, sound[1500:]))
