"""A plain top drawn over whatever the body donor wears.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

import cv2
import numpy as np
from scipy.interpolate import splev, splprep

from export.gallery.arrays import F32, F64, f32
from export.gallery.bands import blur, join, split
from export.gallery.recipes import Cloth, Top
from export.gallery.regions import ramp
from export.gallery.shape import CHIN, face_width

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
    dark = ramp(blur(lab[..., 0], 0.8), top.hair_light, top.hair_light - 10.0)
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
    # Hair's rim is mixed with what was worn before: as dark as hair, it is rid of that.
    result[..., 0] -= mask * np.maximum(result[..., 0] - (top.hair_light - 12.0), 0)
    m = (mask * (1 - hair))[..., None]
    return ((1 - m) * result + m * cloth).astype(np.float32)


def top_alpha(lab: F32, alpha: F32, top: Top, target: F64) -> tuple[F32, F32]:
    """The matte (S, S) of a person who wears the top, and 0-1 where the top is seen.

    The top ends in a smooth line, and nothing of what was worn before shows past it.
    """
    size = lab.shape[0]
    hair = hair_in_front(lab, top)
    outline = outline_mask(top, size)
    worn = outline * (1 - hair)
    if not top.shoulders:
        return f32((1 - worn) * alpha + worn * ramp(blur(alpha, 6.0), 0.4, 0.62)), worn
    width, chin = face_width(target), target[CHIN]
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32)
    beside = ramp(np.abs(xs - np.float32(chin[0])), 0.5 * width, 0.62 * width)
    low = ramp(ys, float(chin[1]) - 0.1 * width, float(chin[1]) - 0.04 * width)
    past = beside * low * (1 - outline) * (1 - hair)
    return f32(np.maximum(alpha * (1 - past), worn)), f32(np.maximum(worn, past))


def recloth(lab: F32, mask: F32, cloth: Cloth, seed: int) -> F32:
    """Clothes (mask, 0-1) of the picture (S, S, 3 Lab) in another colour and of other threads."""
    bands = split(lab)
    bands[0] = bands[0] * cloth.fine
    new = join(bands) * np.array([cloth.light, cloth.colour, cloth.colour], np.float32)
    new += np.array([cloth.lift, *cloth.tint], np.float32)
    lit = np.clip(new[..., 0] / 50.0, 0.35, 1.3)
    new[..., 0] += cloth.weave * lit * weave(lab.shape[0], seed)
    m = mask[..., None]
    return f32((1 - m) * lab + m * new)
