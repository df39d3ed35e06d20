"""Tones come through at their level, any split gives the same output, nothing is lost in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32
from server import resample
from server.resample import Resampler

RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000]


def tone(rate: int, hz: float, seconds: float) -> F32:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def run(resampler: Resampler, samples: F32) -> F32:
    return resampler.step(resampler.new_state(), samples)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_time_and_level(rate: int) -> None:
    out = run(Resampler(rate, 16000), tone(rate, 1000, 0.2))
    wanted = tone(16000, 1000, 0.2)[: len(out)]
    # The edge of the tone, where the filter sees silence before it, is left out.
    assert np.abs(out - wanted)[100:].max() < 0.01


@pytest.mark.parametrize("rate", RATES)
def test_the_length_follows_the_rate(rate: int) -> None:
    resampler = Resampler(rate, 16000)
    out = run(resampler, np.zeros(rate, np.float32))
    assert abs(len(out) - 16000 + resampler.delay_s * 16000) < 2


def test_the_delay_is_below_two_milliseconds() -> None:
    assert Resampler(48000, 16000).delay_s < 0.001
    assert all(Resampler(rate, 16000).delay_s < 0.002 for rate in RATES)


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    out = run(Resampler(48000, 16000), tone(48000, 11000, 0.2))
    assert np.abs(out[100:]).max() < 0.001


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATES), st.lists(st.integers(0, 700), max_size=12))
def test_any_split_gives_the_same_output(rate: int, cuts: list[int]) -> None:
    resampler = Resampler(rate, 16000)
    samples = np.random.default_rng(1).standard_normal(3000).astype(np.float32)
    state = resampler.new_state()
    parts, at = [], 0
    for cut in cuts:
        parts.append(resampler.step(state, samples[at : at + cut]))
        at += cut
    parts.append(resampler.step(state, samples[at:]))
    np.testing.assert_allclose(np.concatenate(parts), run(resampler, samples), atol=1e-6)


@pytest.mark.parametrize("rates", [(48000, 16000), (16000, 48000), (24000, 16000), (16000, 16000)])
def test_phase_by_phase_is_the_same_to_the_bit(
    rates: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.random.default_rng(2).standard_normal(4001).astype(np.float32)
    by_phase, state = [], Resampler(*rates).new_state()
    for part in np.split(samples, [960, 967, 967, 1287, 1288, 3000]):
        by_phase.append(Resampler(*rates).step(state, part))
    monkeypatch.setattr(resample, "FEW_PHASES", 0)
    at_once, state = [], Resampler(*rates).new_state()
    for part in np.split(samples, [960, 967, 967, 1287, 1288, 3000]):
        at_once.append(Resampler(*rates).step(state, part))
    for one, other in zip(by_phase, at_once, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_streams_do_not_mix() -> None:
    resampler = Resampler(48000, 16000)
    one, two = resampler.new_state(), resampler.new_state()
    resampler.step(one, tone(48000, 500, 0.1))
    out = resampler.step(two, np.zeros(960, np.float32))
    assert not out.any()


@pytest.mark.parametrize("rates", [(0, 16000), (48000, -1)])
def test_a_rate_must_be_positive(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Resampler(*rates)
