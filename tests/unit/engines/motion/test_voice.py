"""What the face hears: level does not matter, melody does, silence fades."""

from __future__ import annotations

import numpy as np

from engines.motion.voice import VOICE_NAMES, VOICE_SIZE, Voice
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ
from tests.support.voices import silence, voice

AT = {name: i for i, name in enumerate(VOICE_NAMES)}


def hear(samples: F32, speaking: bool = True) -> F32:
    model = Voice()
    state = model.new_state()
    frames = len(samples) // FRAME_SAMPLES
    return np.stack(
        [
            model.step(state, samples[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES], speaking)
            for i in range(frames)
        ]
    )


def tone(hz: float, seconds: float) -> F32:
    """A buzz with overtones, as a voice has them."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = np.sum([np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 9)], axis=0)
    return np.asarray(0.15 * wave, np.float32)


def test_silence_is_nothing() -> None:
    rows = hear(silence(1.0), speaking=False)
    assert rows.shape == (25, VOICE_SIZE)
    assert not rows[:, [AT["speaking"], AT["energy"], AT["voiced"]]].any()


def test_a_quiet_microphone_comes_to_the_same() -> None:
    loud = hear(voice(6.0))
    soft = hear(0.3 * voice(6.0))
    late = slice(100, 150)
    assert np.abs(loud[late, AT["energy"]] - soft[late, AT["energy"]]).mean() < 0.12


def test_higher_is_higher() -> None:
    rows = hear(np.concatenate([tone(120, 2.0), tone(180, 0.6)]))
    assert abs(rows[45, AT["melody"]]) < 0.1
    assert rows[56, AT["melody"]] > 0.3


def test_begin_and_end_fade() -> None:
    model = Voice()
    state = model.new_state()
    quiet = silence(0.04)
    rows = [model.step(state, quiet, at in range(5, 15)) for at in range(60)]
    begun = [row[AT["begun"]] for row in rows]
    ended = [row[AT["ended"]] for row in rows]
    assert begun[4] == 0 and begun[5] == 1 and 0.3 < begun[20] < 0.6
    assert ended[14] == 0 and ended[15] == 1 and ended[55] < 0.1


def test_what_a_microphone_may_send() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 50.0] * 800, np.float32)
    assert np.isfinite(hear(wild)).all()
