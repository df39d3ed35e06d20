"""The committed rig asset: expression offsets, mesh and teeth, shared by all avatars.

Loaded once, then only read, by any thread.
Never changes with a person. Made by `export/rig/build.py` from ICT-FaceKit (MIT, USC ICT).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, U8

ASSET = Path(__file__).parent / "assets" / "rig.npz"


@dataclass(frozen=True, slots=True)
class Rig:
    """Centimetres; x to the person's left (picture right), y up, z toward the camera."""

    deltas: F32
    """f32[52,468,3] offsets at weight 1, in ARKIT_NAMES order."""
    neutral: F32
    """f32[468,3]"""
    identity: F32
    """f32[40,468,3] identity modes, unit variance each."""
    triangles: NDArray[np.int64]
    """i64[854,3] the face mesh; eyes and mouth are holes."""
    oval: NDArray[np.int64]
    """i64[36] outline of the face, in order."""
    upper_teeth: U8
    """u8[H,W,4] premultiplied BGRA, seen from the front."""
    lower_teeth: U8
    upper_origin: F32
    """f32[2] (x, y) cm of the sprite's upper left corner."""
    lower_origin: F32
    lower_travel: F32
    """f32[3] cm: motion of the lower front teeth at jawOpen = 1."""
    teeth_px_per_cm: float


@cache
def load_rig() -> Rig:
    """Read the asset once. Raises OSError when the installation lacks it."""
    with np.load(ASSET, allow_pickle=False) as data:
        return Rig(
            deltas=data["deltas"].astype(np.float32),
            neutral=data["neutral"],
            identity=data["identity"].astype(np.float32),
            triangles=data["triangles"].astype(np.int64),
            oval=data["oval"].astype(np.int64),
            upper_teeth=data["upper_teeth"],
            lower_teeth=data["lower_teeth"],
            upper_origin=data["upper_origin"],
            lower_origin=data["lower_origin"],
            lower_travel=data["lower_travel"],
            teeth_px_per_cm=float(data["teeth_px_per_cm"]),
        )
