"""The wall behind a person: the photo where nobody is, made up where somebody is.

At onboarding; any thread. What a blurred background is made of: never meant to be seen sharp.
Never changes wall further than a margin from the person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.render.cv import cv2
from engines.values import F32, U8

_PERSON = 5
"""Matte from which on a pixel shows some of the person, of 255."""
_MARGIN_PX = 12
"""So far outside the person the photo is no background: hair that no matte holds, and the seam of
light that cameras draw around people. Of a 512 picture."""
_RELAXATIONS = 12


def background(photo: U8, alpha: U8) -> U8:
    """u8[S,S,3]: the photo where nobody is, its colours gone on smoothly where somebody is."""
    person = (alpha > _PERSON).astype(np.uint8)
    if person.all() or not person.any():
        return photo.copy()
    outside = cv2.distanceTransform(1 - person, cv2.DIST_L2, 5)
    filled = membrane(photo, outside <= _MARGIN_PX * photo.shape[0] / 512)
    return np.rint(filled).clip(0, 255).astype(np.uint8)


def membrane(picture: U8, hole: NDArray[np.bool_]) -> F32:
    """f32[H,W,C]: the hole filled as a soap film hangs from its rim (Laplace's equation).

    From coarse to fine: each level starts from the one below and is relaxed a little.
    """
    known = picture.astype(np.float32)
    if hole.all() or not hole.any():
        return known
    levels = [(known, hole)]
    while min(levels[-1][1].shape) > 8 and levels[-1][1].any():
        levels.append(_halved(*levels[-1]))
    seen = ~levels[-1][1]
    film = np.where(seen[..., None], levels[-1][0], levels[-1][0][seen].mean(0)).astype(np.float32)
    for values, open_ in reversed(levels):
        height, width = open_.shape
        film = cv2.resize(film, (width, height), interpolation=cv2.INTER_LINEAR)
        for _ in range(_RELAXATIONS):
            film = np.where(open_[..., None], cv2.blur(film, (3, 3)), values)
    return film


def _halved(values: F32, hole: NDArray[np.bool_]) -> tuple[F32, NDArray[np.bool_]]:
    size = (hole.shape[1] // 2, hole.shape[0] // 2)
    weight = (~hole).astype(np.float32)
    total = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    return (total / np.maximum(share, 1e-6)[..., None]).astype(np.float32), share < 0.25
