"""Face shapes as 478 points: alignment, symmetry, a new person's target shape.

Runs on the calling thread, pure numpy and scipy.
Never reads a file or a picture.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from export.gallery.arrays import F64, I64, f64

POINTS = 478
SIDE_RIGHT, SIDE_LEFT = 234, 454  # photo-left and photo-right ends of the face oval
TOP, CHIN = 10, 152
IRIS_FIRST = 468
UPPER_INNER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)


def face_width(points: F64) -> float:
    """Width of the face in the units of `points` (478, 2 or 3), over its x and y."""
    return float(np.linalg.norm(points[SIDE_RIGHT, :2] - points[SIDE_LEFT, :2]))


def yaw_of(points: F64) -> float:
    """Turn of the head, 0 = frontal, in parts of the face width (no unit)."""
    right = points[1, 0] - points[SIDE_RIGHT, 0]
    left = points[SIDE_LEFT, 0] - points[1, 0]
    return float((right - left) / face_width(points))


def lip_gap(points: F64) -> float:
    """Opening of the inner lips in parts of the mouth width."""
    width = np.linalg.norm(points[61, :2] - points[291, :2])
    return float(np.linalg.norm(points[13, :2] - points[14, :2]) / width)


def umeyama(source: F64, target: F64) -> tuple[float, F64, F64]:
    """Scale, rotation (D, D) and shift (D) that best take source (N, D) to target (N, D).

    Umeyama 1991, least squares with a proper rotation: target is about
    scale * source @ rotation.T + shift.
    """
    mean_source, mean_target = source.mean(0), target.mean(0)
    a, b = source - mean_source, target - mean_target
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.ones(source.shape[1])
    sign[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / (a**2).sum())
    return scale, rotation, mean_target - scale * rotation @ mean_source


def align(source: F64, target: F64) -> F64:
    """`source` (N, 3) moved, turned and scaled onto `target` (N, 3): takes the pose out."""
    scale, rotation, shift = umeyama(source, target)
    return scale * source @ rotation.T + shift


def mirror_index(points: F64) -> I64:
    """For each point its partner on the other side, one to one.

    Hungarian assignment between the mesh and its mirror image, the irises apart. A nearest
    neighbour is not enough: it pairs some points twice and one eye grows taller.
    """
    middle = points[:, 0].mean()
    flipped = points * np.array([-1.0, 1.0, 1.0]) + np.array([2 * middle, 0.0, 0.0])
    result = np.arange(len(points))
    for part in (slice(0, IRIS_FIRST), slice(IRIS_FIRST, None)):
        cost = np.linalg.norm(flipped[part, None] - points[None, part], axis=2)
        rows, columns = linear_sum_assignment(cost**2)
        offset = part.start or 0
        result[rows + offset] = columns + offset
    return result


def mirrored(points: F64, index: I64) -> F64:
    """The mesh seen in a mirror: partner points, x turned about the mean x."""
    flipped: F64 = points[index].copy()
    flipped[:, 0] = 2 * points[:, 0].mean() - flipped[:, 0]
    return flipped


def symmetric_mean(shapes: Sequence[F64], rounds: int = 4) -> tuple[F64, I64]:
    """Symmetric mean mesh (478, 3) of shapes of any pose, and the mirror index."""
    mean = shapes[0] / face_width(shapes[0])
    for _ in range(rounds):
        mean = np.mean([align(s, mean) for s in shapes], axis=0)
        mean = mean / face_width(mean)
    index = mirror_index(mean)
    for _ in range(2):  # turn it to face forward: onto the mean of itself and its mirror image
        mean = align(mean, 0.5 * (mean + mirrored(mean, index)))
        index = mirror_index(mean)
    mean = 0.5 * (mean + mirrored(mean, index))
    return f64(mean / face_width(mean)), index


def principal_modes(aligned: F64, modes: int) -> F64:
    """Modes (modes, 478, 3) of aligned shapes (n, 478, 3), each one standard deviation long.

    The largest entry of each is positive: a decomposition may answer with either sign.
    """
    flat = (aligned - aligned.mean(0)).reshape(len(aligned), -1)
    _, singular, vt = np.linalg.svd(flat, full_matrices=False)
    largest = np.take_along_axis(vt, np.abs(vt).argmax(1)[:, None], axis=1)
    vt = vt * np.where(largest < 0, -1.0, 1.0)
    scaled = vt[:modes] * (singular[:modes, None] / np.sqrt(max(len(aligned) - 1, 1)))
    return f64(scaled.reshape(-1, *aligned.shape[1:]))


def seal_lips(points: F64, strength: float) -> F64:
    """Inner lip rows moved to their mean by `strength` (0-1): a closed mouth."""
    sealed = points.copy()
    for up, low in zip(UPPER_INNER_LIP[1:-1], LOWER_INNER_LIP[1:-1], strict=True):
        middle = 0.5 * (points[up] + points[low])
        sealed[up] += strength * (middle - points[up])
        sealed[low] += strength * (middle - points[low])
    return sealed


def new_shape(
    group: F64, modes: F64, index: I64, *, step: Sequence[float], symmetry: float, seal: float
) -> F64:
    """A new person's mesh (478, 3): mean of `group` plus a step in face space.

    step: for each mode, in its standard deviations. symmetry: 0-1, the share of the mirror
    image that is mixed in (1: fully even). seal: see seal_lips.
    """
    shape = group.mean(0) + np.tensordot(np.asarray(step), modes[: len(step)], axes=1)
    shape = shape + symmetry * 0.5 * (mirrored(shape, index) - shape)
    return seal_lips(shape, seal)


def relax(shape: F64, *, brow: float, eye: float, smile: float) -> F64:
    """A friendlier calm: inner brows up, upper lids up, corners of the mouth up and out.

    Each amount in face widths (.01 is plenty); each move fades with distance.
    """
    width = face_width(shape)
    result = shape.copy()
    moves = [
        ((107, 55), np.array([0.0, -brow]), 0.10),
        ((336, 285), np.array([0.0, -brow]), 0.10),
        ((159,), np.array([0.0, -eye]), 0.035),
        ((386,), np.array([0.0, -eye]), 0.035),
        ((61,), np.array([-0.7 * smile, -smile]), 0.06),
        ((291,), np.array([0.7 * smile, -smile]), 0.06),
    ]
    for points, move, reach in moves:
        centre = shape[list(points), :2].mean(0)
        distance = np.linalg.norm(shape[:, :2] - centre, axis=1) / (reach * width)
        result[:, :2] += np.exp(-0.5 * distance**2)[:, None] * move * width
    return result


def place(shape: F64, *, size: int, width_px: float, centre_y: float) -> F64:
    """Orthographic picture of the mesh: (478, 2) px in a square of `size`.

    The face is `width_px` wide, its middle (points 10, 152) at half of x and `centre_y` of y.
    """
    flat: F64 = shape[:, :2] * (width_px / face_width(shape))
    middle = 0.5 * (flat[TOP] + flat[CHIN])
    middle[0] = 0.5 * (flat[SIDE_RIGHT, 0] + flat[SIDE_LEFT, 0])
    return f64(flat - middle + np.array([0.5 * size, centre_y * size]))


def nearest(shape: F64, others: dict[str, F64]) -> tuple[str, float]:
    """Name and distance of the nearest of `others`: mean landmark distance, % of face width."""
    best = ("", np.inf)
    for name, other in others.items():
        gap = np.linalg.norm(align(other, shape)[:, :2] - shape[:, :2], axis=1).mean()
        if gap < best[1]:
            best = (name, float(gap))
    return best[0], 100 * best[1] / face_width(shape)
