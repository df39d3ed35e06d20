"""Apertures of motions: jaws open them, seals shut them."""

from __future__ import annotations

import numpy as np

from engines.avatars.store import default_store
from engines.values import MOTION_INDEX, MOTION_SIZE
from export.evaluate.motion_lips import apertures


def test_jaw_and_seal() -> None:
    motions = np.zeros((3, MOTION_SIZE), np.float32)
    motions[1, MOTION_INDEX["jawOpen"]] = 0.5
    motions[2, MOTION_INDEX["jawOpen"]] = 0.5
    motions[2, MOTION_INDEX["mouthClose"]] = 1.0
    rest, opened, sealed = apertures(default_store().load("aria"), motions)
    assert opened > rest + 0.05
    assert sealed < 0.006
