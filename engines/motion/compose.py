"""Puts speech and feeling into one face: lips as heard, everything else as performed.

Pure; used by the engine thread.
Never opens lips that are sealed for a consonant, never leaves the range of a blendshape.
"""

from __future__ import annotations

import numpy as np

from engines.motion.face import (
    CHANNEL_COUNT,
    CHANNEL_INDEX,
    CHANNEL_NAMES,
    MOUTH_CHANNELS,
    to_motion,
    together,
)
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX

_SEAL = MOTION_INDEX["mouthClose"]
_JAW = MOTION_INDEX["jawOpen"]
_SHAPES = len(ARKIT_NAMES)
_JAW_CHANNEL = CHANNEL_INDEX["jaw"]
_MOOD = [*MOUTH_CHANNELS, CHANNEL_INDEX["sneer"]]
"""A bared nose lifts the upper lip."""
_FROWN = CHANNEL_INDEX["frown"]
_SMILES = together("smileLeft", "smileRight")
TALKING = {"upperUp": 0.35, "stretch": 0.35, "jaw": 0.3, "round": 0.3, "frown": 1.0, "sneer": 0.9}
"""Share of the mouth's mood that stays while it speaks (of others TALKING_MOOD): the words need
the lips, but not their corners' height."""
TALKING_MOOD = 0.6
SOBER = 0.1
"""The frown of a sober face: the renderer takes the photo's own smile out with it, and little else
is seen of it (`engines.render.geometry.LAID_OFF`)."""
SMILING = 0.3
"""From this smile on nothing of the rest's own is laid off."""
TREMOR = 0.03
"""What the mouth's mood must exceed to show: a net is never quite silent, a mouth at rest is."""
# Over all channels, with what changes nothing for those that are no mood of the mouth.
_TREMOR, _LEAST, _TALKING_LESS, _PARTING = np.zeros((4, CHANNEL_COUNT), np.float32)
_TREMOR[_MOOD] = TREMOR
_LEAST[:] = -np.inf
_LEAST[_MOOD] = 0.0
_TALKING_LESS[_MOOD] = np.array(
    [TALKING.get(CHANNEL_NAMES[i], TALKING_MOOD) for i in _MOOD], np.float32
) - np.float32(1.0)
_PARTING[[CHANNEL_INDEX["upperUp"], _JAW_CHANNEL, CHANNEL_INDEX["round"]]] = 1.0
PARTED = 0.06
"""A mood's jaw, open so far, unseals silent lips."""


def compose(channels: F32, mouth: F32, voiced: float, sober: float = 0.0) -> F32:
    """The motion f32[58], read-only.

    channels f32[28]: the performance (CHANNEL_NAMES); mouth f32[52]: lips after the gate,
    `mouthClose` their seal; voiced 0..1: how far the gate is open; sober 0..1: how far the smile
    worn at rest is laid off.
    """
    mood = np.maximum(channels - _TREMOR, _LEAST)
    mood *= 1.0 + np.float32(voiced) * _TALKING_LESS
    smile = min(1.0, max(mood[_SMILES].tolist()) / SMILING)
    mood[_FROWN] = max(float(mood[_FROWN]), SOBER * sober * (1.0 - smile))
    seal = float(mouth[_SEAL])
    # Sealed in speech is a consonant; sealed in silence is only rest, and a mood may part it.
    consonant = seal * voiced
    mood *= 1.0 - np.float32(consonant) * _PARTING
    motion = to_motion(mood)
    motion[:_SHAPES] += mouth
    parted = min(1.0, max(0.0, float(mood[_JAW_CHANNEL])) / PARTED)
    motion[_SEAL] = seal * (1.0 - (1.0 - voiced) * parted)
    shapes = motion[:_SHAPES]
    np.maximum(shapes, 0.0, out=shapes)
    np.minimum(shapes, 1.0, out=shapes)
    motion.flags.writeable = False
    return motion
