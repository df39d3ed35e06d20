"""A head of three squares: a face in front of two rows of teeth."""

from __future__ import annotations

import numpy as np

from engines.values import F32
from export.rig.ict import Head


def square(y_low: float, y_high: float, z: float, half: float) -> list[list[float]]:
    return [[-half, y_low, z], [half, y_low, z], [half, y_high, z], [-half, y_high, z]]


def small_head() -> Head:
    points = square(-6, 6, 11, 5) + square(-3.5, -2, 10, 3) + square(-4.6, -3.2, 10, 3)
    # Eyeballs, far up: `draw` paints their corneas.
    points += square(7, 8, 8, 1) + square(9, 10, 8, 1)
    neutral: F32 = np.array(points, np.float32)
    jaw: F32 = np.zeros_like(neutral)
    jaw[8:12] = [0, -2, -1]
    jaw[:2] = [0, -2, 0]
    triangles = [t for k in range(0, 20, 4) for t in ([k, k + 1, k + 2], [k, k + 2, k + 3])]
    names = ["M_Face", "M_Teeth", "M_Teeth", "M_ScleraLeft", "M_ScleraRight"]
    return Head(
        neutral=neutral,
        shapes={
            "jawOpen": jaw,
            "mouthSmile_L": (jaw / 2).astype(np.float32),
            "cheekPuff_L": jaw,
            "cheekPuff_R": jaw,
        },
        identity=np.zeros((2, *neutral.shape), np.float32),
        triangles=np.array(triangles, np.int64),
        material=np.repeat(np.array(names), 2),
    )
