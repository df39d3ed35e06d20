"""A plain top drawn over whatever the body donor wears.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

import cv2
import numpy as np
from scipy.interpolate import splev, splprep

from export.gallery.arrays import F32, f32
from export.gallery.bands import blur
from export.gallery.recipes import Top
from export.gallery.regions import ramp

DESIGN_SIZE = 640  # recipes give outlines in a picture of this size
TRIM_PX = 6.0


def smooth_line(points: tuple[tuple[float, float], ...], samples: int = 200) -> F32:
    """A curve (samples, 2) through the points."""
    xy = np.array(points, np.float64).T
    knots, _ = splprep(xy, s=0, k=min(3, xy.shape[1] - 1))
    return np.stack(splev(np.linspace(0, 1, samples), knots), axis=1).astype(np.float32)


def outline_mask(top: Top, size: int) -> F32:
    """Mask (size, size) 0-1 of the garment: neckline and two sides, closed below the picture."""
    scale = size / DESIGN_SIZE
    left, neck, right = (smooth_line(p) * scale for p in (top.left, top.neckline, top.right))
    corners = np.vstack([left, neck, right])
    big = np.zeros((size, size), np.uint8)
    cv2.fillPoly(big, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return blur((big / np.float32(255)).astype(np.float32), 0.7 * scale)


def hair_in_front(lab: F32, top: Top) -> F32:
    """0-1: dark hair that hangs over the garment, down to the line `top.hair_line`."""
    size = lab.shape[0]
    if not top.hair_line:
        return np.zeros((size, size), np.float32)
    line = smooth_line(top.hair_line) * (size / DESIGN_SIZE)
    lowest = np.interp(np.arange(size), line[:, 0], line[:, 1]).astype(np.float32)
    rows = np.mgrid[0:size, 0:size][0].astype(np.float32)
    dark = ramp(blur(lab[..., 0], 0.8), 40.0, 30.0)
    return f32(dark * ramp(rows - lowest[None], 4, -4))


def weave(size: int, seed: int) -> F32:
    """Fine cloth texture (size, size), mean 0, deviation 1: threads both ways."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, size, size)).astype(np.float32)
    down = cv2.GaussianBlur(noise[0], (0, 0), sigmaX=0.7, sigmaY=1.2)
    across = cv2.GaussianBlur(noise[1], (0, 0), sigmaX=1.2, sigmaY=0.7)
    cloth = down / down.std() + 0.6 * across / across.std()
    return f32(cloth / cloth.std())


def folds(size: int, seed: int, depth: float = 1.8) -> F32:
    """Soft, mostly upright folds of loose cloth (size, size), lightness around 0."""
    scale = size / DESIGN_SIZE
    noise = np.random.default_rng(seed + 1).standard_normal((size, size)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigmaX=13 * scale, sigmaY=42 * scale)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), 14, 1.5)
    soft = cv2.warpAffine(soft, turn, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    return f32(depth * soft / soft.std())


def dress(lab: F32, top: Top, seed: int) -> F32:
    """The picture (S, S, 3 Lab) wearing the plain top, with its fold shading kept in part."""
    size = lab.shape[0]
    scale = size / DESIGN_SIZE
    mask = outline_mask(top, size)
    hair = hair_in_front(lab, top)
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / scale
    shade = blur(lab[..., 0], 22.0 * scale)
    shade = top.shading * (shade - float(shade[mask > 0.5].mean()))
    light = top.colour[0] + shade + folds(size, seed) + 0.5 * weave(size, seed)
    seam = np.exp(-(((depth - TRIM_PX) / 1.1) ** 2))
    light = light - 2.2 * seam + 1.6 * np.exp(-(((depth - 1.6) / 1.2) ** 2))
    cloth = np.empty_like(lab)
    cloth[..., 0] = light
    cloth[..., 1], cloth[..., 2] = top.colour[1], top.colour[2]
    shadow = blur(mask, 3.0 * scale) * (1 - mask)  # the cloth's edge shades the skin beside it
    result = lab.copy()
    result[..., 0] *= 1 - 0.28 * shadow * (1 - hair)
    m = (mask * (1 - hair))[..., None]
    return ((1 - m) * result + m * cloth).astype(np.float32)
