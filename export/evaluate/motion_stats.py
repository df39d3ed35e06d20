"""Figures of how a face moves: heads, blinks, brows, tremor.

Offline; pure functions of motions.
Never says what is good: real video and the literature stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.values import F32, FRAME_RATE_HZ, MOTION_INDEX

_POSE = slice(MOTION_INDEX["headPitch"], MOTION_INDEX["headRoll"] + 1)
_LIDS = [MOTION_INDEX["eyeBlinkLeft"], MOTION_INDEX["eyeBlinkRight"]]
_JAW = MOTION_INDEX["jawOpen"]
SHUT = 0.5


@dataclass(frozen=True, slots=True)
class MotionStats:
    """Of one or more streams of one kind."""

    blinks: float
    """A minute."""
    head_speed: float
    """Mean rad/s."""
    head_reach: float
    """Standard deviation of pitch, yaw and roll together, degrees."""
    head_tremor: float
    """Mean second difference of the angles, rad a frame squared."""
    brows: float
    """Standard deviation of browInnerUp."""
    jaw_tremor: float
    """Mean second difference of jawOpen where it moves."""


def motion_stats(streams: list[F32]) -> MotionStats:
    """Figures over f32[F,58] streams."""
    minutes = sum(map(len, streams)) / (60 * FRAME_RATE_HZ)
    lids = [stream[:, _LIDS].max(1) > SHUT for stream in streams]
    blinks = sum(int((~lid[:-1] & lid[1:]).sum()) for lid in lids) / minutes
    angles = [stream[:, _POSE] for stream in streams]
    speeds = np.concatenate([np.linalg.norm(np.diff(a, axis=0), axis=1) for a in angles])
    tremor = np.concatenate([np.abs(np.diff(a, n=2, axis=0)).ravel() for a in angles])
    reach = np.sqrt(np.mean([a.var(0).sum() for a in angles]))
    jaws = np.concatenate([np.abs(np.diff(s[:, _JAW], n=2)) for s in streams])
    moving = jaws[jaws > 0]
    brow = MOTION_INDEX["browInnerUp"]
    return MotionStats(
        blinks=float(blinks),
        head_speed=float(speeds.mean()) * FRAME_RATE_HZ,
        head_reach=float(np.degrees(reach)),
        head_tremor=float(tremor.mean()),
        brows=float(np.mean([s[:, brow].std() for s in streams])),
        jaw_tremor=float(moving.mean()) if len(moving) else 0.0,
    )
