"""The names and numbers that everything else counts on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engines.values import (
    ARKIT_NAMES,
    FRAME_RATE_HZ,
    FRAME_SAMPLES,
    MOTION_INDEX,
    MOTION_NAMES,
    MOTION_SIZE,
    POSE_NAMES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    AudioWindow,
    MotionFrame,
    Picture,
)


def test_one_frame_is_640_samples_and_40_ms() -> None:
    assert FRAME_SAMPLES == 640
    assert FRAME_SAMPLES * FRAME_RATE_HZ == SAMPLE_RATE_HZ == 16_000


def test_motion_is_52_blendshapes_then_six_of_the_head() -> None:
    assert len(ARKIT_NAMES) == 52
    assert len(set(MOTION_NAMES)) == MOTION_SIZE == 58
    assert MOTION_NAMES[52:] == POSE_NAMES


def test_order_is_arkits_own() -> None:
    # The order of ARKit's blend shape locations as every client library lists it.
    assert ARKIT_NAMES[0] == "eyeBlinkLeft"
    assert ARKIT_NAMES[17] == "jawOpen"
    assert ARKIT_NAMES[18] == "mouthClose"
    assert ARKIT_NAMES[51] == "tongueOut"


def test_every_left_shape_has_its_right() -> None:
    lefts = {name.removesuffix("Left") for name in ARKIT_NAMES if name.endswith("Left")}
    rights = {name.removesuffix("Right") for name in ARKIT_NAMES if name.endswith("Right")}
    assert lefts == rights


def test_index_finds_each_name() -> None:
    assert [MOTION_INDEX[name] for name in MOTION_NAMES] == list(range(MOTION_SIZE))


@pytest.mark.parametrize("value", [AudioChunk, AudioWindow, MotionFrame, Picture])
def test_values_are_frozen_and_slotted(value: type) -> None:
    fields = dataclasses.fields(value)
    thing = value(**{field.name: 0 for field in fields})
    assert not hasattr(thing, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        thing.pts = 1


def test_chunk_keeps_its_samples() -> None:
    samples = np.ones(320, np.float32)
    assert AudioChunk(640, 1, samples).samples is samples
