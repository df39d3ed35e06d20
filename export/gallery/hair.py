"""Hair drawn anew: another outline, and strands that follow the old ones but are not theirs.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from export.gallery.arrays import F32, F64, f32
from export.gallery.bands import blur, split
from export.gallery.recipes import Hair
from export.gallery.regions import OVAL, polygon, ramp
from export.gallery.shape import CHIN, face_width

DESIGN_SIZE = 640  # lengths are in a picture of this size
SHARE = (0.85, 0.75, 0.4)
"""Of each fine band of the donor's hair that the drawn strands take over, fine to coarse."""
STRAND_PX = 34


@dataclass(frozen=True, slots=True)
class Flow:
    """Which way hair runs: unit vectors (H, W, 2), and how surely (H, W, 0-1)."""

    along: F32
    sure: F32


def flow(light: F32, fine_px: float = 1.1, wide_px: float = 5.0) -> Flow:
    """Direction of strands from the structure tensor of the lightness (Bigun and Granlund 1987)."""
    soft = blur(light, fine_px)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    xx, yy, xy = (blur(f32(p), wide_px) for p in (gx * gx, gy * gy, gx * gy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    return Flow(
        f32(np.stack([np.cos(angle), np.sin(angle)], axis=-1)),
        f32(spread / np.maximum(xx + yy, 1e-6)),
    )


def smear(noise: F32, along: F32, steps: int) -> F32:
    """Noise averaged along the flow, both ways: line integral convolution (Cabral, Leedom 1993)."""
    height, width = noise.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    total, weight = noise.copy(), 1.0
    for way in (1.0, -1.0):
        x, y, heading = xs.copy(), ys.copy(), way * along
        for k in range(1, steps + 1):
            x, y = x + heading[..., 0], y + heading[..., 1]
            share = 0.5 + 0.5 * np.cos(np.pi * k / (steps + 1))
            total += share * f32(cv2.remap(noise, x, y, cv2.INTER_LINEAR, borderMode=2))
            weight += share
            # Directions have no sign: each step goes on the way it came.
            ahead = f32(cv2.remap(along, x, y, cv2.INTER_NEAREST, borderMode=2))
            same = np.sign((ahead * heading).sum(-1, keepdims=True) + 1e-9)
            heading = ahead * same
    return f32(total / weight)


def strands(light: F32, mask: F32, seed: int) -> F32:
    """What to add to the lightness (H, W) of hair so that its strands are new ones.

    mask: 0-1, where hair is. The new strands run along the old and are as strong as those were
    nearby; broad light and shade stay.
    """
    scale = light.shape[0] / DESIGN_SIZE
    field = flow(light)
    rng = np.random.default_rng(seed + 7)
    sure = ramp(field.sure, 0.1, 0.4)
    change = np.zeros_like(light)
    bands = split(np.repeat(light[..., None], 3, axis=2))
    for band, share, coarse in zip(bands[: len(SHARE)], SHARE, (0.0, 0.9, 2.2), strict=True):
        old = band[..., 0]
        noise = f32(rng.standard_normal(light.shape))
        drawn = smear(blur(noise, coarse * scale) if coarse else noise, field.along,
                      round(STRAND_PX * scale))  # fmt: skip
        if coarse:
            drawn = drawn - blur(drawn, 2.2 * coarse * scale)
        inside = np.maximum(blur(mask, 6.0 * scale), 1e-3)
        strength = np.sqrt(np.maximum(blur(mask * old**2, 6.0 * scale) / inside, 0))
        own = np.sqrt(np.maximum(blur(mask * drawn**2, 6.0 * scale) / inside, 1e-8))
        change += share * sure * (np.clip(drawn / own, -2.5, 2.5) * strength - old)
    return f32(change * mask)


def restyle(lab: F32, mask: F32, hair: Hair, seed: int) -> F32:
    """Hair (S, S, 3 Lab) with strands of its own and the recipe's colour, where `mask` is."""
    result = lab.copy()
    result[..., 0] += hair.strands * strands(f32(lab[..., 0]), mask, seed)
    m = mask[..., None]
    tinted = result * np.array([hair.light, hair.colour, hair.colour], np.float32)
    tinted += np.array([hair.lift, *hair.tint], np.float32)
    return f32((1 - m) * result + m * tinted)


def hair_mask(alpha: F32, likeness: F32, target: F64, reach: float) -> F32:
    """0-1: hair of a person cut out: no skin, outside the middle of the face, above `reach`.

    reach: face widths below the chin.
    """
    size = alpha.shape[0]
    width = face_width(target)
    oval = (polygon(target, OVAL, size) > 0.5).astype(np.uint8)
    depth = f32(cv2.distanceTransform(oval, cv2.DIST_L2, 5))
    away = ramp(depth, 0.2 * width, 0.1 * width)
    rows = np.mgrid[0:size, 0:size][0].astype(np.float64)
    chin = float(target[CHIN, 1])
    above = ramp(rows, chin + (reach + 0.1) * width, chin + (reach - 0.1) * width)
    solid = ramp(alpha, 0.5, 0.95)
    return blur(f32(ramp(likeness, 0.45, 0.1) * solid * away * above), 1.0)


def reshape(target: F64, size: int, hair: Hair, seed: int) -> F32:
    """Where each pixel (size, size, 2) of the hair's picture is taken from: a new outline.

    Nothing moves inside the face. Beyond it hair is `volume` times as wide and high (measured
    from the face's edge) and its outline wanders by `wander` face widths.
    """
    width = face_width(target)
    oval = polygon(target, OVAL, size)
    away = f32(cv2.distanceTransform((oval < 0.5).astype(np.uint8), cv2.DIST_L2, 5)) / width
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32)
    middle = f32(target[list(OVAL)].mean(0))
    chin = float(target[CHIN, 1])
    above = ramp(ys.astype(np.float64), chin + 0.1 * width, chin - 0.35 * width)
    reach = ramp(away, 0.02, 0.32) * above
    across = 1 + reach * (1 / hair.volume[0] - 1)
    upward = 1 + reach * (1 / hair.volume[1] - 1)
    noise = np.random.default_rng(seed + 5).standard_normal((size, size, 2)).astype(np.float32)
    sway = blur(noise, 0.16 * width)
    sway = hair.wander * width * reach[..., None] * sway / max(float(sway.std()), 1e-9)
    x = middle[0] + (xs - middle[0]) * across
    y = middle[1] + (ys - middle[1]) * upward
    return f32(np.stack([x, y], axis=-1) + sway)
