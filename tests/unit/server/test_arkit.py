"""What leaves for other heads: the seal of the lips as Apple means it, all else as it is."""

from __future__ import annotations

import numpy as np

from engines.motion.model import CLOSED
from engines.values import MOTION_INDEX, MOTION_SIZE
from server.arkit import for_heads

SEAL, JAW = MOTION_INDEX["mouthClose"], MOTION_INDEX["jawOpen"]


def test_a_mouth_at_rest_closes_nothing() -> None:
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[: len(CLOSED)] = CLOSED
    assert motion[SEAL] == 1.0
    assert for_heads(motion)[SEAL] == 0.0
    assert motion[SEAL] == 1.0


def test_sealed_lips_over_an_open_jaw_meet() -> None:
    motion = np.random.default_rng(1).uniform(0, 1, (5, MOTION_SIZE)).astype(np.float32)
    motion[:, SEAL] = 1.0
    out = for_heads(motion)
    np.testing.assert_array_equal(out[:, SEAL], motion[:, JAW])
    others = [i for i in range(MOTION_SIZE) if i != SEAL]
    np.testing.assert_array_equal(out[:, others], motion[:, others])
