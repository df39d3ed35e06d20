"""Examples: frames hear what serving lets them hear, moods stay whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.emotion.values import EMOTIONS
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.motion.voice import VOICE_SIZE
from engines.values import FRAME_SAMPLES
from export.data.motion_examples import MEASURED, UNSEEN_WEIGHT, hear, mood, silence, take
from tests.support.voices import silence as quiet
from tests.support.voices import voice


def test_a_frame_hears_its_look_ahead_and_no_more() -> None:
    samples = np.concatenate([quiet(1.0), voice(1.0)])
    rows = hear(samples)
    assert rows.shape == (50, VOICE_SIZE)
    # Speech begins at frame 25; voice activity needs 40 ms of it, and 80 ms are heard ahead.
    assert not rows[:23, 0].any()
    assert rows[26:30, 0].all()
    again = hear(samples[: 30 * FRAME_SAMPLES])
    assert (again[:28] == rows[:28]).all()


def test_moods_are_shares() -> None:
    for seed in range(20):
        shares = mood(200, np.random.default_rng(seed))
        assert shares.shape == (200, len(EMOTIONS))
        assert np.allclose(shares.sum(1), 1) and shares.min() >= 0
    angry = mood(200, np.random.default_rng(1), "anger")
    assert angry[:, EMOTIONS.index("anger")].max() > 0.1


def test_a_take_repeats() -> None:
    rng = np.random.default_rng(1)
    room = silence(120, rng)
    a, b = take("a", room, room, "joy", 3), take("a", room, room, "joy", 3)
    assert (a.channels == b.channels).all() and (a.emotion == b.emotion).all()
    assert a.channels.shape == (120, CHANNEL_COUNT)


def test_takes_and_measured_clips_are_told_apart() -> None:
    room = silence(60, np.random.default_rng(1))
    performed = take("a", room, room, None, 1)
    weight = np.full(CHANNEL_COUNT, UNSEEN_WEIGHT, np.float32)
    weight[[CHANNEL_INDEX[name] for name in MEASURED]] = 1.0
    assert not performed.measured
    assert replace(performed, weight=weight).measured
