"""From a photo, its landmarks and a person mask to an avatar: everything static, once.

Offline or at onboarding; any thread, a second or less.
Never finds the face itself (landmarks and mask are given), never moves anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from engines.avatars.bundle import SIZES, Avatar
from engines.avatars.eye_texture import complete_eyes, white_of_eyes
from engines.avatars.glasses import glasses, pinned
from engines.avatars.matte import face_cover, padded_skin, person_alpha, with_skull
from engines.avatars.neutral import neutral
from engines.avatars.rigging import carry, head_axes
from engines.avatars.wall import background
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8

CROP_FACE_WIDTHS = 2.5
CENTRE_ROW = 0.48
"""The middle between forehead and chin sits at this share of the crop's height."""
HEADROOM = 0.06
"""Space wanted above the hair: a nod must not pull the picture's edge into view."""
LARGE_CROP_PX = 900
"""From this side on a crop holds enough for pictures of the larger size."""
_TOOTH_TINT = np.array([0.84, 0.91, 1.0], np.float32)
"""Blue and green of teeth in photos over their red."""
_RIG_TOOTH = np.array([190, 204, 214], np.float32)
"""BGR of the lit part of the rig's teeth."""
_TOOTH_SEEN = 0.5
MIN_FACE_PX = 90
MAX_TURN_DEG = 30.0
MIN_BRIGHTNESS = 28


class BadPortrait(Exception):
    """A photo that cannot become an avatar; the text says why and what to take instead."""


def fit(
    photo: U8,
    points: F32,
    mask: F32,
    *,
    name: str,
    title: str,
    credit: str,
    attributes: Mapping[str, str] | None = None,
) -> Avatar:
    """Work out an avatar.

    photo u8[H,W,3] BGR; points f32[478,3] pixels (x right, y down, z away); mask f32[H,W] person 1;
    attributes as in `Avatar`. Raises BadPortrait when the face is too small, turned or dark.
    """
    check(photo, points)
    portrait, points, mask = crop(photo, points, mask)
    rest = neutral(portrait, points)
    portrait, points = rest.photo, rest.points
    rig = load_rig()
    scale, deltas = carry(rig, head_axes(points))
    worn = glasses(portrait, points)
    alpha = person_alpha(portrait, with_skull(mask, points))
    lips = points[[*lm.OUTER_LOOP], :2]
    skin_tone = _mean_inside(portrait, points[[50, 101, 36, 205, 187], :2])
    return Avatar(
        name=name,
        title=title,
        credit=credit,
        portrait=portrait,
        background=background(portrait, alpha),
        alpha=alpha,
        skin=padded_skin(portrait, alpha, points[rig.oval, :2]),
        cover=face_cover(portrait, points[rig.oval, :2], float(points[lm.MOUTH_LEFT, 1])),
        eyes=complete_eyes(portrait, points),
        landmarks=points,
        deltas=pinned(deltas, points, worn),
        rig_scale=scale,
        smile=rest.smile,
        lip_colour=_lip_colour(portrait, lips, points),
        teeth_light=_teeth_light(skin_tone, white_of_eyes(portrait, points), rest.tooth),
        glasses=worn,
        teeth=rest.teeth,
        laugh=rest.laugh,
        attributes=dict(attributes or {}),
    )


def check(photo: U8, points: F32) -> None:
    """Raises BadPortrait."""
    across = points[lm.FACE_RIGHT] - points[lm.FACE_LEFT]
    width = float(np.hypot(across[0], across[1]))
    if width < MIN_FACE_PX:
        raise BadPortrait(
            f"the face is {math.floor(width)} px wide, too small; {MIN_FACE_PX} are needed"
        )
    turn = abs(float(np.degrees(np.arctan2(across[2], width))))
    if turn > MAX_TURN_DEG:
        raise BadPortrait(
            f"the head is turned by about {math.ceil(turn)} degrees and "
            f"{MAX_TURN_DEG:.0f} are allowed; take a photo facing the camera"
        )
    brightness = float(_mean_inside(photo, points[[10, 234, 152, 454], :2]).mean())
    if brightness < MIN_BRIGHTNESS:
        raise BadPortrait(f"the face is too dark ({brightness:.1f} of 255); take more light")


def square(points: F32, mask: F32) -> tuple[int, int, int]:
    """Left, top and side of the part of a photo that an avatar shows, in its pixels."""
    height, width = mask.shape[:2]
    face = float(np.linalg.norm((points[lm.FACE_LEFT] - points[lm.FACE_RIGHT])[:2]))
    middle = (points[lm.FACE_TOP, :2] + points[lm.CHIN, :2]) / 2
    side = round(min(CROP_FACE_WIDTHS * face, min(width, height)))
    x0 = round(float(np.clip(middle[0] - side / 2, 0, width - side)))
    hair = np.flatnonzero(mask[:, int(middle[0])] > 0.5)
    above_hair = (hair[0] if len(hair) else middle[1]) - HEADROOM * side
    y0 = min(middle[1] - CENTRE_ROW * side, above_hair)
    y0 = round(float(np.clip(y0, 0, height - side)))
    return x0, y0, side


def crop(photo: U8, points: F32, mask: F32) -> tuple[U8, F32, F32]:
    """The square around head and shoulders, with points and mask in its pixels.

    Its side is one of SIZES: the larger where the photo holds LARGE_CROP_PX there.
    """
    x0, y0, side = square(points, mask)
    size = SIZES[-1] if side >= LARGE_CROP_PX else SIZES[0]
    scale = size / side
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    part = np.s_[y0 : y0 + side, x0 : x0 + side]
    small: U8 = cv2.resize(photo[part], (size, size), interpolation=how)
    soft: F32 = cv2.resize(mask[part].astype(np.float32), (size, size))
    moved = points.astype(np.float32).copy()
    moved[:, :2] = (moved[:, :2] - [x0, y0] + 0.5) * scale - 0.5
    moved[:, 2] *= scale
    return small, moved, soft


def _mean_inside(photo: U8, outline: F32) -> F32:
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(np.rint(outline).astype(np.int32))], 1)
    return np.array(cv2.mean(photo, mask)[:3], np.float32)


def _lip_colour(photo: U8, outer: F32, points: F32) -> F32:
    """Median colour of the lips without the mouth opening, f32[3] BGR."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outer).astype(np.int32)], 1)
    cv2.polylines(mask, [np.rint(points[[*lm.INNER_LOOP], :2]).astype(np.int32)], True, 0, 3)
    mask = cv2.erode(mask, np.ones((3, 3), np.uint8))
    pixels = photo[mask > 0]
    if not len(pixels):
        return np.array([90, 90, 160], np.float32)
    colour: F32 = np.median(pixels, axis=0).astype(np.float32)
    return colour


def _teeth_light(skin: F32, white: float | None, tooth: F32 | None = None) -> F32:
    """f32[3] factors that give the rig's teeth the light of the photo.

    How light teeth are goes with the cheeks and with the white of the eyes: least squares over the
    photos that show teeth (error 20 of 255 against 42 for always the same). `tooth` f32[3] is the
    colour of those that the photo shows.
    """
    cheek = float(skin.max())
    level = float(np.clip(7 + 0.58 * cheek + 0.42 * (cheek if white is None else white), 160, 232))
    colour = level * _TOOTH_TINT
    if tooth is not None:
        # What is seen between lips lies half in their shade.
        colour = colour + _TOOTH_SEEN * (tooth - colour)
    light: F32 = (colour / _RIG_TOOTH).astype(np.float32)
    return light
