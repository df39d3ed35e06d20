"""Face motion besides lips out of tracked video: head, lids, gaze, brows, cheeks.

Offline; pure functions of landmarks.
Never sees sound, and never measures the mouth: `lip_geometry` does.

Landmarks are aligned to the clip's own mean head (Umeyama, PAMI 1991), which gives the pose; what
is left is set against the rig's offsets by ridge least squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from engines.avatars.rigging import head_axes, umeyama
from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import F32, MOTION_INDEX, MOTION_SIZE

STABLE = (10, 67, 297, 109, 338, 151, 9, 8, 168, 6, 197, 195, 127, 356, 234, 454, 33, 133, 263, 362)
"""Forehead, bridge of the nose, temples and corners of the eyes: what expression moves least."""
BROW_SHAPES = (
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "browDownLeft",
    "browDownRight",
)
BROW_POINTS = (
    *(70, 63, 105, 66, 107, 46, 53, 52, 65, 55),
    *(300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
)
CLOSED_SHARE = 0.25
"""Height of a shut eye in the tracker's mesh, of the open one."""
GAZE_REACH = 0.16
"""Travel of the iris in eye widths that is a full look to the side."""
SMOOTH_FRAMES = 0.7
"""Of pose and brows: the tracker's jitter, in frames (Gaussian sigma)."""
_RIDGE = 1e-3


def face_motion(landmarks: F32) -> F32:
    """f32[F,58] in MOTION_NAMES order from f32[F,478,3] px; mouth and jaw entries are 0.

    Pose and brows are relative to the clip's own middle: a photo's rest is motion 0 as well.
    """
    motion = np.zeros((len(landmarks), MOTION_SIZE), np.float32)
    heads = np.stack([head_axes(frame) for frame in landmarks])
    pose, still = _pose(heads)
    motion[:, MOTION_INDEX["headPitch"] :] = pose
    _brows(motion, still)
    for eye in lm.EYES:
        _lids(motion, landmarks, eye)
    _gaze(motion, landmarks)
    return motion


def _pose(heads: F32) -> tuple[F32, F32]:
    """Pose f32[F,6] relative to the clip's mean, and heads with it taken out."""
    points = list(STABLE)
    mean = heads[len(heads) // 2]
    for _ in range(3):
        fits = [umeyama(head[points], mean[points]) for head in heads]
        still = np.stack(
            [s * head @ r.T + t for head, (s, r, t) in zip(heads, fits, strict=True)]
        ).astype(np.float32)
        mean = still.mean(0)
    width = float(np.linalg.norm((mean[lm.FACE_LEFT] - mean[lm.FACE_RIGHT])[:2]))
    pose = np.zeros((len(heads), 6), np.float32)
    for row, (head, (scale, rotation, _)) in enumerate(zip(heads, fits, strict=True)):
        pose[row, :3] = angles(rotation.T)
        away = (head[points].mean(0) - heads[:, points].mean((0, 1))) / width
        pose[row, 3:] = away[0], -away[1], 1.0 - scale
    pose -= np.median(pose, axis=0)
    return gaussian_filter1d(pose, SMOOTH_FRAMES, axis=0).astype(np.float32), still


def angles(rotation: F32) -> tuple[float, float, float]:
    """Pitch, yaw, roll (rad, signs of POSE_NAMES) of a rotation in head axes (x right, y up)."""
    pitch = float(np.arctan2(rotation[2, 1], rotation[2, 2]))
    yaw = float(np.arcsin(np.clip(-rotation[2, 0], -1, 1)))
    roll = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return pitch, yaw, -roll


def _brows(motion: F32, still: F32) -> None:
    rig = load_rig()
    mean = still.mean(0)[: lm.MESH_POINTS]
    scale, rotation, _ = umeyama(rig.neutral, mean)
    points = list(BROW_POINTS)
    shapes = [MOTION_INDEX[name] for name in BROW_SHAPES]
    basis = (scale * rig.deltas[shapes][:, points] @ rotation.T)[..., :2].reshape(len(shapes), -1).T
    rest = np.median(still[:, points], axis=0)
    away = (still[:, points] - rest)[..., :2].reshape(len(still), -1)
    unit = float((basis**2).sum(0).mean())
    solve = np.linalg.solve(basis.T @ basis + _RIDGE * unit * np.eye(len(shapes)), basis.T)
    seen = gaussian_filter1d(away @ solve.T, SMOOTH_FRAMES, axis=0)
    motion[:, shapes] = seen


def eye_heights(landmarks: F32, eye: lm.Eye) -> F32:
    """f32[F]: mean height of the lid opening over the eye's width."""
    upper, lower = landmarks[:, [*eye.upper], :2], landmarks[:, [*eye.lower], :2]
    a, b = eye.corners
    width = np.linalg.norm(landmarks[:, a, :2] - landmarks[:, b, :2], axis=1)
    out: F32 = (np.linalg.norm(upper - lower, axis=2).mean(1) / width).astype(np.float32)
    return out


def _lids(motion: F32, landmarks: F32, eye: lm.Eye) -> None:
    height = eye_heights(landmarks, eye)
    opened = float(np.quantile(height, 0.7))
    shut = CLOSED_SHARE * opened
    blink = np.clip((0.92 * opened - height) / (0.92 * opened - shut), 0, 1)
    motion[:, MOTION_INDEX[f"eyeBlink{eye.person_side}"]] = blink


def _gaze(motion: F32, landmarks: F32) -> None:
    side, down = [], []
    for eye in lm.EYES:
        a, b = (landmarks[:, i, :2] for i in sorted(eye.corners, key=lambda i: landmarks[0, i, 0]))
        along = b - a
        width = np.linalg.norm(along, axis=1)
        iris = landmarks[:, eye.iris[0], :2] - (a + b) / 2
        side.append((iris * along).sum(1) / width**2)
        down.append((along[:, 0] * iris[:, 1] - along[:, 1] * iris[:, 0]) / width**2)
    # Both eyes look the same way; their mean halves the tracker's noise. A shut eye has no gaze.
    shut = motion[:, MOTION_INDEX["eyeBlinkLeft"]] > 0.35
    for values, positive, negative in (
        (side, ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")),
        (down, ("eyeLookDownLeft", "eyeLookDownRight"), ("eyeLookUpLeft", "eyeLookUpRight")),
    ):
        look = _held(np.mean(values, axis=0), shut)
        look = np.clip((look - np.median(look)) / GAZE_REACH, -1, 1)
        for name in positive:
            motion[:, MOTION_INDEX[name]] = np.maximum(look, 0)
        for name in negative:
            motion[:, MOTION_INDEX[name]] = np.maximum(-look, 0)


def _held(values: F32, shut: NDArray[np.bool_]) -> F32:
    """The values, straight across frames in which the eye is shut."""
    seen = np.flatnonzero(~shut)
    if len(seen) < 2:
        return np.zeros_like(values)
    out: F32 = np.interp(np.arange(len(values)), seen, values[seen]).astype(np.float32)
    return out
