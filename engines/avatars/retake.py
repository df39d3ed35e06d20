"""An avatar as if another picture of it had been its photo: cheap, for trials and training pairs.

Any thread; pure.
Never makes an avatar to be shown: wall and cover stay the first photo's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.avatars.bundle import Avatar
from engines.values import F32, U8


def retaken(avatar: Avatar, picture: U8, points: F32, eyes: U8) -> Avatar:
    """The avatar with picture u8[S,S,3], its landmarks f32[478,3] and its whole eyes u8[S,S,3].

    Nothing counts as taken out of it: no own teeth, no laugh, no smile.
    """
    return replace(
        toothless(avatar),
        portrait=picture,
        skin=picture,
        background=picture,
        eyes=eyes,
        landmarks=points,
        smile=np.zeros_like(avatar.smile),
    )


def toothless(avatar: Avatar) -> Avatar:
    """The avatar without the teeth of its photo, and without the laugh that showed them."""
    none = np.zeros((0, 0, 4), np.uint8)
    return replace(avatar, teeth=none, laugh=np.zeros_like(avatar.laugh))
