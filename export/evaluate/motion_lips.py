"""Lips of whole-face motion: the gap that an avatar's mesh opens, whatever is felt.

Offline; pure geometry, nothing is drawn.
Never sees a picture: `lips_rendered` does.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.geometry import Geometry
from engines.values import F32, MOTION_INDEX, MOTION_SIZE

SIZE = 512
UPPER, LOWER = 13, 14
_SEAL = MOTION_INDEX["mouthClose"]


def apertures(avatar: Avatar, motions: F32) -> F32:
    """f32[F]: inner lip gap over face height for motions f32[F,58]."""
    geometry = Geometry(avatar, SIZE)
    top, chin = geometry.face[lm.FACE_TOP], geometry.face[lm.CHIN]
    height = float(np.linalg.norm((top - chin)[:2]))
    rest = np.zeros(MOTION_SIZE, np.float32)
    rest[_SEAL] = 1.0
    gaps = np.array([_gap(geometry, motion) for motion in [rest, *motions]], np.float32)
    # The points of sealed lips lie a little apart: the landmark net looks at their rims.
    opened: F32 = np.maximum(gaps[1:] - gaps[0], 0) / np.float32(height)
    return opened


def jitter(aperture: F32) -> float:
    """Mean size of the second difference of f32[F], face heights a frame squared."""
    return float(np.abs(np.diff(aperture, 2)).mean())


def _gap(geometry: Geometry, motion: F32) -> float:
    face = geometry.deform(geometry.weights(motion), float(motion[_SEAL]))
    return float(np.linalg.norm((face[UPPER] - face[LOWER])[:2]))
