"""Where the renderer means to put the face: the commanded mesh, to hold the seen one against.

Offline; main thread.
Never draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.geometry import Geometry
from engines.values import F32, MOTION_INDEX

_SEAL = MOTION_INDEX["mouthClose"]


def commanded(avatar: Avatar, motions: Sequence[F32]) -> F32:
    """f32[N,468,3] picture pixels at the avatar's own size for N motions f32[58]."""
    geometry = Geometry(avatar, avatar.size)
    out = []
    for motion in motions:
        weights = geometry.weights(motion)
        face = geometry.deform(weights, float(np.clip(motion[_SEAL], 0, 1)))
        out.append(geometry.place(face, geometry.face_follow, geometry.pose(motion)))
    return np.stack(out)


def mesh_error(seen: F32, wanted: F32) -> float:
    """Mean distance of the 468 points in the picture, share of the wanted face's width."""
    width = float(np.linalg.norm((wanted[lm.FACE_RIGHT] - wanted[lm.FACE_LEFT])[:2]))
    away = np.linalg.norm((seen[: lm.MESH_POINTS] - wanted[: lm.MESH_POINTS])[:, :2], axis=1)
    return float(away.mean()) / width
