"""The engine's motion in the words of other people's heads, where the two differ.

Pure; any thread.
Never used for our own pictures.
"""

from __future__ import annotations

from engines.values import F32, MOTION_INDEX

_SEAL, _JAW = MOTION_INDEX["mouthClose"], MOTION_INDEX["jawOpen"]


def for_heads(motion: F32) -> F32:
    """f32[...,58] for a head with Apple's 52 shapes.

    Our `mouthClose` says how firmly the lips are sealed, whatever the jaw does: 1 in a mouth at
    rest. Apple's is the way that lips go to meet over an open jaw: 0 at rest, never more than
    `jawOpen`. A head made for Apple's would press its lips through each other.
    """
    out = motion.copy()
    out[..., _SEAL] *= out[..., _JAW]
    return out
