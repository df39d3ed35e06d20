"""A portrait taken apart into its person and its wall.

Pure; at construction of a renderer, on any thread.
Never takes from the matte.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import disc, smoothstep
from engines.avatars.wall import membrane
from engines.render.cv import cv2
from engines.values import F32, U8

_SMALL = 256
"""Colours far from the person's edge are only needed smoothly: estimated this small."""
_WIDE, _NEAR = 41, 7
"""Box sizes of the two passes: the first at _SMALL, the second at a 512 picture."""
_TINY = 1e-5
PERSON = 20
"""Matte from which on a pixel is the person's, of 255."""
RIM_PX, _MARGIN_PX = (4.0, 9.0), (14.0, 26.0)
"""So far from the person the photo is carried along with them, all of it and none, before a busy
wall and before a plain one. Lengths: of a 512 picture."""
_PLAIN, _PLAIN_PX = (0.6, 1.6), 30
"""Grey levels a pixel by which a plain wall and a busy one change at the most, so far around."""


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


def with_wall(photo: U8, alpha: U8, wall: U8) -> tuple[U8, U8]:
    """u8[S,S,4], u8[S,S,3]: the premultiplied person with what is near them, and the wall behind.

    Before a plain wall that is a margin in which strands and rings turn with the head; before a
    busy one, where a margin would tear off its lines, next to nothing. The wall u8[S,S,3] is made
    up under the person and beside them; of a busy one only what the person hides.
    """
    unit = len(photo) / 512
    away = cv2.distanceTransform((alpha <= PERSON).astype(np.uint8), cv2.DIST_L2, 5) / unit
    plain = _plain(wall)
    narrow, wide = (
        1 - smoothstep((away - low) / (high - low)) for low, high in (RIM_PX, _MARGIN_PX)
    )
    share = np.rint(255 * (narrow + plain * (wide - narrow)))[..., None]
    person = np.dstack([np.rint(photo * (share / 255)), share]).astype(np.uint8)
    near = membrane(photo, away < RIM_PX[0])
    # Where the margin ends the wall is the photo again, to the grey level.
    beside = plain * (1 - smoothstep((away - _MARGIN_PX[0] + 2) / 2))
    behind = near + beside[..., None] * (wall.astype(np.float32) - near)
    return person, np.rint(behind).clip(0, 255).astype(np.uint8)


def _plain(wall: U8) -> F32:
    """f32[S,S]: 1 where the wall has neither edges nor texture nearby."""
    small = cv2.resize(wall, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    usual = cv2.medianBlur(small, 5).astype(np.float32)
    across, down = (cv2.Sobel(usual, -1, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    steep = np.sqrt((across * across + down * down).max(2)) * np.float32(_SMALL / 512)
    most = cv2.resize(cv2.dilate(steep, disc(_PLAIN_PX * _SMALL / 512)), wall.shape[1::-1])
    return 1 - smoothstep((most - _PLAIN[0]) / (_PLAIN[1] - _PLAIN[0]))


def _fuse(image: F32, share: F32, known: tuple[F32, F32] | None, box: int) -> tuple[F32, F32]:
    """Colours of person and wall f32[S,S,3], known roughly (or, None, not at all)."""
    front, behind = (image, image) if known is None else known
    weight = cv2.blur(share, (box, box))[..., None]
    mean_front = cv2.blur(front * share, (box, box)) / (weight + _TINY)
    mean_behind = cv2.blur(behind * (1 - share), (box, box)) / (1 - weight + _TINY)
    left = image - share * mean_front - (1 - share) * mean_behind
    return np.clip(mean_front + share * left, 0, 1), mean_behind
