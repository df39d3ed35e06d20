"""Phrases: one for each stretch of speech, whole, cut when too long, the same for any split."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.phrases import LEAD_HOPS, MAX_S, MIN_S, Phrases
from engines.vad import HOP
from engines.values import F32, SAMPLE_RATE_HZ
from tests.support import voices as sounds


def silence(seconds: float) -> F32:
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


def cut(sound: F32, pieces: list[int] | None = None) -> list[F32]:
    phrases = Phrases()
    state = phrases.new_state()
    found: list[F32] = []
    for part in np.split(sound, sorted(p % len(sound) for p in pieces or [])):
        found += phrases.step(state, part)
    return found


def test_each_stretch_of_speech_is_one_phrase_with_its_beginning() -> None:
    voice = sounds.voice(1.2)
    found = cut(np.concatenate([silence(1), voice, silence(1), voice, silence(1)]))
    assert len(found) == 2
    for phrase in found:
        assert 1.2 <= len(phrase) / SAMPLE_RATE_HZ <= 1.7
        loud = np.flatnonzero(np.abs(phrase) > 0.01)
        assert loud[0] >= HOP, "something before the first sound"


def test_silence_noise_and_clicks_are_none() -> None:
    rng = np.random.default_rng(0)
    click = silence(2)
    click[16_000:16_400] = 0.8
    hiss = (0.001 * rng.normal(size=32_000)).astype(np.float32)
    assert cut(silence(5)) == [] and cut(click) == [] and cut(hiss) == []
    assert cut(np.full(32_000, np.nan, np.float32)) == []


def test_long_speech_is_cut_and_nothing_of_it_is_lost() -> None:
    voice = sounds.voice(14.0)
    found = cut(np.concatenate([silence(0.5), voice, silence(0.6)]))
    longest = int(MAX_S * SAMPLE_RATE_HZ)
    assert len(found) >= 2
    assert max(map(len, found)) <= longest
    assert sum(map(len, found)) >= len(voice) - HOP
    assert min(map(len, found)) >= int(MIN_S * SAMPLE_RATE_HZ) + LEAD_HOPS * HOP


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60_000), max_size=12))
def test_any_split_gives_the_same(pieces: list[int]) -> None:
    sound = np.concatenate([silence(0.4), sounds.voice(1.5), silence(0.6), sounds.voice(0.8)])
    sound = np.concatenate([sound, silence(0.5)])
    whole, parts = cut(sound), cut(sound, pieces)
    assert len(whole) == len(parts) > 0
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
