"""What each ARKit shape does to the lip distances, measured on the rig (ICT-FaceKit, MIT).

Offline; a pure function of the rig file.
Never run while serving: its numbers are in the manifest of the weights.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Positions in the 68-landmark list of the rig: the same places as the tracker's points.
_INNER_UP, _INNER_LOW, _LEFT, _RIGHT, _BRIDGE, _CHIN = 62, 66, 48, 54, 27, 8
_OUTER_UP, _OUTER_LOW = 51, 57
JAW_LENGTH = 0.70
"""Nose bridge to chin in face heights, median of the tracked video."""
PUCKER_GAIN = 1.5
"""The renderer moves mouthPucker half as far again (the rig narrows the mouth too little)."""


def _distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    def gap(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a, :2] - points[b, :2]))

    lips = points[[_INNER_UP, _INNER_LOW, _OUTER_UP, _OUTER_LOW], 2].mean()
    depth = lips - points[[_LEFT, _RIGHT], 2].mean()
    return np.array(
        [
            gap(_INNER_UP, _INNER_LOW),
            gap(_LEFT, _RIGHT),
            gap(_BRIDGE, _CHIN),
            float(depth),
            gap(_BRIDGE, _INNER_UP),
            gap(_BRIDGE, _OUTER_UP),
            gap(_BRIDGE, _OUTER_LOW),
        ]
    )


def arkit_name(rig_name: str) -> str:
    """`mouthSmile_L` to `mouthSmileLeft`."""
    return re.sub(r"_R$", "Right", re.sub(r"_L$", "Left", rig_name))


def measure(rig_folder: Path) -> dict[str, list[float]]:
    """Change of the seven distances (face heights) at value 1, by ARKit name."""
    ids = json.loads((rig_folder / "vertex_indices.json").read_text())["idx_to_landmark_verts"]
    with np.load(rig_folder / "ict_facekit.npz") as rig:
        neutral = rig["neutral"][ids].astype(np.float64)
        moves = rig["expression"][:, ids].astype(np.float64)
        names = [str(name) for name in rig["expression_names"]]
    rest = _distances(neutral)
    scale = JAW_LENGTH / rest[2]
    effects = {}
    for name, move in zip(names, moves, strict=True):
        gain = PUCKER_GAIN if name == "mouthPucker" else 1.0
        change = (_distances(neutral + gain * move) - rest) * scale
        effects[arkit_name(name)] = [round(float(v), 5) for v in change]
    return effects
