"""Cuts a portrait into layers: person, background without the person, skin painted outward.

At onboarding; any thread.
Never run per frame, never needs more than OpenCV.
"""

from __future__ import annotations

import numpy as np

from engines.render.cv import cv2
from engines.values import F32, U8

_BACKGROUND_SIDE = 128
"""The filled-in background is worked out this small: it is only seen at the rim of a turn."""
_PLAIN = 2.5
"""Grain below which a backdrop is plain: then stray hair is painted over from further out."""
_BAND = (0.008, 0.045)
"""Face widths inside the outline: all of it, and none of it, may be hair or ear."""


def smoothstep(x: F32) -> F32:
    """3t^2 - 2t^3 of x clipped to [0, 1]."""
    t = np.clip(x, 0, 1)
    out: F32 = (t * t * (3 - 2 * t)).astype(np.float32)
    return out


def guided(guide: F32, mask: F32, radius: int, eps: float) -> F32:
    """Edge-keeping smoothing of `mask` by a grey `guide` (He, Sun, Tang, ECCV 2010)."""
    box = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_m = cv2.blur(guide, box), cv2.blur(mask, box)
    slope = (cv2.blur(guide * mask, box) - mean_g * mean_m) / (
        cv2.blur(guide * guide, box) - mean_g**2 + eps
    )
    out: F32 = cv2.blur(slope, box) * guide + cv2.blur(mean_m - slope * mean_g, box)
    return out


def person_alpha(photo: U8, mask: F32) -> U8:
    """u8[S,S]: a clean person matte from a soft mask f32[S,S] in [0, 1]."""
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    fine = guided(grey.astype(np.float32), mask.astype(np.float32), 6, 1e-3)
    alpha: U8 = np.rint(smoothstep((fine - 0.25) / 0.65) * 255).astype(np.uint8)
    return alpha


def background(photo: U8, alpha: U8) -> U8:
    """u8[S,S,3]: the photo where nobody is, filled smoothly where somebody is."""
    size = photo.shape[0]
    grain = np.abs(photo.astype(np.float32) - cv2.GaussianBlur(photo, (0, 0), 3)).mean(2)
    wall = grain[alpha == 0]
    plain = len(wall) > 0 and float(np.median(wall)) < _PLAIN
    reach = 37 if plain else 15
    person = cv2.dilate((alpha > 5).astype(np.uint8), np.ones((reach, reach), np.uint8))
    small = (_BACKGROUND_SIDE, _BACKGROUND_SIDE)
    hole = cv2.resize(person, small, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate((hole > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    reduced = cv2.resize(photo, small, interpolation=cv2.INTER_AREA)
    filled = cv2.inpaint(reduced, hole, 4, cv2.INPAINT_TELEA)
    smooth = cv2.GaussianBlur(filled, (0, 0), 2.5)
    filled = np.where(hole[..., None] > 0, smooth, filled)
    large = cv2.resize(filled, (size, size), interpolation=cv2.INTER_CUBIC)
    weight = cv2.GaussianBlur(person.astype(np.float32), (0, 0), 2.0)[..., None]
    weight = np.where(person[..., None] > 0, np.maximum(weight, 0.5) * 2 - 1, 0)
    weight = np.maximum(weight, (alpha[..., None] > 0).astype(np.float32))
    out: U8 = np.rint(photo * (1 - weight) + large * weight).clip(0, 255).astype(np.uint8)
    return out


def padded_skin(photo: U8, alpha: U8, oval: F32) -> U8:
    """u8[S,S,3]: the photo with skin inpainted over background near the face outline.

    oval f32[N,2] pixels. What a turn uncovers at the cheek is then skin, not a streak of wall.
    """
    face = np.zeros(alpha.shape, np.uint8)
    cv2.fillPoly(face, [np.rint(oval).astype(np.int32)], 1)
    near = cv2.dilate(face, np.ones((19, 19), np.uint8))
    inner = cv2.erode(alpha, np.ones((5, 5), np.uint8))
    hole = near * (inner < 247).astype(np.uint8)
    if not hole.any():
        return photo.copy()
    # Telea looks just outside the hole: give it skin there and nothing of the wall.
    blank = cv2.dilate(near, np.ones((41, 41), np.uint8)) * (inner < 247).astype(np.uint8)
    filled: U8 = cv2.inpaint(photo, blank, 5, cv2.INPAINT_TELEA)
    out: U8 = np.where(hole[..., None] > 0, filled, photo)
    return out


def face_cover(photo: U8, oval: F32, mouth_row: float) -> U8:
    """u8[S,S]: 255 where the face layer may be drawn, 0 on hair and ears lying inside its outline.

    oval f32[N,2] pixels. What is not skin near the outline then moves with the head layer in one
    piece, instead of being torn along the cheek in a turn. Below the mouth beards stay covered.
    """
    inside = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(oval).astype(np.int32)], 1)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3) / np.ptp(oval[:, 0])
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    core = depth > 0.1
    skin = np.median(lab[core], axis=0)
    usual = (core & (np.abs(lab - skin).max(2) < 22)).astype(np.float32)
    sigma = 0.09 * float(np.ptp(oval[:, 0]))
    weight = cv2.GaussianBlur(usual, (0, 0), sigma)
    local = cv2.GaussianBlur(lab * usual[..., None], (0, 0), sigma)
    local = (local + 1e-4 * skin) / (weight + 1e-4)[..., None]
    other = np.linalg.norm((lab - local) * [0.6, 1, 1], axis=2)
    band = smoothstep((_BAND[1] - depth) / (_BAND[1] - _BAND[0]))
    rows = np.arange(len(photo), dtype=np.float32)[:, None]
    above = smoothstep(0.5 + (mouth_row - rows) / sigma)
    bare = 1 - smoothstep((other - 13) / 12) * band * above
    cover: U8 = np.rint(cv2.GaussianBlur(bare, (0, 0), 1.2) * 255).astype(np.uint8)
    return cover
