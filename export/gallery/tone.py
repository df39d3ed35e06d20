"""Tone of skin, neck, clothes and eyes: donors made to look lit by one light.

Runs on the calling thread, pure numpy and OpenCV; lengths suit pictures of about 640.
Never reads a file.
"""

import cv2
import numpy as np

from export.gallery.arrays import F32, F64, f32, f64
from export.gallery.bands import blur
from export.gallery.regions import OVAL, polygon, ramp, skin_likeness
from export.gallery.shape import CHIN, face_width

SHINE_FROM = 9.0  # L above the skin's own
GLARE_FROM = 1.5  # L above that: nothing of the skin is left to see


def rows_of(lab: F32) -> F64:
    """Row number of each pixel (H, W)."""
    return f64(np.mgrid[0 : lab.shape[0], 0 : lab.shape[1]][0])


def match_skin(lab: F32, own: F32, skin: F32, chroma: float) -> F32:
    """Skin of a donor moved to the group's skin colour; hair and cloth stay as they are.

    chroma: 0-1, how far the broad colour of the skin is evened to what its lightness asks for.
    """
    likeness = blur(skin_likeness(blur(lab, 1.5), own, 16.0), 2.5)[..., None]
    moved = lab + likeness * (skin - own)
    likeness = blur(skin_likeness(blur(lab, 1.5), own, 24.0), 2.5)[..., None]
    broad = blur(moved, 5.0)
    light = np.clip(broad[..., :1] / max(float(skin[0]), 1.0), 0.05, 1.4)
    moved[..., 1:] += chroma * likeness * (skin[1:] * light**0.7 - broad[..., 1:])
    return f32(moved)


def even_rim(lab: F32, target: F64, skin: F32) -> F32:
    """Skin of the hair donor around the face: glare pressed down, shade on the forehead lifted."""
    beyond = (polygon(target, OVAL, lab.shape[0]) < 0.5).astype(np.uint8)
    away = f32(cv2.distanceTransform(beyond, cv2.DIST_L2, 5))
    likeness = blur(skin_likeness(blur(lab, 1.5), skin, 20.0), 2.5)
    likeness = likeness * ramp(away, 0.11 * face_width(target), 0.04 * face_width(target))
    excess = np.maximum(lab[..., 0] - (float(skin[0]) + 3.0), 0)
    result = lab.copy()
    result[..., 0] -= 0.75 * likeness * excess
    rows = rows_of(lab)
    brow = float(target[[105, 334], 1].mean())
    width = face_width(target)
    above = ramp(rows, brow, brow - 0.12 * width)
    lack = np.maximum(0.97 * float(skin[0]) - blur(lab[..., 0], 4.0), 0)
    result[..., 0] += 0.6 * above * blur(likeness**2, 2.0) * lack
    return f32(result)


def matt(lab: F32, skin: F32) -> F32:
    """Skin without the shine of flat light, nor the bleached glare of a lamp."""
    result = lab.copy()
    over = blur(f32(lab[..., 0]), 1.5) - (float(skin[0]) + SHINE_FROM)
    result[..., 0] -= 0.55 * np.maximum(over, 0)
    glare = np.clip(1.6 * blur(ramp(over, GLARE_FROM, 4 * GLARE_FROM), 4.5), 0, 1)[..., None]
    fine = lab - blur(lab, 4.0)
    dull = skin + np.array([0.6 * SHINE_FROM, 0, 0], np.float32) + np.clip(0.5 * fine, -2, 2)
    return f32(result + glare * (dull - result))


def matt_rim(lab: F32, skin: F32) -> F32:
    """As `matt`, for the skin of a hair donor: where the surroundings are skin, not hair."""
    around = skin_likeness(blur(lab, 2.0), skin, 16.0)
    calm = matt(lab, skin)
    glare = ramp(blur(f32(lab[..., 0]), 1.5), float(skin[0]) + 11.0, float(skin[0]) + 15.0)
    # Glare itself is no skin colour: it does not count against its surroundings.
    seen = np.maximum(1 - glare, 0.02)
    share = blur(f32(around * seen), 12.0) / blur(f32(seen), 12.0)
    return f32(lab + ramp(share, 0.5, 0.75)[..., None] * (calm - lab))


def match_neck(lab: F32, target: F64, skin: F32, weight: float) -> F32:
    """Neck of another donor toward the face's tone, at .9 of its lightness (it lies in shade)."""
    size = lab.shape[0]
    width = face_width(target)
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float64)
    chin = target[CHIN]
    box = (np.abs(xs - chin[0]) < 0.25 * width) & (ys > chin[1] + 6) & (ys < chin[1] + 0.35 * width)
    likeness = skin_likeness(blur(lab, 1.5), skin, 16.0)
    chosen = box & (likeness > 0.4)
    if chosen.sum() < 50:
        return lab
    own = np.median(lab[chosen], axis=0)
    goal = skin * np.array([0.9, 0.95, 0.95], np.float32)
    return f32(lab + weight * blur(likeness, 2.5)[..., None] * (goal - own))


def cloth(lab: F32, skin: F32, target: F64, collar: float = 0.0) -> F32:
    """0-1: clothes, told from skin by their redness: light cloth can be as light as skin.

    collar: how far above the chin it may stand beside the neck, face widths.
    """
    size = lab.shape[0]
    top = min(size - 40, int(target[CHIN, 1] + 0.5 * face_width(target)))
    usual = float(np.median(lab[top:, int(0.2 * size) : int(0.8 * size), 1]))
    half = 0.5 * (usual + float(skin[1]))
    reach = 0.3 * (float(skin[1]) - usual)
    cloth = ramp(blur(lab[..., 1], 2.0), half + reach, half - reach)
    rows, chin, width = rows_of(lab), float(target[CHIN, 1]), face_width(target)
    columns = np.abs(np.arange(size) - float(target[CHIN, 0]))
    start = chin - collar * width * ramp(f64(columns), 0.22 * width, 0.4 * width)
    start = start - (0.5 - collar) * width * ramp(f64(columns), 0.5 * width, 0.65 * width)
    return f32(cloth * np.clip((rows - start[None]) / 12, 0, 1))


def even_cloth(lab: F32, target: F64, amount: float) -> F32:
    """Broad patches of sun and shade on the clothes made even; threads and folds stay."""
    size = lab.shape[0]
    width, chin = face_width(target), float(target[CHIN, 1])
    top = min(size - 40, int(chin + 0.5 * width))
    middle = slice(int(0.2 * size), int(0.8 * size))
    usual = np.median(lab[top:, middle].reshape(-1, 3), axis=0)
    broad = blur(lab, 9.0)
    alike = np.exp(-((np.abs(blur(lab, 3.0)[..., 1] - usual[1]) / 3.5) ** 4))
    rows = rows_of(lab)
    where = blur(alike.astype(np.float32), 2.0) * ramp(rows, chin, chin + 0.25 * width)
    return f32(lab - amount * where[..., None] * (broad - usual))


def jaw_shadow(lab: F32, target: F64, amount: float) -> F32:
    """Soft shade of the jaw on the neck: a neck from another picture has none of this face."""
    size = lab.shape[0]
    width = face_width(target)
    oval = polygon(target, OVAL, size)
    move = np.array([[1, 0, 0], [0, 1, 0.06 * width]], np.float32)
    cast = blur(f32(cv2.warpAffine(oval, move, (size, size))), 0.035 * width)
    result = lab.copy()
    result[..., 0] *= 1 - amount * np.clip(cast, 0, 1)
    return f32(result)


def eye_light(lab: F32, target: F64, amount: float) -> F32:
    """Irises a little lighter, the pupil left dark: eyes that can be read at small size."""
    size = lab.shape[0]
    result = lab.copy()
    for centre, rim in ((468, 469), (473, 474)):
        radius = float(np.linalg.norm(target[rim] - target[centre]))
        ys, xs = np.mgrid[0:size, 0:size]
        away = np.hypot(xs - target[centre, 0], ys - target[centre, 1]) / radius
        ring = ramp(away, 1.1, 0.85) * ramp(away, 0.3, 0.55)
        below = 0.6 + 0.4 * np.clip((ys - target[centre, 1]) / radius, -1, 1)
        lit = amount * ring * below * ramp(lab[..., 0], 2.0, 14.0)
        result[..., 0] += lit * ramp(lab[..., 0], 60.0, 35.0)
        result[..., 2] += 0.35 * lit * ramp(lab[..., 0], 60.0, 35.0)
    return f32(result)
