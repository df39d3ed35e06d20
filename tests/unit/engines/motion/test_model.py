"""The whole face: lips pass in speech, the mouth rests in silence and closes on interrupt."""

from __future__ import annotations

import numpy as np
import pytest

from engines.chunker import Chunker
from engines.motion.model import CLOSED, MotionModel, MotionState
from engines.motion.wishes import Manner
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, AudioChunk, AudioWindow, MotionFrame
from tests.support.fake_face import fake_face
from tests.support.fake_lips import FakeLipModel
from tests.support.voices import noise, silence, voice

JAW = MOTION_INDEX["jawOpen"]
SEAL = MOTION_INDEX["mouthClose"]
MODEL = fake_face()


def hear(
    *parts: F32, seed: int = 1, state: MotionState | None = None, pts: int = 0, epoch: int = 0
) -> list[MotionFrame]:
    state = state or MODEL.new_state(seed)
    chunker = Chunker(MODEL.lookahead)
    windows = chunker.step(chunker.new_state(), AudioChunk(pts, epoch, np.concatenate(parts)))
    return [MODEL.step(state, window) for window in windows]


def curve(frames: list[MotionFrame], index: int) -> F32:
    return np.array([frame.motion[index] for frame in frames], np.float32)


def test_time_and_epoch_go_through() -> None:
    frames = hear(silence(0.2), pts=6400, epoch=4)
    assert [(frame.pts, frame.epoch) for frame in frames] == [
        (6400 - 640 + 640 * at, 4) for at in range(5)
    ]


def test_look_ahead_is_that_of_the_lips() -> None:
    assert MODEL.lookahead == 1280


def test_the_shipped_lips_load() -> None:
    model = MotionModel.load()
    chunker = Chunker(model.lookahead)
    chunk = AudioChunk(0, 0, silence(0.4))
    state = model.new_state(1)
    frames = [model.step(state, window) for window in chunker.step(chunker.new_state(), chunk)]
    assert frames[-1].motion[SEAL] > 0.9


def test_silence_is_a_closed_and_calm_mouth() -> None:
    frames = hear(silence(2))
    mouth = np.stack([frame.motion[: len(ARKIT_NAMES)] for frame in frames])
    assert not any(frame.speaking for frame in frames)
    assert (mouth[:, SEAL] == 1.0).all()
    assert not mouth[:, JAW].any()
    assert not mouth[:, MOTION_INDEX["mouthFunnel"]].any()


def test_speech_passes_whole_and_when_it_sounds() -> None:
    sound = np.concatenate((silence(0.4), voice(1.2), silence(0.4)))
    frames = [frame for frame in hear(sound) if frame.pts >= 0]
    levels = np.sqrt(np.mean(np.square(sound[: len(frames) * 640].reshape(-1, 640)), axis=1))
    wanted = np.clip(5 * levels, 0, 1)
    jaw = curve(frames, JAW)
    spoken = slice(12, 40)
    np.testing.assert_allclose(jaw[spoken], wanted[spoken], atol=0.02)
    assert np.corrcoef(jaw, wanted)[0, 1] > 0.97


def test_the_smile_worn_at_rest_is_laid_off_in_plain_speech_but_not_by_the_friendly() -> None:
    frown = MOTION_INDEX["mouthFrownLeft"]
    sound = np.concatenate((silence(0.4), voice(1.2), silence(2.0)))
    shown = curve(hear(sound), frown)
    assert shown[:8].max() < 0.01 and shown.max() > 0.08 and shown[-1] < 0.01
    assert np.abs(np.diff(shown)).max() < 0.02
    friendly = MODEL.new_state(1)
    MODEL.obey(friendly, Manner({"smile": 1.0}, 1.0))
    assert curve(hear(sound, state=friendly), frown).max() == 0.0


def test_a_soft_onset_is_not_cut() -> None:
    fade = np.linspace(0.03, 1.0, 16_000).astype(np.float32)
    sound = np.concatenate((silence(0.4), fade * voice(1.0)))
    frames = [frame for frame in hear(sound) if frame.pts >= 0]
    heard = np.sqrt(np.mean(np.square(sound[: len(frames) * 640].reshape(-1, 640)), axis=1))
    onset = int(np.argmax(5 * heard > 0.05))
    assert curve(frames, JAW)[onset] > 0.6 * 5 * heard[onset]


def test_the_mouth_is_shut_soon_after_the_voice_and_without_a_jump() -> None:
    room = noise(5, level=0.006)
    room[3 * 16_000 : 4 * 16_000] += voice(1.0)
    frames = [frame for frame in hear(room) if frame.pts >= 0]
    jaw, seal = curve(frames, JAW), curve(frames, SEAL)
    # The fake's jaw hangs a little open on the noise; the gate is what closes it.
    assert jaw[90] > 0.05
    shut = int(np.flatnonzero(seal < 1.0)[-1]) + 1
    assert 100 <= shut <= 100 + 8
    assert not jaw[shut:].any()
    assert np.abs(np.diff(seal[shut - 6 :])).max() < 0.5


def test_a_short_pause_does_not_shut_the_mouth() -> None:
    frames = [f for f in hear(noise(2), voice(0.6), noise(0.08), voice(0.6)) if f.pts >= 0]
    between = curve(frames, SEAL)[52:64]
    assert between.max() < 1.0


def test_an_interrupt_shuts_the_mouth_in_four_frames_whatever_sounds() -> None:
    state = MODEL.new_state(1)
    before = hear(voice(1.08), state=state)
    after = hear(voice(1.0), state=state, pts=17_280, epoch=1)
    jaw = curve([*before[-1:], *after], JAW)
    assert jaw[0] > 0.2
    assert list(jaw[:5]) == sorted(jaw[:5], reverse=True)
    assert jaw[4] == 0.0
    assert after[3].motion[SEAL] == 1.0
    assert jaw[8:].max() > 0.3, "and it opens again for what is said now"


def test_a_jump_shuts_the_mouth_too() -> None:
    state = MODEL.new_state(1)
    hear(voice(1.0), state=state)
    after = hear(silence(0.4), state=state, pts=64_000)
    assert after[3].motion[JAW] == 0.0
    assert after[3].motion[SEAL] == 1.0


def test_the_head_does_not_jump_on_an_interrupt() -> None:
    state = MODEL.new_state(1)
    before = hear(voice(2.0), state=state)
    after = hear(voice(0.4), state=state, pts=32_000, epoch=1)
    step = np.abs(after[0].motion[52:] - before[-1].motion[52:])
    assert step.max() < 0.02


def test_jitter_is_halved_and_moves_pass() -> None:
    steps = np.array([0.0, 0.0, 0.005, -0.005, 0.005, 0.5, 0.5], np.float32) + np.float32(0.2)

    class Jittery(FakeLipModel):
        def step(self, state, samples):  # type: ignore[no-untyped-def]
            lips = super().step(state, samples)
            lips.arkit[:] = 0.0
            lips.arkit[JAW] = steps[min(state.steps - 21, 6)] if state.steps > 20 else 0.2
            return lips

    model = fake_face(Jittery())
    state = model.new_state(1)
    chunker = Chunker(model.lookahead)
    windows = chunker.step(chunker.new_state(), AudioChunk(0, 0, voice(27 * 0.04)))
    jaw = [float(model.step(state, window).motion[JAW]) for window in windows][-7:]
    assert abs(jaw[3] - 0.2) < 0.004
    assert jaw[5] == pytest.approx(0.7, abs=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_broken_samples_give_a_whole_face(bad: float) -> None:
    broken = voice(0.5)
    broken[100::7] = bad
    for frame in hear(broken):
        assert np.isfinite(frame.motion).all()
        assert frame.motion[:52].min() >= 0.0
        assert frame.motion[:52].max() <= 1.0


def test_motion_is_never_written_again() -> None:
    frame = hear(silence(0.1))[0]
    with pytest.raises(ValueError, match="read-only"):
        frame.motion[0] = 1.0
    assert not CLOSED.flags.writeable


def test_interleaved_sessions_equal_lone_ones() -> None:
    chunker = Chunker(MODEL.lookahead)
    sounds = [np.concatenate((noise(0.3), voice(1.0, seed=seed))) for seed in (1, 2)]
    windows = [chunker.step(chunker.new_state(), AudioChunk(0, 0, sound)) for sound in sounds]
    one, two = MODEL.new_state(1), MODEL.new_state(2)
    mixed = [
        (MODEL.step(one, first).motion, MODEL.step(two, second).motion)
        for first, second in zip(*windows, strict=True)
    ]
    for at, sound in enumerate(sounds):
        alone = hear(sound, seed=at + 1)
        for frame, pair in zip(alone, mixed, strict=True):
            np.testing.assert_array_equal(frame.motion, pair[at])


@pytest.mark.parametrize("back", [1, 3, 5])
def test_a_seamless_epoch_goes_on_from_the_frame_before_it(back: int) -> None:
    def play(state: MotionState, first: int, count: int, epoch: int) -> list[MotionFrame]:
        still = np.zeros(640, np.float32)
        windows = [
            AudioWindow(640 * at, epoch, still, 1280, seamless=epoch > 0)
            for at in range(first, first + count)
        ]
        return [MODEL.step(state, window) for window in windows]

    state, straight = MODEL.new_state(3), MODEL.new_state(3)
    play(state, 0, 50, 0)
    again = play(state, 50 - back, 25, 1)
    unbroken = play(straight, 0, 75 - back, 0)[50 - back :]
    # The frames it would have been, until chance is drawn anew with the next block.
    np.testing.assert_allclose(again[0].motion, unbroken[0].motion, atol=1e-4)
    assert np.abs(unbroken[back].motion - unbroken[0].motion).max() > 1e-3
    assert [(frame.pts, frame.epoch) for frame in again[:1]] == [(640 * (50 - back), 1)]
    assert state.closing == 0


def test_a_seamless_epoch_from_before_what_is_remembered_parts() -> None:
    state = MODEL.new_state(3)
    hear(silence(2), state=state)
    MODEL.step(state, AudioWindow(6400, 1, np.zeros(640, np.float32), 1280, seamless=True))
    assert (state.epoch, state.pts) == (1, 6400) and state.closing > 0
