"""The head between words: it rests. Pure; used by the engine thread.

Smooths the performed pose the more, the quieter both sides are.
Never holds back a turn for good: what lasts is followed.

A volume-preserving prior is as wide in silence as in speech, so its heads fidget; people's do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.motion.face import CHANNEL_INDEX
from engines.values import F32, POSE_NAMES

CALM = 0.10
"""Share of the way to the performed pose made in a frame of silence: 0.4 s."""
WAKE = 0.2
"""Share of the way to liveliness made in a frame as somebody speaks, and back."""
_POSE = [CHANNEL_INDEX[name] for name in POSE_NAMES]


@dataclass(slots=True)
class HeadState:
    """One session's head."""

    pose: F32
    """f32[6] as last shown."""
    lively: float = 0.0


def new_head() -> HeadState:
    """Straight, and calm."""
    return HeadState(np.zeros(len(_POSE), np.float32))


def move_head(state: HeadState, channels: F32, busy: bool) -> None:
    """Calm the pose of f32[28], in place; `busy`: this side or the other speaks."""
    state.lively += WAKE * (float(busy) - state.lively)
    share = np.float32(CALM + (1.0 - CALM) * state.lively)
    state.pose = (state.pose + share * (channels[_POSE] - state.pose)).astype(np.float32)
    channels[_POSE] = state.pose
