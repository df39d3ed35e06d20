"""What each ARKit shape does to the lip distances, measured on the rig that moves the pictures.

Offline; a pure function of the committed rig asset.
Never run while serving: its numbers are in the manifest of the weights.
"""

from __future__ import annotations

import numpy as np

from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES, F32
from export.data.lip_geometry import LIP_DEPTH, PAIRS

JAW_LENGTH = 0.70
"""Nose bridge to chin in face heights, median of the tracked video."""
JAW = 2


def _distances(points: F32) -> F32:
    """The columns of `lip_geometry` for one face f32[468,3] (z toward the camera)."""
    gaps = [float(np.linalg.norm(points[a, :2] - points[b, :2])) for a, b in PAIRS]
    lips, corners = LIP_DEPTH
    depth = float(points[list(lips), 2].mean() - points[list(corners), 2].mean())
    return np.array([*gaps[:3], depth, *gaps[3:]], np.float32)


def measure() -> dict[str, list[float]]:
    """Change of the seven distances (face heights) at value 1, by ARKit name."""
    rig = load_rig()
    rest = _distances(rig.neutral)
    scale = JAW_LENGTH / rest[JAW]
    effects = {}
    for name, delta in zip(ARKIT_NAMES, rig.deltas, strict=True):
        # Small steps: a distance is an absolute value, and shapes are used at a fraction.
        change = (_distances(rig.neutral + 0.3 * delta) - rest) * scale / 0.3
        effects[name] = [round(float(v), 5) for v in change]
    return effects
