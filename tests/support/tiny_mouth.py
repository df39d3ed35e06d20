"""A mouth of a few boards in the rig's places: two rows of teeth, gums behind, a tongue.

Test support; made once per process.
Never a copy of the rig, which is not in the repository.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from engines.values import F32
from export.rig.ict import Head


def board(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> F32:
    """f32[4,3]: upper edge at depth z[0], lower at z[1]."""
    return np.array(
        [[x[0], y[0], z[0]], [x[1], y[0], z[0]], [x[1], y[1], z[1]], [x[0], y[1], z[1]]], np.float32
    )


@cache
def tiny_head() -> Head:
    parts: list[tuple[F32, str, bool]] = []
    for k in range(-3, 3):
        x = (0.8 * k, 0.8 * k + 0.78)
        parts.append((board(x, (-1.0, -3.5), (10.4, 10.7)), "M_Teeth", False))
        parts.append((board(x, (-3.5, -5.8), (10.4, 9.6)), "M_Teeth", True))
    parts.append((board((-3, 3), (-0.8, -2.0), (10.2, 10.2)), "M_GumsTongue", False))
    for far, high in ((4.0, -2.6), (6.5, -3.2)):
        slope = board((-0.4, 0.4), (high, high - 0.6), (far, far + 2.5))
        parts.append((slope, "M_GumsTongue", True))
    points = np.concatenate([p for p, _, _ in parts])
    falls = np.repeat([down for _, _, down in parts], 4)
    still = np.zeros_like(points)
    jaw = still.copy()
    jaw[falls, 1] = -3.5
    count = len(parts)
    first = 4 * np.arange(count)[:, None]
    return Head(
        neutral=points,
        shapes={"jawOpen": jaw, "jawForward": still, "jawLeft": still, "jawRight": still},
        identity=np.zeros((1, *points.shape), np.float32),
        triangles=np.concatenate([first + [0, 1, 2], first + [0, 2, 3]]).astype(np.int64),
        material=np.array([m for _, m, _ in parts] * 2),
    )
