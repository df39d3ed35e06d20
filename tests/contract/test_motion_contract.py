"""What every motion model keeps: the engine counts on it whichever is plugged in."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest

from engines.chunker import Chunker
from engines.motion.model import MotionModel
from engines.pipeline import Motion
from engines.values import (
    ARKIT_NAMES,
    F32,
    FRAME_SAMPLES,
    MOTION_SIZE,
    AudioChunk,
    AudioWindow,
    MotionFrame,
)
from tests.support.fake_face import fake_face
from tests.support.fake_motion import FakeMotionModel
from tests.support.voices import noise, silence, voice

SILENT_MINUTES = max(2.0, float(os.environ.get("SYNCHRORAMA_TEST_STREAM_MINUTES", "2")))
"""60 is an hour of silence in full, some five minutes of processor time."""
MODELS: dict[str, Callable[[], Motion]] = {
    "fake": FakeMotionModel,
    "fake lips": lambda: fake_face(),
    "shipped": MotionModel.load,
}


@pytest.fixture(params=sorted(MODELS), scope="module")
def model(request: pytest.FixtureRequest) -> Motion:
    return MODELS[str(request.param)]()


def windows_of(model: Motion, sound: F32, *, pts: int = 0, epoch: int = 0) -> list[AudioWindow]:
    chunker = Chunker(model.lookahead)
    return chunker.step(chunker.new_state(), AudioChunk(pts, epoch, sound))


SOUND = np.concatenate((silence(0.3), voice(1.2), noise(0.5)))


def run(model: Motion, seed: int, sound: F32 = SOUND) -> list[MotionFrame]:
    state = model.new_state(seed)
    return [model.step(state, window) for window in windows_of(model, sound)]


def test_look_ahead_is_whole_frames_of_at_most_80_ms(model: Motion) -> None:
    assert model.lookahead % FRAME_SAMPLES == 0
    assert FRAME_SAMPLES <= model.lookahead <= 1280


def test_a_frame_bears_the_time_of_its_window(model: Motion) -> None:
    windows = windows_of(model, SOUND, pts=64_000, epoch=3)
    state = model.new_state(1)
    frames = [model.step(state, window) for window in windows]
    assert [(frame.pts, frame.epoch) for frame in frames] == [
        (window.pts, window.epoch) for window in windows
    ]


def test_motion_is_58_numbers_in_range(model: Motion) -> None:
    for frame in run(model, 1):
        assert frame.motion.shape == (MOTION_SIZE,)
        assert frame.motion.dtype == np.float32
        assert np.isfinite(frame.motion).all()
        shapes = frame.motion[: len(ARKIT_NAMES)]
        assert shapes.min() >= 0.0
        assert shapes.max() <= 1.0


def test_a_seed_and_a_sound_repeat_themselves(model: Motion) -> None:
    for one, two in zip(run(model, 7), run(model, 7), strict=True):
        np.testing.assert_array_equal(one.motion, two.motion)
        assert one.speaking == two.speaking


def test_seeds_differ(model: Motion) -> None:
    pairs = zip(run(model, 7), run(model, 8), strict=True)
    assert any((one.motion != two.motion).any() for one, two in pairs)


def test_two_interleaved_sessions_equal_two_lone_ones(model: Motion) -> None:
    other = np.concatenate((voice(1.0, seed=5), silence(1.0)))
    one, two = model.new_state(1), model.new_state(2)
    pairs = [
        (model.step(one, first), model.step(two, second))
        for first, second in zip(windows_of(model, SOUND), windows_of(model, other), strict=True)
    ]
    for at, alone in enumerate((run(model, 1), run(model, 2, other))):
        for frame, pair in zip(alone, pairs, strict=True):
            np.testing.assert_array_equal(frame.motion, pair[at].motion)


def test_speech_opens_the_jaw_and_silence_does_not(model: Motion) -> None:
    jaw = ARKIT_NAMES.index("jawOpen")
    spoken = max(frame.motion[jaw] for frame in run(model, 1))
    silent = max(frame.motion[jaw] for frame in run(model, 1, silence(2.0)))
    assert silent < 0.03
    assert spoken > silent + 0.05


def test_voice_is_told_from_silence(model: Motion) -> None:
    assert any(frame.speaking for frame in run(model, 1))
    assert not any(frame.speaking for frame in run(model, 1, silence(2.0)))


def test_endless_silence_keeps_the_mouth_shut_and_the_face_alive() -> None:
    model = MODELS["shipped"]()
    chunker = Chunker(model.lookahead)
    state, chunks = model.new_state(3), chunker.new_state()
    jaw, blink = ARKIT_NAMES.index("jawOpen"), ARKIT_NAMES.index("eyeBlinkLeft")
    still = silence(1.0)
    frames: list[MotionFrame] = []
    seconds = round(60 * SILENT_MINUTES)
    for second in range(seconds):
        sound = AudioChunk(second * len(still), 0, still)
        frames += [model.step(state, window) for window in chunker.step(chunks, sound)]
    motion = np.stack([frame.motion for frame in frames])
    assert np.isfinite(motion).all()
    assert motion[:, jaw].max() < 0.03
    # As lively in the last half as in the first: 8 to 40 blinks a minute.
    half = len(motion) // 2
    for part in (motion[:half], motion[half:]):
        shut = part[:, blink] > 0.5
        blinks = np.count_nonzero(shut[1:] & ~shut[:-1]) / (SILENT_MINUTES / 2)
        assert 8 <= blinks <= 40
    # And speech is heard after it.
    speech = AudioChunk(seconds * len(still), 0, voice(1.0))
    assert any(model.step(state, w).speaking for w in chunker.step(chunks, speech))
