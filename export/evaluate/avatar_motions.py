"""The motions that avatars are judged on, and the graded ones that are read back.

Constants and pure functions.
Never tuned to any avatar: amplitudes are full, or what speech reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engines.values import F32, MOTION_INDEX, MOTION_SIZE

YAW, PITCH, ROLL = np.deg2rad([15.0, 10.0, 8.0])
_TALK = {
    "jawOpen": 0.45, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2, "mouthStretch": 0.15,
}  # fmt: skip
_GAZE = {"eyeLookOutLeft": 0.9, "eyeLookInRight": 0.9, "eyeLookUpLeft": 0.3, "eyeLookUpRight": 0.3}


@dataclass(frozen=True, slots=True)
class Named:
    """A motion with its name on the sheet."""

    name: str
    motion: F32
    """f32[58]"""
    extreme: bool = True
    """Counts for the bar of the extremes (all but rest)."""


def motion(values: Mapping[str, float]) -> F32:
    """f32[58]; a name without its side (mouthSmile) stands for both. Raises KeyError."""
    out = np.zeros(MOTION_SIZE, np.float32)
    for name, value in values.items():
        sides = [name] if name in MOTION_INDEX else [f"{name}Left", f"{name}Right"]
        for each in sides:
            out[MOTION_INDEX[each]] = value
    return out


def judged(sign: float = 1.0) -> list[Named]:
    """Rest and twelve motions; `sign` -1 turns the other way, and is used on every other avatar."""
    rows: list[tuple[str, dict[str, float]]] = [
        ("jaw open", {"jawOpen": 1.0}),
        ("a", _TALK),
        ("o", {"jawOpen": 0.3, "mouthFunnel": 0.5, "mouthPucker": 0.3}),
        ("f", {"jawOpen": 0.12, "mouthRollLower": 0.45, "mouthUpperUp": 0.35}),
        ("p, brows up", {"jawOpen": 0.2, "mouthClose": 1.0, "mouthPress": 0.3,
                         "browInnerUp": 1.0, "browOuterUp": 1.0}),
        ("smile", {"mouthSmile": 1.0, "cheekSquint": 0.5}),
        ("pucker, gaze", {"mouthPucker": 1.0, **_GAZE}),
        ("blink", {"eyeBlink": 1.0}),
        ("frown", {"browDown": 1.0, "mouthFrown": 1.0, "eyeSquint": 0.5, "noseSneer": 0.3}),
        ("yaw", {"headYaw": sign * YAW}),
        ("nod, roll", {"headPitch": sign * PITCH, "headRoll": sign * ROLL}),
        ("talk, turn", {**_TALK, "headYaw": -sign * YAW, "headPitch": -sign * PITCH}),
    ]  # fmt: skip
    rest = Named("rest", motion({}), extreme=False)
    return [rest, *(Named(name, motion(values)) for name, values in rows)]


LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
GRADED: Mapping[str, tuple[str, ...]] = {
    "jawOpen": ("jawOpen",),
    "smile": ("mouthSmile",),
    "blink": ("eyeBlink",),
    "brow up": ("browInnerUp", "browOuterUp"),
    "brow down": ("browDown",),
}
"""Shapes moved together, to be read back from the pictures."""


def graded() -> dict[str, list[F32]]:
    """For each gauge its motions, one a level."""
    return {
        gauge: [motion(dict.fromkeys(names, level)) for level in LEVELS]
        for gauge, names in GRADED.items()
    }
