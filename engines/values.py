"""The values that cross borders inside the avatar, with their units.

Plain frozen data, used by every thread.
Holds no clock, no device and no behaviour beyond checking itself.

Shape letters: N samples, F frames, H rows, W columns, P motion values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engines.emotion.values import Emotion

F32: TypeAlias = NDArray[np.float32]
U8: TypeAlias = NDArray[np.uint8]

SAMPLE_RATE_HZ = 16_000
"""Rate of media time: every pts inside is a sample index at this rate."""
FRAME_RATE_HZ = 25
FRAME_SAMPLES = SAMPLE_RATE_HZ // FRAME_RATE_HZ
"""640 samples of media time are one video frame."""

ARKIT_NAMES: tuple[str, ...] = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawRight",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthLeft",
    "mouthRight",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)
"""Apple ARKit blendshape names in ARKit order. Left and right are the person's own."""
POSE_NAMES: tuple[str, ...] = ("headPitch", "headYaw", "headRoll", "headX", "headY", "headZ")
"""Head pose after the blendshapes: rotation in radians (pitch + = looks down, yaw + = turns to
the person's left, roll + = tilts to the person's left), translation in face widths (x + = image
right, y + = image down, z + = toward the camera)."""
MOTION_NAMES: tuple[str, ...] = ARKIT_NAMES + POSE_NAMES
MOTION_SIZE = len(MOTION_NAMES)
"""58: one motion is f32[58]."""
MOTION_INDEX: dict[str, int] = {name: i for i, name in enumerate(MOTION_NAMES)}


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Some sound of one session. A hole in the stream shows as a jump in `pts`."""

    pts: int
    """Media time of the first sample."""
    epoch: int
    """Counts interrupts and other changes of what was given already; every stage discards chunks of
    an older epoch."""
    samples: F32
    """f32[N] in [-1, 1] at 16 kHz, never written again."""
    seamless: bool = False
    """Its epoch took the place of silence: nothing was interrupted, what lies before it stands."""


@dataclass(frozen=True, slots=True)
class AudioWindow:
    """The sound that one new frame may hear for the first time.

    Audio before it has been given by earlier windows (its consumer keeps the left context).
    """

    pts: int
    """Media time of the frame; a multiple of FRAME_SAMPLES."""
    epoch: int
    samples: F32
    """f32[640]: media time [pts + lookahead - 640, pts + lookahead)."""
    lookahead: int
    """Samples after `pts` that have been heard once `samples` has."""
    seamless: bool = False
    """As its chunk's: the face goes on from the frame before `pts`."""


@dataclass(frozen=True, slots=True)
class MotionFrame:
    """One motion at one media time."""

    pts: int
    epoch: int
    motion: F32
    """f32[58] in MOTION_NAMES order; blendshapes in [0, 1]."""
    speaking: bool
    """Whether voice activity (with hysteresis) was heard at this frame."""
    emotion: Emotion | None = None
    """What is felt; None where nothing feels."""
    sound: F32 | None = None
    """f32[80]: mean of the newest log-mel rows that were heard for it; None: nobody looked."""
    manner: F32 | None = None
    """f32[7] in STYLE_NAMES order: what the scene asks for; None: nothing."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One finished frame of a session."""

    pts: int
    epoch: int
    image: U8
    """u8[H,W,3] in BGR order (OpenCV), never written again."""
    motion: F32
    """f32[58]: the motion it shows."""
    emotion: Emotion | None = None
    """What is felt in it; None where nothing feels."""
