"""Voice activity: opens for a voice, not for a hum; hysteresis; broken samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.vad import ATTACK_HOPS, HOP, RELEASE_HOPS, Vad, clean
from engines.values import F32
from tests.support.voices import hum, noise, silence, voice


def decide(*parts: F32) -> list[bool]:
    """One decision for each 20 ms."""
    vad = Vad()
    state = vad.new_state()
    sound = np.concatenate(parts)
    return [vad.step(state, sound[at : at + HOP]) for at in range(0, len(sound) - HOP + 1, HOP)]


def test_silence_is_not_speech() -> None:
    assert not any(decide(silence(2)))


def test_a_voice_is_heard_within_its_attack_and_let_go_after_its_release() -> None:
    heard = decide(silence(1), voice(2), silence(1))
    assert heard.index(True) <= 50 + ATTACK_HOPS
    assert np.mean(heard[60:140]) > 0.9
    last = len(heard) - 1 - heard[::-1].index(True)
    assert last < 150 + RELEASE_HOPS
    assert not any(heard[150 + RELEASE_HOPS :])


def test_a_quiet_voice_counts() -> None:
    assert np.mean(decide(silence(0.5), voice(2, level=0.02))[40:]) > 0.8


def test_a_quiet_hum_is_never_speech() -> None:
    assert not any(decide(silence(0.5), hum(5, level=0.002)))


@pytest.mark.parametrize("steady", [hum(4, level=0.05), noise(4, level=0.01)])
def test_a_steady_sound_stops_counting(steady: F32) -> None:
    assert not any(decide(steady)[-50:])


def test_a_voice_over_noise_is_heard() -> None:
    heard = decide(noise(3), noise(2) + voice(2), noise(1))
    assert np.mean(heard[155:245]) > 0.9
    assert not any(heard[-20:])


def test_a_click_does_not_open() -> None:
    click = silence(1)
    click[8000:8040] = 0.9
    assert not any(decide(click))


def test_a_short_pause_does_not_close() -> None:
    heard = decide(silence(0.2), voice(0.8), silence(0.08), voice(0.8))
    first = heard.index(True)
    assert all(heard[first : first + 70])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_sound_does_no_harm(bad: float) -> None:
    broken = voice(1)
    broken[::3] = bad
    vad = Vad()
    state = vad.new_state()
    vad.step(state, broken)
    assert np.isfinite(state.level_db)
    assert np.isfinite(state.floor_db)
    assert np.mean([vad.step(state, part) for part in np.split(voice(1), 50)][5:]) > 0.8


def test_clean_leaves_good_samples_alone() -> None:
    samples = np.array([0.5, np.nan, 2.0, -np.inf, -1.5], np.float32)
    np.testing.assert_array_equal(clean(samples), np.array([0.5, 0, 1, 0, -1], np.float32))


MIXED = np.concatenate((silence(0.2), voice(0.6), noise(0.4)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=30))
def test_any_split_decides_the_same(cuts: list[int]) -> None:
    sound = MIXED
    vad = Vad()
    one, two = vad.new_state(), vad.new_state()
    vad.step(one, sound)
    at = 0
    for cut in cuts:
        vad.step(two, sound[at : at + cut])
        at += cut
    vad.step(two, sound[at:])
    assert (one.speaking, one.run, one.level_db, one.floor_db) == (
        two.speaking,
        two.run,
        two.level_db,
        two.floor_db,
    )
    np.testing.assert_array_equal(one.rest, two.rest)


def test_two_sessions_share_nothing() -> None:
    vad = Vad()
    alone, beside, other = vad.new_state(), vad.new_state(), vad.new_state()
    sound = np.concatenate((noise(0.5), voice(0.5)))
    shout = voice(0.02, level=0.9)
    for part in np.split(sound, 50):
        lone = vad.step(alone, part)
        vad.step(other, shout)
        assert vad.step(beside, part) == lone
    assert alone.floor_db == beside.floor_db


def test_clean_copies_only_what_is_bad() -> None:
    good = np.array([-1.0, 0.0, 1.0], np.float32)
    assert clean(good) is good
    for bad in (1.01, -np.inf, np.nan):
        samples = np.array([0.5, bad], np.float32)
        assert np.abs(clean(samples)).max() <= 1.0
        assert np.array_equal(samples, np.array([0.5, bad], np.float32), equal_nan=True)
