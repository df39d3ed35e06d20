"""Apertures of motions: jaws open them, seals shut them."""

from __future__ import annotations

import numpy as np

from engines.avatars.store import default_store
from engines.values import MOTION_INDEX, MOTION_SIZE
from export.evaluate.motion_lips import apertures, jitter


def test_jaw_and_seal() -> None:
    motions = np.zeros((3, MOTION_SIZE), np.float32)
    motions[1, MOTION_INDEX["jawOpen"]] = 0.5
    motions[2, MOTION_INDEX["jawOpen"]] = 0.5
    motions[2, MOTION_INDEX["mouthClose"]] = 1.0
    rest, opened, sealed = apertures(default_store().load("aria"), motions)
    assert opened > rest + 0.05
    assert sealed < 0.006


def test_a_trembling_line_jitters_and_a_straight_one_does_not() -> None:
    line = np.linspace(0, 1, 50, dtype=np.float32)
    tremor = np.where(np.arange(50) % 2 == 0, 0.01, -0.01).astype(np.float32)
    assert jitter(line) < 1e-6
    assert abs(jitter(line + tremor) - 0.04) < 1e-3
