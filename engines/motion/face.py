"""The part of the face that no sound dictates: its channels, and how they join the lips.

Pure; used by the engine thread and by training.
Never opens lips that a consonant closes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, MOTION_SIZE, POSE_NAMES

_BOTH = ("Left", "Right")
CHANNELS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("blinkLeft", ("eyeBlinkLeft",), ()),
    ("blinkRight", ("eyeBlinkRight",), ()),
    ("droop", (), ()),
    ("lookLeft", ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")),
    ("lookDown", ("eyeLookDownLeft", "eyeLookDownRight"), ("eyeLookUpLeft", "eyeLookUpRight")),
    ("browInner", ("browInnerUp",), ()),
    ("browOuterLeft", ("browOuterUpLeft",), ()),
    ("browOuterRight", ("browOuterUpRight",), ()),
    ("browDown", ("browDownLeft", "browDownRight"), ()),
    ("squint", ("eyeSquintLeft", "eyeSquintRight"), ()),
    ("wide", ("eyeWideLeft", "eyeWideRight"), ()),
    ("cheek", ("cheekSquintLeft", "cheekSquintRight"), ()),
    ("sneer", ("noseSneerLeft", "noseSneerRight"), ()),
    ("smileLeft", ("mouthSmileLeft",), ()),
    ("smileRight", ("mouthSmileRight",), ()),
    ("frown", ("mouthFrownLeft", "mouthFrownRight"), ()),
    ("stretch", ("mouthStretchLeft", "mouthStretchRight"), ()),
    ("press", ("mouthPressLeft", "mouthPressRight"), ()),
    ("upperUp", ("mouthUpperUpLeft", "mouthUpperUpRight"), ()),
    ("shrug", ("mouthShrugLower",), ()),
    ("jaw", ("jawOpen",), ()),
    ("round", ("mouthFunnel",), ()),
)
"""Name, ARKit shapes that it raises when positive, and those it raises when negative.

`droop` lowers both lids (a mood); `blink*` are events. They share ARKit's eyeBlink, so `to_motion`
adds droop there, and what is measured (`to_channels`) counts as blinks."""
CHANNEL_NAMES: tuple[str, ...] = (*(name for name, _, _ in CHANNELS), *POSE_NAMES)
CHANNEL_INDEX: dict[str, int] = {name: i for i, name in enumerate(CHANNEL_NAMES)}
CHANNEL_COUNT = len(CHANNEL_NAMES)


def together(*names: str) -> slice:
    """Where channels that follow each other lie: a slice, which numpy takes without a copy.

    Raises ValueError when others lie between them.
    """
    first = CHANNEL_INDEX[names[0]]
    if CHANNEL_NAMES[first : first + len(names)] != names:
        raise ValueError(f"channels {', '.join(names)} do not follow each other")
    return slice(first, first + len(names))


LOW: F32 = np.array([-1.0 if n else 0.0 for _, _, n in CHANNELS] + [-0.5] * 6, np.float32)
HIGH: F32 = np.array([1.0] * len(CHANNELS) + [0.5] * 6, np.float32)
_ARKIT = len(ARKIT_NAMES)
_SHAPES = len(CHANNELS)
_DROOP = CHANNEL_INDEX["droop"]
_LEFT_LID, _RIGHT_LID = MOTION_INDEX["eyeBlinkLeft"], MOTION_INDEX["eyeBlinkRight"]
_LIDS = slice(_LEFT_LID, _RIGHT_LID + 1, _RIGHT_LID - _LEFT_LID)
"""A slice, not a list: numpy then makes no copy."""
_MOUTH = (
    "smileLeft",
    "smileRight",
    "frown",
    "stretch",
    "press",
    "upperUp",
    "shrug",
    "jaw",
    "round",
)
MOUTH_CHANNELS: tuple[int, ...] = tuple(CHANNEL_INDEX[name] for name in _MOUTH)


def _table() -> tuple[F32, F32]:
    plus = np.zeros((_SHAPES, _ARKIT), np.float32)
    minus = np.zeros((_SHAPES, _ARKIT), np.float32)
    for row, (_, up, down) in enumerate(CHANNELS):
        plus[row, [MOTION_INDEX[name] for name in up]] = 1.0
        minus[row, [MOTION_INDEX[name] for name in down]] = 1.0
    return plus, minus


_PLUS, _MINUS = _table()
_PLUS_MEAN = _PLUS / np.maximum(_PLUS.sum(1, keepdims=True), 1.0)
_MINUS_MEAN = _MINUS / np.maximum(_MINUS.sum(1, keepdims=True), 1.0)


def to_motion(channels: F32) -> F32:
    """f32[...,58] of channels f32[...,28]; shapes clipped to [0, 1]."""
    shapes = channels[..., :_SHAPES]
    motion = np.zeros((*channels.shape[:-1], MOTION_SIZE), np.float32)
    raised = np.maximum(shapes, 0) @ _PLUS + np.maximum(-shapes, 0) @ _MINUS
    droop = _clipped(shapes[..., _DROOP, None])
    lids = raised[..., _LIDS]
    # A blink closes what droop has left open.
    lids += (1 - _clipped(lids)) * droop
    motion[..., :_ARKIT] = _clipped(raised)
    motion[..., _ARKIT:] = channels[..., _SHAPES:]
    return motion


def _clipped(values: NDArray[Any]) -> F32:
    # `np.clip` without its wrapper in Python.
    clipped: F32 = np.minimum(np.maximum(values, 0), 1)
    return clipped


def to_channels(motion: F32) -> F32:
    """f32[...,28] of f32[...,58]: the mean of the shapes that a channel moves."""
    arkit = motion[..., :_ARKIT]
    shapes = arkit @ _PLUS_MEAN.T - arkit @ _MINUS_MEAN.T
    out: F32 = np.concatenate([shapes, motion[..., _ARKIT:]], axis=-1).astype(np.float32)
    return out
