"""The person free of the light of the wall they stood before, and with the hair no matte holds.

Pure; at construction of a renderer, on any thread.
Never takes from the matte.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import colours_near, disc, smoothstep, steepness
from engines.render.cv import cv2
from engines.values import F32, U8

_SMALL = 256
"""Colours far from the person's edge are only needed smoothly: estimated this small."""
_WIDE, _NEAR = 41, 7
"""Box sizes of the two passes: the first at _SMALL, the second at a 512 picture."""
_TINY = 1e-5
_HAIR_PX = (48.0, 56.0)
"""So far from the person stray hair is looked for. Lengths: of a 512 picture."""
_LIKE = (0.06, 0.16)
"""Share of the way from the wall's colour to the person's, of no hair and of some."""
_PLAIN = (0.6, 1.6)
"""Grey levels a pixel by which a plain wall and a rough one change: before that, hair is a guess
and what is taken for it would be wall that turns with the head."""
_PLAIN_PX = 14
_SOME = (20.0, 77.0)
"""Matte, of 255."""
_UNSEEN = 1
"""Grey levels."""


def spotless(photo: U8, alpha: U8) -> U8:
    """u8[S,S,4]: colours of the person times alpha, and alpha, without the old background.

    "Blur-fusion" (Forte, Approximate Fast Foreground Colour Estimation, ICIP 2021): local means of
    person and wall, then what of each pixel they leave unexplained, in two passes.
    """
    image: F32 = photo.astype(np.float32) / np.float32(255)
    share: F32 = alpha.astype(np.float32)[..., None] / np.float32(255)
    size = photo.shape[0]
    small = (_SMALL, _SMALL)
    front, behind = _fuse(
        cv2.resize(image, small, interpolation=cv2.INTER_AREA),
        cv2.resize(share, small, interpolation=cv2.INTER_AREA)[..., None],
        None,
        _WIDE,
    )
    near = max(round(_NEAR * size / 512) | 1, 3)
    known = (cv2.resize(front, (size, size)), cv2.resize(behind, (size, size)))
    front, _ = _fuse(image, share, known, near)
    colour = np.rint(np.clip(front * share, 0, 1) * 255)
    out: U8 = np.dstack([colour, alpha]).astype(np.uint8)
    return out


def with_hair(person: U8, photo: U8, wall: U8) -> U8:
    """u8[S,S,4]: the premultiplied person u8[S,S,4], with the whole of what the matte half sees.

    And with stray hair where the wall u8[S,S,3] is plain: what has gone from the wall's colour
    toward the person's. It gets as much cover as its colour needs, and turns with the head.
    """
    unit, alpha = photo.shape[0] / 512, person[..., 3]
    away = cv2.distanceTransform((alpha == 0).astype(np.uint8), cv2.DIST_L2, 5) / unit
    # What the matte half sees is whole, whatever its colour: an ear, a ring.
    seen = smoothstep((alpha.astype(np.float32) - _SOME[0]) / (_SOME[1] - _SOME[0]))
    hair = np.maximum(_like_person(photo, wall, alpha) * _plain(wall, unit), seen)
    hair *= smoothstep((_HAIR_PX[1] - away) / (_HAIR_PX[1] - _HAIR_PX[0]))
    cover = np.maximum(alpha, np.rint(hair * _needed(photo, wall)))
    rest = photo - (255 - cover[..., None]) / np.float32(255) * wall
    # No brighter than its cover allows: light of the wall must not travel with the head.
    colour = np.clip(np.rint(rest), 0, cover[..., None])
    taken = (cover > alpha)[..., None]
    out = np.dstack([np.where(taken, colour, person[..., :3]), cover])
    return out.astype(np.uint8)


def _like_person(photo: U8, wall: U8, alpha: U8) -> F32:
    """f32[S,S]: 1 where a pixel has gone from the wall's colour toward the person's, as hair has.

    What else differs from the wall, the line of a door say, belongs to the wall.
    """
    unit = photo.shape[0] / 512
    colour, behind = photo.astype(np.float32), wall.astype(np.float32)
    inside = cv2.erode((alpha > 250).astype(np.uint8), disc(2 * unit)) > 0
    person, _ = colours_near(colour, inside, unit)
    way = person - behind
    length = (way * way).sum(2)
    along = ((colour - behind) * way).sum(2) / np.maximum(length, 1)
    aside = np.linalg.norm(colour - behind - along[..., None] * way, axis=2)
    share = smoothstep((along - _LIKE[0]) / (_LIKE[1] - _LIKE[0])) * np.exp(-((aside / 40) ** 2))
    share *= smoothstep((np.sqrt(length / 3) - 12) / 20)
    out: F32 = np.clip(1.5 * cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7 * unit), 0, 1)
    return out


def _plain(wall: U8, unit: float) -> F32:
    """f32[S,S]: 1 where the wall has neither edges nor texture."""
    size = wall.shape[0]
    small = cv2.resize(wall, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    usual = cv2.medianBlur(small, 5).astype(np.float32)
    steep = steepness(usual) * np.float32(_SMALL / 512)
    most = cv2.dilate(steep, disc(_PLAIN_PX * _SMALL / 512))
    rough = smoothstep((cv2.resize(most, (size, size)) - _PLAIN[0]) / (_PLAIN[1] - _PLAIN[0]))
    return 1 - rough


def _needed(photo: U8, wall: U8) -> F32:
    """f32[S,S]: the least cover, of 255, through which a colour turns the wall into the photo."""
    apart, behind = photo.astype(np.float32) - wall, wall.astype(np.float32)
    room = np.where(apart > 0, 255 - behind, behind)
    share = (np.abs(apart) / np.maximum(room, 1)).max(2)
    # A grey level or two is nobody's hair.
    share[np.abs(apart).max(2) <= _UNSEEN] = 0
    out: F32 = np.ceil(255 * share.clip(0, 1)).astype(np.float32)
    return out


def _fuse(image: F32, share: F32, known: tuple[F32, F32] | None, box: int) -> tuple[F32, F32]:
    """Colours of person and wall f32[S,S,3], known roughly (or, None, not at all)."""
    front, behind = (image, image) if known is None else known
    weight = cv2.blur(share, (box, box))[..., None]
    mean_front = cv2.blur(front * share, (box, box)) / (weight + _TINY)
    mean_behind = cv2.blur(behind * (1 - share), (box, box)) / (1 - weight + _TINY)
    left = image - share * mean_front - (1 - share) * mean_behind
    return np.clip(mean_front + share * left, 0, 1), mean_behind
