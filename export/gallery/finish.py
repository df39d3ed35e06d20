"""Last touches: backdrop, grain, sharpness, highlights, key light.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

import cv2
import numpy as np

from export.gallery.arrays import F32, f32
from export.gallery.bands import blur


def to_lab(bgr: F32) -> F32:
    """BGR 0-1 to CIE Lab (L 0-100)."""
    return f32(cv2.cvtColor(np.clip(bgr, 0, 1), cv2.COLOR_BGR2Lab))


def to_bgr(lab: F32) -> F32:
    """CIE Lab to BGR 0-1."""
    return f32(np.clip(cv2.cvtColor(f32(lab), cv2.COLOR_Lab2BGR), 0, 1))


def soften_highlights(lab: F32, knee: float = 86.0, slope: float = 0.45) -> F32:
    """Lightness above the knee compressed: no glare on forehead or nose."""
    result = lab.copy()
    light = lab[..., 0]
    result[..., 0] = np.where(light > knee, knee + slope * (light - knee), light)
    return result


def sharpen(lab: F32, fine: float = 0.35, wide: float = 0.12) -> F32:
    """Unsharp mask of the lightness at 1.1 and 7 px."""
    result = lab.copy()
    light = lab[..., 0]
    result[..., 0] += fine * (light - blur(light, 1.1)) + wide * (light - blur(light, 7.0))
    return result


def calm_colour(lab: F32, sigma_px: float = 1.4) -> F32:
    """Chroma smoothed: the blocks that JPEG left in the sources' colour are gone."""
    result = lab.copy()
    result[..., 1:] = blur(f32(lab[..., 1:]), sigma_px)
    return result


def pores(lab: F32, likeness: F32, seed: int, depth: float = 0.55) -> F32:
    """Fine skin relief where `likeness` (H, W, 0-1) is high: enlarged sources are too smooth."""
    noise = f32(np.random.default_rng(seed + 2).standard_normal(likeness.shape))
    relief = blur(noise, 0.9) - blur(noise, 2.2)
    relief = relief / relief.std()
    lit = np.clip(lab[..., 0] / 60.0, 0.3, 1.2)
    result = lab.copy()
    result[..., 0] += depth * likeness * lit * relief
    return result


def key_light(lab: F32, amount: float = 0.05) -> F32:
    """A soft light from the photo's left: lightness +-amount across the width."""
    across = np.linspace(1, -1, lab.shape[1], dtype=np.float32)
    result = lab.copy()
    result[..., 0] *= 1 + amount * across
    return result


def backdrop(size: int, colour: tuple[float, float, float]) -> F32:
    """Plain studio backdrop, BGR 0-1: `colour` (Lab) behind the shoulders, darker outward."""
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32) / size
    away = np.sqrt(((xs - 0.46) / 0.95) ** 2 + ((ys - 0.55) / 0.85) ** 2)
    lab = np.empty((size, size, 3), np.float32)
    lab[..., 0] = colour[0] - 16.0 * away**1.6
    lab[..., 1:] = colour[1:]
    return to_bgr(lab)


def grain(bgr: F32, seed: int, strength: float = 1.6) -> F32:
    """Camera noise: mostly lightness, `strength` in 8-bit steps, the same for the same seed."""
    rng = np.random.default_rng(seed)
    height, width = bgr.shape[:2]
    light = blur(rng.standard_normal((height, width)).astype(np.float32), 0.6) * 1.9
    colour = blur(rng.standard_normal((height, width, 3)).astype(np.float32), 0.9) * 0.9
    noise = f32((strength / 255) * (light[..., None] + 0.5 * colour))
    return f32(np.clip(bgr + noise, 0, 1))
