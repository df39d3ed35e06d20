"""Measured motion: what was done to a head is found again."""

from __future__ import annotations

import numpy as np

from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import F32, MOTION_INDEX
from export.data.motion_labels import angles, face_motion


def head() -> F32:
    """A rig head as landmarks in pixels: x right, y down, z away."""
    rig = load_rig()
    points = np.zeros((lm.ALL_POINTS, 3), np.float32)
    points[: lm.MESH_POINTS] = rig.neutral * 10.0
    for eye in lm.EYES:
        points[list(eye.iris)] = points[list(eye.corners)].mean(0)
    flip, shift = np.array([1, -1, -1], np.float32), np.array([140, 140, 0], np.float32)
    moved: F32 = (points * flip + shift).astype(np.float32)
    return moved


def turned(points: F32, pitch: float, yaw: float, roll: float) -> F32:
    from engines.render.geometry import _rotation

    rotation = _rotation(pitch, yaw, roll)
    flip = np.array([1, -1, -1], np.float32)
    middle = points.mean(0)
    moved = (points - middle) * flip @ rotation.T * flip + middle
    return np.asarray(moved, np.float32)


def test_angles_are_those_of_the_renderer() -> None:
    from engines.render.geometry import _rotation

    assert np.allclose(angles(_rotation(0.1, -0.2, 0.15)), (0.1, -0.2, 0.15), atol=1e-6)


def test_a_turn_is_found_again() -> None:
    frames = [head()] * 20 + [turned(head(), 0.05, -0.08, 0.06)] * 10
    motion = face_motion(np.stack(frames))
    pose = motion[:, MOTION_INDEX["headPitch"] :][:, :3]
    assert np.allclose(pose[5], 0, atol=2e-3)
    assert np.allclose(pose[26], (0.05, -0.08, 0.06), atol=4e-3)


def test_a_shut_eye_is_a_blink() -> None:
    frames = np.stack([head()] * 30)
    eye = lm.EYES[0]
    upper, lower = list(eye.upper), list(eye.lower)
    for at, share in ((10, 0.5), (11, 1.0), (12, 0.5)):
        gap = frames[at][lower] - frames[at][upper]
        frames[at][upper] += share * gap
    motion = face_motion(frames)
    blink = motion[:, MOTION_INDEX[f"eyeBlink{eye.person_side}"]]
    assert blink[11] > 0.95 and 0.2 < blink[10] < 0.9 and blink[5] == 0
    other = "Left" if eye.person_side == "Right" else "Right"
    assert not motion[:, MOTION_INDEX[f"eyeBlink{other}"]].any()


def test_a_raised_brow_is_found_again() -> None:
    rig = load_rig()
    frames = np.stack([head()] * 30)
    lift = rig.deltas[MOTION_INDEX["browInnerUp"]] * 10.0 * np.array([1, -1, -1], np.float32)
    frames[15:25, : lm.MESH_POINTS] += 0.6 * lift
    brow = face_motion(frames)[:, MOTION_INDEX["browInnerUp"]]
    assert abs(float(brow[20]) - 0.6) < 0.12
    assert abs(float(brow[3])) < 0.05


def test_a_look_is_found_again() -> None:
    frames = np.stack([head()] * 30)
    for eye in lm.EYES:
        width = np.linalg.norm(np.subtract(*frames[0][list(eye.corners)]))
        # Picture right is the person's left.
        frames[18:28, list(eye.iris), 0] += 0.08 * width
    motion = face_motion(frames)
    assert motion[22, MOTION_INDEX["eyeLookOutLeft"]] > 0.4
    assert motion[22, MOTION_INDEX["eyeLookInRight"]] > 0.4
    assert motion[22, MOTION_INDEX["eyeLookInLeft"]] == 0
