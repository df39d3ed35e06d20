"""The sample's face drawn laughing, with its landmarks: a photo with parted lips for tests.

Test support; drawn once per process.
Never a real photo: teeth and lips are the renderer's.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from tests.support.sample_avatar import motion, sample, sample_geometry

MOTION = {"mouthSmile": 0.8, "mouthUpperUp": 0.6, "jawOpen": 0.12}


@cache
def laughing(**values: float) -> tuple[U8, F32]:
    """u8[512,512,3] and f32[478,3] landmarks in its pixels; by default a broad laugh."""
    wanted = motion(**(values or MOTION))
    geometry = sample_geometry()
    drawing = WarpRenderer(sample())
    picture = drawing.render(drawing.new_state(), wanted)
    face = geometry.deform(geometry.weights(wanted), 0)
    points = sample().landmarks.copy()
    points[:468] = face * np.array([1, -1, -1], np.float32)
    return picture, points
