"""Carries the rig's expressions over to the 468-point face mesh, exactly.

Offline program, main thread.
Never learns a motion from a landmark net run on moved shapes: that answer is damped and noisy
(blink to a third, pucker to a half); each mesh point is tied to the rig's surface instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from engines.render import landmarks as lm
from engines.values import ARKIT_NAMES, F32
from export.rig.ict import Head, project

GAINS: dict[str, float | tuple[float, float, float]] = {
    "mouthPucker": (1.5, 1.0, 1.0),  # narrows the mouth to .81 only; higher lips would fold over
    "mouthFunnel": 0.75,  # the rig's curls the lips off both rows of teeth
    "mouthRollUpper": 0.75,
    "mouthRollLower": 0.75,
    "eyeLookDown": 0.85,  # with the whole lid motion a downward look reads as drowsy
    "browInnerUp": 0.7,  # more stretches the hair of thick brows
}
"""Where the rig's strength does not suit a photo, along x, y, z if not alike; judged by eye."""
TONGUE_OUT_JAW = 0.22
"""A tongue needs room: the rig has no `tongueOut`, so its skin is that much of `jawOpen`."""
CORNERS = (
    ((61, 76, 62, 78), (185, 184, 183, 191), (40, 74, 42, 80), (146, 77, 96, 95), (91, 90, 89, 88)),
    (
        (291, 306, 292, 308),
        (409, 408, 407, 415),
        (270, 304, 272, 310),
        (375, 307, 325, 324),
        (321, 320, 319, 318),
    ),
)
"""Corner of the mouth, outside to inside: its middle, and the first and second points beside it
on the upper and the lower lip."""
CORNER_STEPS = 4
JAW_NARROWS_CM, JAW_NARROWS_REACH_CM = 0.24, 1.2
"""A mouth that opens wide grows round: its corners come inward more than the rig's do."""
BROW_PAIRS = (
    (107, 55), (66, 65), (105, 52), (63, 53), (70, 46),
    (336, 285), (296, 295), (334, 282), (293, 283), (300, 276),
)  # fmt: skip
"""Upper and lower edge of the eyebrows."""
SEALED = ("mouthPress", "mouthRoll", "mouthPucker", "mouthShrug", "mouthSmile", "mouthFrown",
          "mouthDimple", "mouthStretch", "mouthLeft", "mouthRight", "cheekPuff")  # fmt: skip
"""Shapes that may not part closed lips. Only jaw, funnel, lower-down and upper-up may."""
SEAL_ROWS = (1.0, 0.6, 0.3)
_LIP_POINTS = sorted({i for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS) for i in row}
                     | set(lm.INNER_LOOP) | set(lm.OUTER_LOOP))  # fmt: skip


def tie(
    head: Head, points: F32, seen: NDArray[np.int64], marks: F32, size: int
) -> tuple[NDArray[np.int64], F32]:
    """For each mark, the nearest skin pixel's triangle i64[M] and barycentrics f32[M,3]."""
    skin = np.isin(head.material, ("M_Face", "M_BackHead"))
    rows, columns = np.nonzero((seen >= 0) & skin[np.maximum(seen, 0)])
    tree = cKDTree(np.stack([columns, rows], 1))
    _, nearest = tree.query(marks[:, :2])
    triangle = seen[rows[nearest], columns[nearest]]
    corner = project(points, size)[head.triangles[triangle]]
    e1, e2 = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    d = np.stack([columns[nearest], rows[nearest]], 1) - corner[:, 0]
    det = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    u = (d[:, 0] * e2[:, 1] - d[:, 1] * e2[:, 0]) / det
    v = (e1[:, 0] * d[:, 1] - e1[:, 1] * d[:, 0]) / det
    mix = np.clip(np.stack([1 - u - v, u, v], 1), 0, 1)
    return triangle, (mix / mix.sum(1, keepdims=True)).astype(np.float32)


def lip_points() -> list[int]:
    """Mesh points that must be tied with the mouth open: closed, both lips share a pixel."""
    return _LIP_POINTS


def arkit_deltas(head: Head, triangle: NDArray[np.int64], mix: F32) -> F32:
    """f32[52,468,3] cm in ARKit order. `mouthClose` is zero: the renderer seals lips by rule."""
    corner = head.triangles[triangle]

    def carried(name: str) -> F32:
        moved: F32 = np.einsum("mk,mkc->mc", mix, head.shapes[name][corner]).astype(np.float32)
        return moved

    out = np.zeros((len(ARKIT_NAMES), len(triangle), 3), np.float32)
    for i, name in enumerate(ARKIT_NAMES):
        if name not in ("mouthClose", "tongueOut"):
            out[i] = sum((carried(source) for source in sources(name, head)), np.zeros(1))
        out[i] *= GAINS.get(name.removesuffix("Left").removesuffix("Right"), 1.0)
        _smooth_corners(out[i])
        if name.startswith("brow"):
            _stiffen_brows(out[i])
        if name.startswith(SEALED):
            _seal(out[i])
    neutral = np.einsum("mk,mkc->mc", mix, head.neutral[corner])
    jaw = out[ARKIT_NAMES.index("jawOpen")]
    for end in (lm.MOUTH_LEFT, lm.MOUTH_RIGHT):
        far = np.linalg.norm(neutral - neutral[end], axis=1) / JAW_NARROWS_REACH_CM
        jaw[:, 0] -= np.sign(neutral[end, 0]) * JAW_NARROWS_CM * np.exp(-(far**2))
    _round_opening(jaw, neutral)
    out[ARKIT_NAMES.index("tongueOut")] = TONGUE_OUT_JAW * out[ARKIT_NAMES.index("jawOpen")]
    return out


def sources(name: str, head: Head) -> list[str]:
    """The rig's shapes that make one ARKit shape; the rig's `_L` is the person's left too."""
    for side in ("Left", "Right"):
        short = f"{name.removesuffix(side)}_{side[0]}"
        if name.endswith(side) and short in head.shapes:
            return [short]
    if name in head.shapes:
        return [name]
    return [f"{name}_L", f"{name}_R"]


def _stiffen_brows(delta: F32) -> None:
    """Move both edges of a brow alike: hair does not get thicker when it rises."""
    for upper, lower in BROW_PAIRS:
        delta[[upper, lower]] = 0.6 * delta[upper] + 0.4 * delta[lower]


def _smooth_corners(delta: F32) -> None:
    """Even out a mouth's corners: a dozen points within millimetres, tied to the rig one by one.

    Without it the skin there folds over itself in nearly every shape.
    """
    for middle, upper, upper_next, lower, lower_next in CORNERS:
        near: dict[int, list[int]] = {}
        for k, point in enumerate(middle):
            near[point] = [upper[k], lower[k], *middle[max(k - 1, 0) : k], *middle[k + 1 : k + 2]]
            for row, following in ((upper, upper_next), (lower, lower_next)):
                near[row[k]] = [point, following[k], *row[max(k - 1, 0) : k], *row[k + 1 : k + 2]]
        for _ in range(CORNER_STEPS):
            means = {point: delta[around].mean(0) for point, around in near.items()}
            for point, mean in means.items():
                delta[point] = (delta[point] + mean) / 2


def _round_opening(delta: F32, neutral: F32) -> None:
    """Lay the inner lips of an open mouth on half an ellipse each; the rows outward follow."""
    corners = [lm.INNER_LEFT, lm.INNER_RIGHT]
    end, half = delta[corners, 1].mean(), np.abs(neutral[corners, 0]).mean()
    for rows in (lm.UPPER_ROWS, lm.LOWER_ROWS):
        inner = list(rows[0])
        middle = delta[inner[len(inner) // 2], 1]
        aside = np.clip(np.abs(neutral[inner, 0]) / half, 0, 1)
        missing = middle + (end - middle) * (1 - np.sqrt(1 - aside**2)) - delta[inner, 1]
        for row, share in zip(rows, SEAL_ROWS, strict=False):
            delta[list(row), 1] += share * missing


def _seal(delta: F32) -> None:
    """Give both inner lips the same motion, fading over the next rows."""
    upper, lower = list(lm.UPPER_INNER), list(lm.LOWER_INNER)
    mean = (delta[upper] + delta[lower]) / 2
    up, down = mean - delta[upper], mean - delta[lower]
    for k, factor in enumerate(SEAL_ROWS):
        delta[list(lm.UPPER_ROWS[k])] += factor * up
        delta[list(lm.LOWER_ROWS[k])] += factor * down


def mirror_pairs(marks: F32) -> NDArray[np.int64]:
    """i64[468]: the point on the other side, one to one, from a frontal face's marks."""
    flipped = marks.copy()
    middle = (marks[lm.FACE_LEFT, 0] + marks[lm.FACE_RIGHT, 0]) / 2
    flipped[:, 0] = 2 * middle - flipped[:, 0]
    cost = np.linalg.norm(marks[:, None] - flipped[None], axis=2) ** 2
    _, pairs = linear_sum_assignment(cost)
    # Both directions must agree, or a point would lend its motion and not get it back.
    if not (pairs[pairs] == np.arange(len(pairs))).all():
        raise RuntimeError("mirror pairs are not one to one")
    return np.asarray(pairs, np.int64)


def symmetric(deltas: F32, pairs: NDArray[np.int64]) -> F32:
    """Mean of each shape and the mirror image of its opposite: the net's own lean goes away."""
    mirror = np.array([-1, 1, 1], np.float32)
    swap = {"Left": "Right", "Right": "Left"}
    out = deltas.copy()
    for i, name in enumerate(ARKIT_NAMES):
        other = next((name.removesuffix(a) + b for a, b in swap.items() if name.endswith(a)), name)
        opposite = deltas[ARKIT_NAMES.index(other)]
        out[i] = (deltas[i] + opposite[pairs] * mirror) / 2
    return out
