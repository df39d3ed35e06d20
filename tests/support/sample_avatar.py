"""The first built-in avatar and what its fit started from, for tests of fitting and drawing.

Test support; loaded once per process.
Never writes to the repository.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.store import default_store
from engines.render.geometry import Geometry
from engines.values import F32, MOTION_INDEX, MOTION_SIZE


@cache
def sample() -> Avatar:
    store = default_store()
    return store.load(store.names()[0])


@cache
def sample_geometry(size: int = 512) -> Geometry:
    return Geometry(sample(), size)


def soft_mask() -> F32:
    """The person mask a tracker would give, f32[512,512]."""
    return (sample().alpha / np.float32(255)).astype(np.float32)


def motion(**values: float) -> F32:
    """f32[58]; a name without a side sets both sides."""
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        both = (name,) if name in MOTION_INDEX else (f"{name}Left", f"{name}Right")
        for one in both:
            out[MOTION_INDEX[one]] = value
    return out
