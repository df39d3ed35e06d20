"""What each emotion does to a face at full intensity, as channels of `engines.motion.face`.

Constants. No video of emotions is among the training data: postures follow the action units
that literature on FACS lists for each emotion (Ekman, Friesen, Hager, FACS Investigator's Guide,
2002), and the changes of head and tempo that are reported with them.
Never read by the server: the net learns them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.values import F32


@dataclass(frozen=True, slots=True)
class Manner:
    """How an emotion moves, besides its posture; factors on a neutral performance."""

    posture: dict[str, float] = field(default_factory=dict)
    turn: float = 1.0
    """Reach of head movement."""
    tempo: float = 1.0
    blink: float = 1.0
    """Blinks a minute."""
    brow: float = 1.0
    """Reach of brow accents."""
    gaze: float = 1.0
    """Reach of glances."""


MANNERS: dict[str, Manner] = {
    "neutral": Manner(),
    "joy": Manner(
        dict(smileLeft=0.8, smileRight=0.8, cheek=0.6, squint=0.35, browInner=0.05,
             browOuterLeft=0.1, browOuterRight=0.1, headPitch=-0.02),
        turn=1.3, tempo=1.15, brow=1.3,
    ),
    "anger": Manner(
        dict(browDown=1.0, wide=0.7, squint=0.25, sneer=0.85, upperUp=0.25, frown=1.0, stretch=0.1,
             headPitch=0.03, headZ=0.03),
        turn=1.3, tempo=1.25, blink=0.7, brow=0.4, gaze=0.5,
    ),
    "sadness": Manner(
        dict(browInner=1.0, browDown=0.2, frown=1.0, shrug=0.6, lookDown=0.35, droop=0.25,
             headPitch=0.11, headRoll=0.03),
        turn=0.6, tempo=0.75, blink=1.2, brow=0.5, gaze=0.8,
    ),
    "fear": Manner(
        dict(browInner=0.9, browOuterLeft=0.4, browOuterRight=0.4, browDown=0.25, wide=0.8,
             stretch=0.55, jaw=0.1, headZ=-0.04, headPitch=-0.02),
        turn=0.9, tempo=1.3, blink=1.4, gaze=1.5,
    ),
    "disgust": Manner(
        dict(sneer=0.85, upperUp=0.45, browDown=0.5, squint=0.4, cheek=0.3, frown=0.3,
             headPitch=-0.04, headYaw=0.05, headZ=-0.03),
        turn=0.8, blink=1.1, brow=0.6,
    ),
    "boredom": Manner(
        dict(droop=0.3, frown=0.15, lookDown=0.12, headPitch=0.03,
             headRoll=0.06),
        turn=0.5, tempo=0.65, blink=0.8, brow=0.25, gaze=1.6,
    ),
    "surprise": Manner(
        dict(browInner=0.9, browOuterLeft=0.9, browOuterRight=0.9, wide=1.0, jaw=0.45, round=0.45,
             headPitch=-0.05, headZ=-0.02),
        turn=1.0, tempo=1.2, blink=0.5, brow=1.2, gaze=0.6,
    ),
}  # fmt: skip


def posture(emotion: str) -> F32:
    """f32[28] of an emotion at full intensity."""
    out = np.zeros(CHANNEL_COUNT, np.float32)
    for name, value in MANNERS[emotion].posture.items():
        out[CHANNEL_INDEX[name]] = value
    return out


def mixed(shares: dict[str, float]) -> tuple[F32, Manner]:
    """Posture and manner of a mixture: shares of emotions, at most 1 together; the rest neutral."""
    total = np.zeros(CHANNEL_COUNT, np.float32)
    factors = dict(turn=1.0, tempo=1.0, blink=1.0, brow=1.0, gaze=1.0)
    for emotion, share in shares.items():
        total += np.float32(share) * posture(emotion)
        for name in factors:
            factors[name] *= getattr(MANNERS[emotion], name) ** share
    return total, Manner({}, **factors)
