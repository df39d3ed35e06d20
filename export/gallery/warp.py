"""Thin-plate-spline warp of a picture onto a target face shape.

Runs on the calling thread, pure numpy, scipy and OpenCV.
Never reads a file.
"""

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator, RectBivariateSpline

from export.gallery.arrays import F32, F64, f32, f64
from export.gallery.regions import OVAL
from export.gallery.shape import face_width, umeyama

RING_POINTS = 32
OVAL_SMOOTHING = 25.0  # times the smoothing: the net places the outline only roughly, and an
# exact fit to that noise gives a wavy jaw


def anchors(target: F64, ring: float) -> F64:
    """Points (32, 2) far around the face, `ring` face widths from its middle."""
    angle = np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return f64(target.mean(0) + ring * face_width(target) * circle)


def backward_map(
    target: F64, source: F64, size: int, *, smoothing: float, ring: float, grid: int = 129
) -> F32:
    """For each pixel of the result (size, size, 2) its place in the source picture, px.

    Far from the face the map follows the similarity between the two shapes, so hair and
    shoulders keep their form. smoothing: of the spline, px; larger keeps more of the source's pose.
    """
    scale, rotation, shift = umeyama(target, source)
    far = anchors(target, ring)
    knots = np.vstack([target, far])
    values = np.vstack([source, scale * far @ rotation.T + shift])
    stiffness = np.full(len(knots), smoothing)
    stiffness[list(OVAL)] *= OVAL_SMOOTHING
    spline = RBFInterpolator(knots, values, kernel="thin_plate_spline", smoothing=stiffness)
    axis = np.linspace(0, size - 1, grid)
    xs, ys = np.meshgrid(axis, axis)
    coarse = spline(np.stack([xs.ravel(), ys.ravel()], axis=1)).reshape(grid, grid, 2)
    # Cubic between the grid's points, in full precision: cv2.remap steps by 1/32 of a cell.
    at = np.arange(size)
    fine = [RectBivariateSpline(axis, axis, coarse[..., k])(at, at) for k in range(2)]
    return f32(np.stack(fine, axis=-1))


def resample(picture: F32, places: F32, border: int = cv2.BORDER_REFLECT_101) -> F32:
    """`picture` (H, W[, C]) seen through a backward map (h, w, 2): Lanczos, f32."""
    x, y = places[..., 0], places[..., 1]
    return f32(cv2.remap(picture, x, y, cv2.INTER_LANCZOS4, borderMode=border))


def inside(places: F32, shape: tuple[int, int], soft_px: float = 6.0) -> F32:
    """1 where the map stays in a source of `shape` (H, W), ramping to 0 at its left, right, top."""
    x, y = places[..., 0], places[..., 1]
    edge = np.minimum(np.minimum(x, shape[1] - 1 - x), y)
    return np.clip(edge / soft_px + 0.5, 0, 1).astype(np.float32)
