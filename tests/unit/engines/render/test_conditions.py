"""The condition vector: sizes, places, what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.conditions import CONDITION_SIZE, Cues, condition, mirrored
from engines.values import MOTION_INDEX, MOTION_SIZE


def test_what_is_missing_is_zero_and_said_so() -> None:
    motion = np.linspace(0, 1, MOTION_SIZE, dtype=np.float32)
    bare = condition(motion)
    assert bare.shape == (CONDITION_SIZE,)
    np.testing.assert_array_equal(bare[:MOTION_SIZE], motion)
    assert not bare[MOTION_SIZE:].any()
    heard = condition(motion, Cues(sound=np.ones(80, np.float32)))
    assert heard[-3:].tolist() == [1, 0, 0]
    assert heard[MOTION_SIZE : MOTION_SIZE + 80].all()


def test_a_cue_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted 64 values"):
        condition(np.zeros(MOTION_SIZE, np.float32), Cues(emotion=np.zeros(3, np.float32)))


def test_a_mirror_swaps_the_sides_and_turns_the_other_way() -> None:
    motion = np.zeros(MOTION_SIZE, np.float32)
    for name, value in (("eyeBlinkLeft", 0.7), ("jawOpen", 0.2), ("headYaw", 0.1), ("headY", 0.3)):
        motion[MOTION_INDEX[name]] = value
    seen = mirrored(motion)
    assert seen[MOTION_INDEX["eyeBlinkRight"]] == np.float32(0.7)
    assert seen[MOTION_INDEX["eyeBlinkLeft"]] == 0
    assert seen[MOTION_INDEX["jawOpen"]] == np.float32(0.2)
    assert seen[MOTION_INDEX["headYaw"]] == np.float32(-0.1)
    assert seen[MOTION_INDEX["headY"]] == np.float32(0.3)
    np.testing.assert_array_equal(mirrored(seen), motion)
