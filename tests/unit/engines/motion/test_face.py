"""Channels and blendshapes: there and back, ranges, lids shared by blinks and droop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.motion.face import (
    CHANNEL_COUNT,
    CHANNEL_INDEX,
    CHANNEL_NAMES,
    HIGH,
    LOW,
    MOUTH_CHANNELS,
    to_channels,
    to_motion,
    together,
)
from engines.values import ARKIT_NAMES, MOTION_INDEX


def test_every_channel_moves_something_of_its_own() -> None:
    seen = set()
    for i in range(CHANNEL_COUNT):
        channels = np.zeros(CHANNEL_COUNT, np.float32)
        channels[i] = 0.4
        moved = frozenset(np.flatnonzero(to_motion(channels)))
        assert moved
        seen.add(moved)
    # Droop lowers both lids, each blink one.
    assert len(seen) == CHANNEL_COUNT


@given(st.integers(0, 2**32 - 1))
def test_there_and_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels = rng.uniform(LOW, HIGH).astype(np.float32)
    channels[CHANNEL_INDEX["droop"]] = 0.0
    back = to_channels(to_motion(channels))
    assert np.allclose(back, channels, atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_shapes_stay_in_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = to_motion(rng.normal(0, 3, (5, CHANNEL_COUNT)).astype(np.float32))
    shapes = motion[:, : len(ARKIT_NAMES)]
    assert shapes.min() >= 0 and shapes.max() <= 1


def test_a_look_to_the_left_turns_both_eyes() -> None:
    channels = np.zeros(CHANNEL_COUNT, np.float32)
    channels[CHANNEL_INDEX["lookLeft"]] = 0.5
    motion = to_motion(channels)
    assert motion[MOTION_INDEX["eyeLookOutLeft"]] == motion[MOTION_INDEX["eyeLookInRight"]] == 0.5
    assert motion[MOTION_INDEX["eyeLookInLeft"]] == 0


def test_a_blink_closes_what_droop_left_open() -> None:
    channels = np.zeros(CHANNEL_COUNT, np.float32)
    channels[CHANNEL_INDEX["droop"]] = 0.3
    assert np.isclose(to_motion(channels)[MOTION_INDEX["eyeBlinkLeft"]], 0.3)
    channels[CHANNEL_INDEX["blinkLeft"]] = 1.0
    motion = to_motion(channels)
    assert np.isclose(motion[MOTION_INDEX["eyeBlinkLeft"]], 1.0)
    assert np.isclose(motion[MOTION_INDEX["eyeBlinkRight"]], 0.3)


def test_the_mouth_has_mood_channels_only() -> None:
    names = {CHANNEL_NAMES[i] for i in MOUTH_CHANNELS}
    assert "smileLeft" in names and "blinkLeft" not in names and "headYaw" not in names


def test_channels_are_taken_together_only_where_they_lie_together() -> None:
    assert CHANNEL_NAMES[together("lookLeft", "lookDown")] == ("lookLeft", "lookDown")
    with pytest.raises(ValueError, match="follow"):
        together("blinkLeft", "droop")
