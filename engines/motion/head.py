"""The head between words rests, with words it moves as quickly as heads do.

Pure; used by the engine thread.
Never holds back a turn for good: what lasts is followed, and never turns further for long.

A volume-preserving prior is as wide in silence as in speech, so its heads fidget; people's do not.
And a net trained on squares of errors moves too slowly: what is quick in it is made larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.motion.face import together
from engines.values import F32, POSE_NAMES

CALM = 0.10
"""Share of the way to the performed pose made in a frame of silence: 0.4 s."""
WAKE = 0.2
"""Share of the way to liveliness made in a frame as somebody speaks, and back."""
SLOW = 0.12
"""Share of the way to the performed pose that the slow part of it makes in a frame: 0.3 s."""
_POSE = together(*POSE_NAMES)


@dataclass(slots=True)
class HeadState:
    """One session's head."""

    pose: F32
    """f32[6] as last shown."""
    slow: F32
    """f32[6] the performed pose without what is quick in it."""
    lively: float = 0.0


def new_head() -> HeadState:
    """Straight, and calm."""
    return HeadState(np.zeros(len(POSE_NAMES), np.float32), np.zeros(len(POSE_NAMES), np.float32))


def move_head(state: HeadState, channels: F32, busy: bool, quick: float) -> None:
    """Calm or quicken the pose of f32[28], in place.

    busy: this side or the other speaks; quick: what is added of the quick part of the pose, in its
    own measure (0: nothing).
    """
    state.lively += WAKE * (float(busy) - state.lively)
    wish = channels[_POSE]
    state.slow = state.slow + np.float32(SLOW) * (wish - state.slow)
    wish = wish + np.float32(quick * state.lively) * (wish - state.slow)
    share = np.float32(CALM + (1.0 - CALM) * state.lively)
    state.pose = state.pose + share * (wish - state.pose)
    channels[_POSE] = state.pose
