"""The emotion of a session: decay, no jumps, copies, interleaving, bad sound, fast-forward."""

from __future__ import annotations

import copy
import itertools
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.emotion.model import EmotionModel, EmotionState
from engines.emotion.values import Emotion, EmotionOverride
from engines.vad import Vad
from engines.values import F32
from tests.support import voices as sounds

MODEL = EmotionModel.load()
MAX_STEP = 0.2
"""Largest change of one value of Z_emo between frames: 10 % of its range."""


def hear(sound: F32, state: EmotionState, speaking: bool | None = None) -> list[Emotion]:
    vad = Vad()
    voice = vad.new_state()
    blocks = sound[: len(sound) // 640 * 640].reshape(-1, 640)
    found = []
    for block in blocks:
        heard = vad.step(voice, block)
        found.append(MODEL.step(state, block, heard if speaking is None else speaking))
    return found


def distance(felt: list[Emotion]) -> float:
    return max(float(np.abs(b.z - a.z).max()) for a, b in itertools.pairwise(felt))


def bounded(felt: list[Emotion]) -> None:
    for emotion in felt:
        assert np.isfinite(emotion.z).all() and np.abs(emotion.z).max() <= 1.0
        assert emotion.probabilities.sum() == pytest.approx(1.0, abs=1e-4)
        assert -1.0 <= emotion.valence <= 1.0 and -1.0 <= emotion.arousal <= 1.0
        assert 0.0 <= emotion.intensity <= 1.0


def test_silence_stays_neutral_and_everything_decays_to_it() -> None:
    state = MODEL.new_state()
    assert not hear(sounds.silence(1.0), state)[-1].z.any()
    MODEL.say(state, "I am so happy, this is wonderful!")
    up = hear(sounds.silence(2.0), state)
    assert up[-1].label == "joy" and up[-1].intensity > 0.4
    assert up[-1].sources == {"text"}
    down = hear(sounds.silence(90.0), state)
    assert down[-1].label == "neutral"
    assert down[-1].intensity < 0.02 and abs(down[-1].valence) < 0.02
    assert down[-1].sources == frozenset()
    bounded(up + down)


def test_speech_has_its_say_and_fades() -> None:
    state = MODEL.new_state()
    felt = hear(sounds.voice(3.0, f0_hz=230.0), state, True)
    assert felt[-1].sources == {"speech", "affect"}
    after = hear(sounds.silence(20.0), state)
    assert after[-1].sources == frozenset() and after[-1].intensity < 0.05


def test_nothing_jumps() -> None:
    state = MODEL.new_state()
    felt = hear(sounds.voice(1.0), state, True)
    for wanted in (EmotionOverride("joy"), EmotionOverride("anger"), None):
        MODEL.override(state, wanted)
        MODEL.say(state, "This is terrible, I hate it!")
        felt += hear(sounds.voice(1.0, f0_hz=200.0), state, True)
    assert distance(felt) < MAX_STEP * 1.5
    assert distance(hear(sounds.voice(2.0), MODEL.new_state(), True)) < MAX_STEP


def test_an_override_holds_and_is_taken_back() -> None:
    state = MODEL.new_state()
    MODEL.override(state, EmotionOverride("surprise"))
    MODEL.say(state, "I am so sad.")
    felt = hear(sounds.silence(2.0), state)
    assert felt[-1].label == "surprise" and felt[-1].sources == {"override"}
    assert felt[24].probabilities[7] > 0.5, "well on its way after a second"
    MODEL.override(state, None)
    assert hear(sounds.silence(3.0), state)[-1].label == "sadness"


@pytest.mark.parametrize("label", ["joy", "anger", "sadness", "surprise"])
def test_more_intensity_asked_for_is_more_felt(label: str) -> None:
    felt = []
    for intensity in (0.0, 0.25, 0.5, 0.75, 1.0):
        state = MODEL.new_state()
        MODEL.override(state, EmotionOverride(label, intensity=intensity))
        felt.append(hear(sounds.silence(2.0), state)[-1])
    assert all(a.intensity < b.intensity for a, b in itertools.pairwise(felt))
    assert felt[0].label == "neutral"


def test_words_in_pieces_are_read_together() -> None:
    whole, pieces = MODEL.new_state(), MODEL.new_state()
    MODEL.say(whole, "I am not happy at all")
    for piece in ("I am", "not", "happy", "at all"):
        MODEL.say(pieces, piece)
    assert hear(sounds.silence(1.0), pieces)[-1].valence < 0.0
    assert hear(sounds.silence(1.0), whole)[-1].valence < 0.0


def test_20_kilobytes_of_text_are_borne() -> None:
    state = MODEL.new_state()
    began = time.process_time()
    for text in ("x" * 20_000, "I love it. " * 1900, "\U0001f600" * 5000, "\x00" * 20_000):
        MODEL.say(state, text)
    assert time.process_time() - began < 4
    assert len(state.words) <= 600
    bounded(hear(sounds.silence(0.5), state))


def test_two_interleaved_sessions_are_two_lone_ones() -> None:
    one, two = sounds.voice(1.6, seed=1), sounds.voice(1.6, f0_hz=210.0, seed=2)
    states = [MODEL.new_state() for _ in range(4)]
    MODEL.say(states[0], "What a lovely day")
    MODEL.say(states[2], "What a lovely day")
    lone = hear(one, states[0], True), hear(two, states[1], True)
    mixed: tuple[list[Emotion], list[Emotion]] = ([], [])
    for a, b in zip(one.reshape(-1, 640), two.reshape(-1, 640), strict=True):
        mixed[0].append(MODEL.step(states[2], a, True))
        mixed[1].append(MODEL.step(states[3], b, True))
    for alone, among in zip(lone, mixed, strict=True):
        for x, y in zip(alone, among, strict=True):
            assert np.array_equal(x.z, y.z)
            assert np.array_equal(x.probabilities, y.probabilities)
            assert (x.valence, x.arousal, x.sources) == (y.valence, y.arousal, y.sources)


def test_a_state_can_be_copied_and_z_is_not_shared() -> None:
    state = MODEL.new_state()
    hear(sounds.voice(1.0), state, True)
    twin = copy.deepcopy(state)
    a, b = (hear(sounds.voice(1.0, seed=4), s, True)[-1] for s in (state, twin))
    assert np.array_equal(a.z, b.z)
    with pytest.raises(ValueError, match="read-only"):
        a.z[0] = 5.0


def _music(seconds: float) -> NDArray[np.float32]:
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    notes = np.floor(time_s * 4).astype(int) % 5
    base = 220.0 * 2.0 ** (np.array([0, 4, 7, 12, 9])[notes] / 12.0)
    chord = sum(np.sin(2 * np.pi * np.cumsum(base * r) / 16_000) for r in (1.0, 1.26, 1.5, 2.0))
    return (0.15 * np.asarray(chord)).astype(np.float32)


BAD: dict[str, F32] = {
    "not a number": np.full(32_000, np.nan, np.float32),
    "infinite": np.full(32_000, np.inf, np.float32),
    "clipped": np.sign(sounds.voice(2.0)).astype(np.float32),
    "far too loud": sounds.voice(2.0) * np.float32(1e6),
    "direct current": sounds.voice(2.0, level=0.1) + np.float32(0.8),
    "loud noise": sounds.voice(2.0, level=0.01) + sounds.noise(2.0, level=0.3),
    "music": _music(2.0),
    "two voices": sounds.voice(2.0) + sounds.voice(2.0, f0_hz=210.0, seed=5),
    "bursts": sounds.voice(2.0) * (np.arange(32_000) // 1600 % 3 == 0).astype(np.float32),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_sound_is_borne_and_forgotten_within_a_second(name: str) -> None:
    state, clean = MODEL.new_state(), MODEL.new_state()
    bounded(hear(BAD[name], state, True))
    after = hear(sounds.voice(4.0), state, True)
    bounded(after)
    fresh = hear(sounds.voice(4.0), clean, True)
    # One second after two clean ones (the window) it is as if nothing bad had been.
    assert np.abs(after[-1].z - fresh[-1].z).mean() < 0.12
    assert abs(after[-1].valence - fresh[-1].valence) < 0.35
    MODEL.override(state, EmotionOverride("joy"))
    assert hear(sounds.voice(1.0), state, True)[-1].label == "joy", "controls work in a second"


@pytest.mark.parametrize("name", ["not a number", "infinite", "clipped", "far too loud"])
def test_broken_sound_is_out_of_mind_after_a_second(name: str) -> None:
    state, clean = MODEL.new_state(), MODEL.new_state()
    hear(BAD[name], state, True)
    speech = sounds.voice(1.0, f0_hz=230.0)
    after, fresh = hear(speech, state, True)[-1], hear(speech, clean, True)[-1]
    assert after.sources == fresh.sources == {"speech", "affect"}
    assert np.abs(after.z - fresh.z).max() < 0.15


def test_an_hour_of_silence_leaves_a_fresh_session() -> None:
    """Fast-forward: the state stops changing, so the rest of the hour is the same frame."""
    state = MODEL.new_state()
    hear(sounds.voice(2.0), state, True)
    hear(sounds.silence(70.0), state, False)
    before = copy.deepcopy(state)
    hear(sounds.silence(20.0), state, False)
    assert np.abs(state.z).max() < 1e-3
    assert len(state.speech.gate.window) == 0 and len(state.tokens) == 0
    prosody, earlier = state.speech.gate.voice.prosody, before.speech.gate.voice.prosody
    assert prosody.tracks == earlier.tracks and prosody.last_f0 == earlier.last_f0
    assert len(state.speech.gate.lead) == len(before.speech.gate.lead)
    # What counts frames is a Python integer: an hour is 90 000, and no float is added up.
    state.speech.gate.frame += 90_000
    state.speech.gate.quiet += 90_000
    state.unsaid += 90_000
    felt = hear(sounds.voice(1.4), state, True)
    assert felt[-1].sources == {"speech", "affect"}


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="640"):
        MODEL.step(MODEL.new_state(), np.zeros(641, np.float32), True)
