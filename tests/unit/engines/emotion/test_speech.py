"""Speech emotion: when it speaks, that cutting and sessions change nothing, the baseline."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from engines.emotion.functionals import FUNCTIONALS
from engines.emotion.gate import FORGET_FRAMES
from engines.emotion.speech import (
    BASELINE_LIMIT,
    CUE_FRAMES,
    SpeechEmotion,
    SpeechState,
    broken,
    doubt_of,
)
from engines.emotion.values import SpeechCue
from engines.values import F32
from tests.support import voices as sounds

MODEL = SpeechEmotion.load()


def hear(sound: F32, state: SpeechState, speaking: bool = True) -> list[SpeechCue]:
    blocks = sound[: len(sound) // 640 * 640].reshape(-1, 640)
    cues = [MODEL.step(state, block, speaking) for block in blocks]
    return [cue for cue in cues if cue is not None]


def test_five_cues_a_second_after_half_a_second_of_speech() -> None:
    cues = hear(sounds.voice(2.0), MODEL.new_state())
    assert len(cues) == 8, "at 0.6, 0.8 ... 2.0 s"
    assert cues[0].heard_s == pytest.approx(0.6, abs=0.05)
    assert CUE_FRAMES == 5


def test_silence_and_noise_without_voice_say_nothing() -> None:
    assert hear(sounds.silence(2.0), MODEL.new_state(), speaking=False) == []
    assert hear(sounds.silence(2.0), MODEL.new_state()) == []
    assert hear(sounds.noise(2.0), MODEL.new_state()) == []


def test_cues_are_bounded() -> None:
    for cue in hear(sounds.voice(3.0, f0_hz=240.0), MODEL.new_state()):
        assert cue.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
        assert cue.relative.sum() == pytest.approx(1.0, abs=1e-5)
        assert 0.0 <= cue.confidence <= 1.0
        for value in (cue.valence, cue.arousal, cue.valence_change, cue.arousal_change):
            assert -1.0 <= value <= 1.0


def test_confidence_grows_with_what_is_heard_and_falls_for_strange_features() -> None:
    familiar = MODEL.judge(MODEL._mean)[3]
    strange = MODEL.judge(MODEL._mean + 6.0 * MODEL._sd)[3]
    assert familiar > 0.9 > 0.2 > strange
    assert doubt_of(np.full(7, 1 / 7, np.float32)) == pytest.approx(1.0, abs=1e-3)
    assert doubt_of(np.eye(7, dtype=np.float32)[2]) == pytest.approx(0.0, abs=1e-3)


def test_gain_does_not_change_the_judgement() -> None:
    sound = sounds.voice(2.0, level=0.4)
    loud = hear(sound, MODEL.new_state())[-1]
    soft = hear(sound * np.float32(0.2), MODEL.new_state())[-1]
    assert np.allclose(loud.probabilities, soft.probabilities, atol=0.08)


def test_the_baseline_takes_up_what_is_usual_but_not_all_of_it() -> None:
    state = MODEL.new_state()
    sound = sounds.voice(30.0, f0_hz=230.0)
    cues = hear(sound, state)
    first, last = cues[3], cues[-1]
    assert abs(last.arousal_change) <= abs(first.arousal) + 1e-6 or abs(first.arousal) < 0.05
    assert all(abs(base) <= BASELINE_LIMIT for base in state.baseline)
    assert state.usual.min() >= 0.02 * 0.99
    top = int(np.argmax(last.probabilities))
    assert last.relative[top] <= last.probabilities[top] + 1e-6


def test_states_are_copied_and_sessions_do_not_mix() -> None:
    one, two = sounds.voice(1.6, seed=1), sounds.voice(1.6, f0_hz=200.0, seed=2)
    lone_one, lone_two = hear(one, MODEL.new_state()), hear(two, MODEL.new_state())
    state_one, state_two = MODEL.new_state(), MODEL.new_state()
    both: tuple[list[SpeechCue], list[SpeechCue]] = ([], [])
    for a, b in zip(one.reshape(-1, 640), two.reshape(-1, 640), strict=True):
        for cues, state, block in ((both[0], state_one, a), (both[1], state_two, b)):
            cue = MODEL.step(state, block, True)
            cues += [cue] if cue is not None else []
    for alone, mixed in ((lone_one, both[0]), (lone_two, both[1])):
        assert [cue.valence for cue in alone] == [cue.valence for cue in mixed]
        for x, y in zip(alone, mixed, strict=True):
            assert np.array_equal(x.probabilities, y.probabilities)
    half = MODEL.new_state()
    hear(one[:12_800], half)
    twin = copy.deepcopy(half)
    assert [c.arousal for c in hear(two, half)] == [c.arousal for c in hear(two, twin)]


def test_an_utterance_is_forgotten_after_a_pause() -> None:
    state = MODEL.new_state()
    hear(sounds.voice(2.0), state)
    hear(sounds.silence(FORGET_FRAMES / 25.0), state, speaking=False)
    assert len(state.gate.window) == 0
    assert hear(sounds.voice(0.3), state) == []


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="640"):
        MODEL.step(MODEL.new_state(), np.zeros(320, np.float32), True)
    assert MODEL.judge(np.zeros(FUNCTIONALS, np.float32))[0].shape == (7,)


def test_what_is_no_sound_is_told_from_a_loud_voice() -> None:
    loud = sounds.voice(0.04, level=0.998)
    assert not broken(loud) and not broken(np.zeros(640, np.float32))
    assert broken(loud * np.float32(20.0))
    cut = loud.copy()
    cut[5] = np.nan
    assert broken(cut)
