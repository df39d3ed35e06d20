"""Reads blendshapes back from meshes seen in pictures, in two ways, neither tuned on our renders.

Pure functions.
Never sees what was commanded.

`shapes`: the seen mesh less the same face's mesh at rest, after a rigid alignment on points that
expressions hardly move, explained by the rig's offsets (ICT-FaceKit) with non-negative weights
(ridge NNLS, Lawson & Hanson 1974). `ratios`: distances of a few points, as published: mouth and
eye aspect ratio (Soukupova & Cech, CVWW 2016), mouth width, brow height; all over the distance
between the eyes' outer corners.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.avatars.rigging import umeyama
from engines.render import landmarks as lm
from engines.render.rig import Rig
from engines.values import ARKIT_NAMES, F32
from export.evaluate.avatar_motions import GRADED

STILL = (10, 338, 109, 6, 168, 197, 195, 33, 133, 263, 362, 234, 454, 127, 356)
"""Forehead, bridge of the nose, corners of the eyes, temples."""
RIDGE = 0.15
"""Of the summed squares of the rig's offsets a shape (its median)."""
LEFT_OUT = ("tongueOut", "jawForward", "cheekPuff")
"""Shapes a picture from the front hardly shows; their weights would soak up noise."""
_BROWS = ((105, 159), (334, 386))
_INNER_BROWS = ((107, 133), (336, 362))


class ShapeReader:
    """Weights of the rig's shapes from a seen mesh."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._names = [n for n in ARKIT_NAMES if n not in LEFT_OUT]
        rows = [ARKIT_NAMES.index(n) for n in self._names]
        # Depth is the net's weakest axis: it is told, not measured.
        self._basis = rig.deltas[rows][:, :, :2].reshape(len(rows), -1).T.astype(np.float64)
        power = float(np.median((self._basis**2).sum(0)))
        self._ridge = np.sqrt(RIDGE * power) * np.eye(len(rows))

    def read(self, seen: F32, rest: F32) -> dict[str, float]:
        """Weight of each shape; meshes f32[>=468,3] in picture pixels."""
        from scipy.optimize import nnls

        moved = self.in_rig(seen) - self.in_rig(rest)
        matrix = np.concatenate([self._basis, self._ridge])
        goal = np.concatenate([moved[:, :2].ravel(), np.zeros(len(self._names))])
        weights, _ = nnls(matrix, goal)
        return dict(zip(self._names, map(float, weights), strict=True))

    def in_rig(self, mesh: F32) -> F32:
        """f32[468,3]: the mesh moved, turned and scaled onto the rig's head by its still points."""
        head: F32 = mesh[: lm.MESH_POINTS] * np.array([1, -1, -1], np.float32)
        scale, rotation, shift = umeyama(self._rig.neutral[[*STILL]], head[[*STILL]])
        return ((head - shift) @ rotation / scale).astype(np.float32)


def gauges(weights: dict[str, float]) -> dict[str, float]:
    """The gauges of `GRADED` from shape weights: the mean over each one's shapes."""
    out = {}
    for gauge, names in GRADED.items():
        parts = [w for n, w in weights.items() if any(n.startswith(name) for name in names)]
        out[gauge] = float(np.mean(parts))
    return out


def ratios(mesh: F32) -> dict[str, float]:
    """The gauges of `GRADED` as published ratios; each grows with its motion."""
    flat = mesh[:, :2]
    unit = _apart(flat, (33, 263))
    eyes = np.mean([_eye_aspect(flat, eye) for eye in lm.EYES])
    brow = float(np.mean([_apart(flat, pair) for pair in _BROWS])) / unit
    inner = float(np.mean([_apart(flat, pair) for pair in _INNER_BROWS])) / unit
    return {
        "jawOpen": _apart(flat, (13, 14)) / unit,
        "smile": _apart(flat, (lm.MOUTH_LEFT, lm.MOUTH_RIGHT)) / unit,
        "blink": -float(eyes),
        "brow up": brow,
        "brow down": -inner,
    }


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson r; 0 when either side never changes."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    if x.std() < 1e-9 or y.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def _apart(flat: F32, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(flat[pair[0]] - flat[pair[1]]))


def _eye_aspect(flat: F32, eye: lm.Eye) -> float:
    middle = len(eye.upper) // 2
    gaps = [_apart(flat, (eye.upper[i], eye.lower[i])) for i in (middle - 1, middle, middle + 1)]
    return float(np.mean(gaps)) / _apart(flat, eye.corners)
