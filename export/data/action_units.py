"""Action units of a box, out of the motion that its picture was made from or tracked as.

Offline; pure.
Never a unit that a box does not show: brows and lids are the eye's, lips and jaw the mouth's.

Units by number and name are those of the Facial Action Coding System (Ekman, Friesen, 1978); a
unit's value is our mean of the ARKit shapes that stand for it, not a coder's grade.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engines.values import F32, MOTION_INDEX
from export.data.render_pairs import Pairs

_BOTH = ("Left", "Right")
UNITS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mouth": {
        "AU10 upper lip up": tuple(f"mouthUpperUp{s}" for s in _BOTH),
        "AU12 smile": tuple(f"mouthSmile{s}" for s in _BOTH),
        "AU15 corners down": tuple(f"mouthFrown{s}" for s in _BOTH),
        "AU16 lower lip down": tuple(f"mouthLowerDown{s}" for s in _BOTH),
        "AU17 chin up": ("mouthShrugLower",),
        "AU18 pucker": ("mouthPucker",),
        "AU20 stretch": tuple(f"mouthStretch{s}" for s in _BOTH),
        "AU22 funnel": ("mouthFunnel",),
        "AU26 jaw": ("jawOpen",),
        "AU28 lips in": ("mouthRollLower", "mouthRollUpper"),
    },
    "eye": {
        "AU1 inner brow": ("browInnerUp",),
        "AU2 outer brow": ("browOuterUpRight",),
        "AU4 brow down": ("browDownRight",),
        "AU5 lid up": ("eyeWideRight",),
        "AU7 lid tight": ("eyeSquintRight",),
        "AU43 lid shut": ("eyeBlinkRight",),
        "AU61 gaze in": ("eyeLookInRight", "-eyeLookOutRight"),
        "AU63 gaze up": ("eyeLookUpRight", "-eyeLookDownRight"),
    },
}
"""Shapes whose mean is the unit ("-" for less of one). An eye's box is, or is mirrored as if it
were, the person's right one."""
OPEN = "AU25 lips part"
"""The mouth's last unit: gap of the lips over the mouth's width, as measured on the mesh."""


def names(box: str) -> tuple[str, ...]:
    """Of the units of a box, in order."""
    return (*UNITS[box], OPEN) if box == "mouth" else tuple(UNITS[box])


def units(pairs: Pairs, box: str) -> F32:
    """f32[N,K] in the order of `names`."""
    columns = []
    for shapes in UNITS[box].values():
        parts = [
            (-1.0 if name.startswith("-") else 1.0)
            * pairs.condition[:, MOTION_INDEX[name.removeprefix("-")]]
            for name in shapes
        ]
        columns.append(np.mean(parts, 0))
    if box == "mouth":
        columns.append(pairs.open)
    out: F32 = np.stack(columns, 1).astype(np.float32)
    return out
