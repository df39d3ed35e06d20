"""Cuts a portrait into layers: the person, and skin painted outward.

At onboarding; any thread.
Never run per frame, never needs more than OpenCV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8

_INSIDE_PX, _OUTSIDE_PX = 8, 16
"""How far inside and outside its edge a mask may be wrong. All lengths: of a 512 picture."""
_THREAD_PX = 5
"""Half as thick as what ties two parts of a person together."""
_NEAR_PX = (8, 16, 48)
_SKULL = 0.2
"""Face widths from the top of the mesh to that of the head, at the least."""
_BAND = (0.008, 0.045)
"""Face widths inside the outline: all of it, and none of it, may be hair or ear."""


def smoothstep(x: F32) -> F32:
    """3t^2 - 2t^3 of x clipped to [0, 1]."""
    # Not `np.clip`, whose checks cost more than the arithmetic on a small window.
    t = np.minimum(np.maximum(x, 0), 1)
    out: F32 = (t * t * (3 - 2 * t)).astype(np.float32, copy=False)
    return out


def ease(x: float) -> float:
    """`smoothstep` of one number."""
    t = min(max(x, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def guided(guide: F32, mask: F32, radius: int, eps: float) -> F32:
    """Edge-keeping smoothing of `mask` by a grey `guide` (He, Sun, Tang, ECCV 2010)."""
    box = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_m = cv2.blur(guide, box), cv2.blur(mask, box)
    slope = (cv2.blur(guide * mask, box) - mean_g * mean_m) / (
        cv2.blur(guide * guide, box) - mean_g**2 + eps
    )
    out: F32 = cv2.blur(slope, box) * guide + cv2.blur(mean_m - slope * mean_g, box)
    return out


def guided_colour(guide: F32, mask: F32, radius: int, eps: float) -> F32:
    """Edge-keeping smoothing of f32[H,W] by f32[H,W,3] in [0, 1] (He, Sun, Tang, PAMI 2013)."""
    box = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_m = cv2.blur(guide, box), cv2.blur(mask, box)
    cross = cv2.blur(guide * mask[..., None], box) - mean_g * mean_m[..., None]
    products = guide[..., [0, 0, 0, 1, 1, 2]] * guide[..., [0, 1, 2, 1, 2, 2]]
    spread = np.dstack([cv2.blur(products[..., :3], box), cv2.blur(products[..., 3:], box)])
    spread -= mean_g[..., [0, 0, 0, 1, 1, 2]] * mean_g[..., [0, 1, 2, 1, 2, 2]]
    bb, bg, br, gg, gr, rr = np.moveaxis(spread, 2, 0) + np.array(
        [eps, 0, 0, eps, 0, eps], np.float32
    ).reshape(6, 1, 1)
    # Inverse of the symmetric 3 x 3 at each pixel, by cofactors.
    c00, c01, c02 = gg * rr - gr * gr, br * gr - bg * rr, bg * gr - br * gg
    c11, c12, c22 = bb * rr - br * br, bg * br - bb * gr, bb * gg - bg * bg
    b, g, r = np.moveaxis(cross, 2, 0)
    slope = np.dstack(
        [c00 * b + c01 * g + c02 * r, c01 * b + c11 * g + c12 * r, c02 * b + c12 * g + c22 * r]
    )
    slope /= (bb * c00 + bg * c01 + br * c02)[..., None]
    offset = mean_m - (slope * mean_g).sum(2)
    out: F32 = (cv2.blur(slope, box) * guide).sum(2) + cv2.blur(offset, box)
    return out


def with_skull(mask: F32, points: F32) -> F32:
    """f32[S,S]: the mask with the top of the head in it, of the mesh f32[478,3] in its pixels.

    Dark hair before a dark wall is easily lost, but a skull goes on above every face.
    """
    oval = points[[*load_rig().oval], :2]
    brow = (points[lm.FACE_LEFT, :2] + points[lm.FACE_RIGHT, :2]) / 2
    width = float(np.linalg.norm((points[lm.FACE_LEFT] - points[lm.FACE_RIGHT])[:2]))
    # Up from the eyes: the top of a turned face lies aside, and the dome would with it.
    eyes = [points[[*eye.corners], :2].mean(0) for eye in lm.EYES]
    across = (eyes[1] - eyes[0]) / np.linalg.norm(eyes[1] - eyes[0])
    up = np.array([across[1], -across[0]], np.float32)
    up = up * np.sign(float((points[lm.FACE_TOP, :2] - brow) @ up))
    height = float((points[lm.FACE_TOP, :2] - brow) @ up)
    high, aside = (oval - brow) @ up, (oval - brow) @ across
    high = np.where(high > 0, high * (1 + _SKULL * width / height), high)
    dome = brow + high[:, None] * up + aside[:, None] * across
    inside = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint(dome).astype(np.int32)], 1)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2 * mask.shape[0] / 512)
    out: F32 = np.maximum(mask, soft).astype(np.float32)
    return out


def person_alpha(photo: U8, mask: F32) -> U8:
    """u8[S,S]: a clean person matte from a soft mask f32[S,S] in [0, 1].

    In a band along the mask's edge each pixel is placed between the person's colours and the
    wall's as they are nearby, as far as those differ; elsewhere the mask keeps its word.
    """
    colour: F32 = photo.astype(np.float32) * np.float32(1 / 255)
    unit = photo.shape[0] / 512
    hard = (mask > 0.5).astype(np.uint8)
    sure = cv2.erode(hard, disc(_INSIDE_PX * unit)) > 0
    empty = cv2.dilate(hard, disc(_OUTSIDE_PX * unit)) == 0
    person, person_spread = colours_near(colour, sure, unit)
    wall, wall_spread = colours_near(colour, empty, unit)
    apart = person - wall
    square = (apart * apart).sum(2)
    along = np.clip(((colour - wall) * apart).sum(2) / (square + 1e-4), 0, 1)
    aside = np.linalg.norm(colour - wall - along[..., None] * apart, axis=2)
    contrast = np.sqrt(square / 3) / (1.6 * wall_spread + 0.6 * person_spread + 0.02)
    trust = smoothstep((contrast - 1.2) / 1.6) * np.exp(-((aside / 0.2) ** 2))
    guess = mask + trust * (smoothstep((along - 0.08) / 0.84) - mask)
    guess = np.where(sure, 1, np.where(empty, 0, guess)).astype(np.float32)
    fine = guided_colour(colour, guess, max(round(4 * unit), 2), 3e-4)
    fine = np.where(sure, 1, np.where(empty, 0, smoothstep((fine - 0.1) / 0.82)))
    alpha: U8 = np.rint(fine * 255).astype(np.uint8)
    alpha[_apart(alpha, unit)] = 0
    return alpha


def _apart(alpha: U8, unit: float) -> NDArray[np.bool_]:
    """bool[S,S]: what only thin threads tie to the largest part: a picture on the wall, a chair."""
    cores = cv2.erode((alpha > 128).astype(np.uint8), disc(_THREAD_PX * unit))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cores)
    if count < 3:
        return np.zeros(alpha.shape, bool)
    main = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    grown = disc((_THREAD_PX + _OUTSIDE_PX / 2) * unit)
    others = cv2.dilate(((labels > 0) & (labels != main)).astype(np.uint8), grown) > 0
    near = cv2.dilate((labels == main).astype(np.uint8), disc((_THREAD_PX + 2) * unit)) > 0
    out: NDArray[np.bool_] = others & ~near
    return out


def colours_near(colour: F32, where: NDArray[np.bool_], unit: float) -> tuple[F32, F32]:
    """Mean f32[S,S,3] and spread f32[S,S] of the colours of `where` around each pixel.

    Near ones count most; from further away only where there is nothing nearer.
    """
    height, width = where.shape
    quarter = (width // 4, height // 4)
    share = where.astype(np.float32)
    first, second = colour * share[..., None], colour * colour * share[..., None]
    stack = [cv2.resize(p, quarter, interpolation=cv2.INTER_AREA) for p in (share, first, second)]
    weight, mean, square = (
        sum(0.05**k * cv2.GaussianBlur(p, (0, 0), r * unit / 4) for k, r in enumerate(_NEAR_PX))
        for p in stack
    )
    total = np.asarray(weight)[..., None] + 1e-8
    mean = np.asarray(mean) / total
    spread = np.sqrt(np.maximum(np.asarray(square) / total - mean**2, 0).mean(2))
    size = (width, height)
    return cv2.resize(mean, size), cv2.resize(spread.astype(np.float32), size)


def disc(radius: float) -> U8:
    """u8[2r+1,2r+1]: a disc for growing and shrinking masks."""
    side = 2 * max(round(radius), 1) + 1
    out: U8 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
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
