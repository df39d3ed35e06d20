"""Motion figures: what was put in is counted."""

from __future__ import annotations

import numpy as np

from engines.values import F32, FRAME_RATE_HZ, MOTION_INDEX, MOTION_SIZE
from export.evaluate.motion_stats import motion_stats


def still(seconds: float) -> F32:
    return np.zeros((int(seconds * FRAME_RATE_HZ), MOTION_SIZE), np.float32)


def test_blinks_are_counted_a_minute() -> None:
    stream = still(120)
    for start in range(50, 3000, 150):
        stream[start : start + 3, MOTION_INDEX["eyeBlinkLeft"]] = 1.0
    stream[20:25, MOTION_INDEX["eyeBlinkLeft"]] = 0.3
    assert motion_stats([stream]).blinks == 10.0


def test_a_steady_turn_has_its_speed_and_no_tremor() -> None:
    stream = still(4)
    stream[:, MOTION_INDEX["headYaw"]] = np.arange(len(stream)) * 0.01
    stats = motion_stats([stream])
    assert np.isclose(stats.head_speed, 0.25, atol=1e-4)
    assert stats.head_tremor < 1e-7
    assert stats.head_reach > 10


def test_a_still_face_is_all_zero() -> None:
    stats = motion_stats([still(2), still(3)])
    assert not any(
        (stats.blinks, stats.head_speed, stats.head_reach, stats.brows, stats.jaw_tremor)
    )
