"""Blinks close, gaze leaps or rests."""

from __future__ import annotations

import numpy as np

from engines.motion.eyes import LEAP, move_eyes, new_eyes
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.values import F32

BLINK, LOOK = CHANNEL_INDEX["blinkLeft"], CHANNEL_INDEX["lookLeft"]
LIDS = (0.1, 0.5)


def play(values: list[float], channel: int) -> F32:
    state = new_eyes()
    out = []
    for value in values:
        channels = np.zeros(CHANNEL_COUNT, np.float32)
        channels[channel] = value
        move_eyes(state, channels, LIDS)
        out.append(float(channels[channel]))
    return np.array(out, np.float32)


def test_half_a_blink_is_a_blink_and_a_tremor_is_none() -> None:
    seen = play([0.0, 0.08, 0.3, 0.6, 0.3, 0.09], BLINK)
    assert seen[1] == 0 and seen[5] == 0
    assert seen[3] == 1
    assert 0.3 < seen[2] < 0.7


def test_a_far_wish_is_a_leap_of_two_frames() -> None:
    seen = play([0.0, 0.4, 0.4, 0.4], LOOK)
    assert 0.2 < seen[1] < 0.35
    assert np.isclose(seen[2], 0.4) and np.isclose(seen[3], 0.4)


def test_drift_becomes_leaps_and_rests() -> None:
    seen = play([i * 0.01 for i in range(60)], LOOK)
    speeds = np.abs(np.diff(seen))
    assert speeds.max() > 0.6 * LEAP
    assert np.median(speeds) < 0.01
    assert abs(float(seen[-1]) - 0.59) < LEAP


def test_small_shifts_are_followed_slowly() -> None:
    seen = play([0.0] + [0.03] * 30, LOOK)
    assert 0 < seen[1] < 0.01
    assert seen[-1] > 0.025
    assert (np.diff(seen) >= 0).all()
