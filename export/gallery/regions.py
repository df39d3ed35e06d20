"""Where on a target face which donor is used: masks from the 478 points.

Runs on the calling thread, pure numpy and OpenCV.
Never reads a file.
"""

import cv2
import numpy as np

from export.gallery.arrays import F32, F64, f32
from export.gallery.shape import CHIN, face_width

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
        109)  # fmt: skip
EYE_PHOTO_LEFT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 33, 7, 163, 144, 145, 153, 154, 155,
                  133, 110, 24, 23, 22, 26, 112)  # fmt: skip
EYE_PHOTO_RIGHT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276, 263, 249, 390, 373, 374, 380,
                   381, 382, 362, 339, 254, 253, 252, 256, 341)  # fmt: skip
NOSE = (168, 122, 351, 129, 358, 98, 327, 2, 64, 294, 48, 278, 49, 279)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
CHEEKS = ((50, 101, 118, 117, 123, 147, 187, 205), (280, 330, 347, 346, 352, 376, 411, 425))
FOREHEAD = (109, 10, 338, 337, 151, 108)


def polygon(points: F64, indices: tuple[int, ...], size: int, *, hull: bool = False) -> F32:
    """Mask (size, size) 0-1 of a polygon of landmarks, or of their hull."""
    corners = f32(points[list(indices)])
    if hull:
        corners = f32(cv2.convexHull(corners)[:, 0])
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return (mask / np.float32(255)).astype(np.float32)


def grow(mask: F32, px: float) -> F32:
    """Mask dilated (px > 0) or eroded (px < 0) by a disc."""
    radius = round(abs(px))
    if radius == 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return f32(cv2.dilate(mask, disc) if px > 0 else cv2.erode(mask, disc))


def face_parts(points: F64, size: int, eye_grow_px: float) -> dict[str, F32]:
    """Masks that never overlap: eyes (with brows), nose, mouth, skin; the rest is outside."""
    oval = grow(polygon(points, OVAL, size), -8)
    eyes = polygon(points, EYE_PHOTO_LEFT, size, hull=True)
    eyes = np.maximum(eyes, polygon(points, EYE_PHOTO_RIGHT, size, hull=True))
    parts = {
        "mouth": grow(polygon(points, LIPS, size), 4),
        "eyes": grow(eyes, eye_grow_px),
        "nose": grow(polygon(points, NOSE, size, hull=True), 6),
        "skin": oval,
    }
    left = np.ones((size, size), np.float32)
    result = {}
    for name, mask in parts.items():
        result[name] = np.minimum(mask, left)
        left = left - result[name]
    return result


def ramp(values: F64 | F32, start: float, stop: float) -> F32:
    """Smoothstep: 0 at start, 1 at stop (stop may be below start)."""
    t = np.clip((values - start) / (stop - start), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def body_part(points: F64, size: int, *, above_chin: float, soft_px: float = 30.0) -> F32:
    """Mask of neck, collar and shoulders: where the body donor is used, outside of the face.

    From `above_chin` face widths above the chin downward; at the sides from .62 above. At the
    chin line itself collars double and neck widths disagree.
    """
    width = face_width(points)
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float64)
    chin = points[CHIN]
    edge = chin[1] - above_chin * width
    below = ramp(ys, edge - soft_px / 2, edge + soft_px / 2)
    side_edge = chin[1] - 0.62 * width
    aside = ramp(np.abs(xs - chin[0]), 0.52 * width, 0.60 * width)
    aside = aside * ramp(ys, side_edge, side_edge + soft_px)
    return np.maximum(below, aside)


def skin_colour(lab: F32, points: F64) -> F32:
    """Median Lab (3) of cheeks and forehead."""
    size = lab.shape[0]
    mask = polygon(points, FOREHEAD, size)
    for cheek in CHEEKS:
        mask = np.maximum(mask, polygon(points, cheek, size))
    median: F32 = np.median(lab[mask > 0.5], axis=0).astype(np.float32)
    return median


def skin_likeness(lab: F32, skin: F32, width: float = 11.0) -> F32:
    """0-1 per pixel: chroma near the skin's own, allowing for shade (chroma falls with light)."""
    light = np.clip(lab[..., :1] / max(float(skin[0]), 1.0), 0.05, 1.4)
    expected = skin[1:] * light**0.7
    distance = np.linalg.norm(lab[..., 1:] - expected, axis=-1)
    dark = ramp(lab[..., 0], 0.22 * float(skin[0]), 0.42 * float(skin[0]))
    return f32(np.exp(-((distance / width) ** 2)) * dark)
