"""Reads the motion frame's mesh off landmarks: a tracked face as the renderer would place it.

Offline; pure arithmetic on a few hundred points, one object per avatar.
Never touches a pixel, never smooths over frames.

The rigid part is fitted by Gauss-Newton on what expression moves least, the blendshapes by bounded
least squares with a ridge on what is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.eyes import Eyeball
from engines.render.geometry import CAMERA_FACE_WIDTHS, Geometry, Pose
from engines.render.rig import load_rig
from engines.render.warp import Mesh
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, MOTION_SIZE
from export.data.motion_labels import STABLE, angles

SOLVED: tuple[str, ...] = (
    *("jawOpen", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper"),
    *("mouthShrugLower", "mouthShrugUpper", "mouthLowerDownLeft", "mouthLowerDownRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp"),
    *("browOuterUpLeft", "browOuterUpRight"),
)
"""Shapes that landmarks tell apart; lids and gaze are measured on their own."""
_RIDGE = 0.015
_LIPS_COUNT = 3.0
_OPEN_SHARE = 0.92
"""Of an eye's height at rest: from here down it is closing, as in `motion_labels`."""
SHUT_SHARE = 0.33
"""The same of an eye that is shut: three quarters of 349 blinks measured go lower."""
_STEPS = 4
_LEAN = 0.3
"""Pull of turns toward 0, in face widths squared a radian squared: twenty points at the rim of
what they can tell."""
_HEAD = np.array([1, -1, -1], np.float32)
_PIXEL = np.array([1, -1], np.float32)


class MeshReader:
    """Meshes of one avatar from landmarks in its pixels."""

    def __init__(self, avatar: Avatar) -> None:
        self._geometry = Geometry(avatar, avatar.size)
        self._headroom = 1 - avatar.smile
        self._lids = [_height(avatar.landmarks, eye) for eye in lm.EYES]
        self._eyeballs = [Eyeball(self._geometry, eye, avatar.portrait) for eye in lm.EYES]
        self._iris = [_iris_seen(avatar.landmarks, eye) for eye in lm.EYES]
        self._shapes = [ARKIT_NAMES.index(name) for name in SOLVED]
        share = np.ones(lm.MESH_POINTS, np.float32)
        share[[i for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS) for i in row]] = _LIPS_COUNT
        share[load_rig().oval] = 0.3
        for eye in lm.EYES:
            share[[*eye.upper, *eye.lower, *eye.crease]] = 0
        basis = avatar.deltas[self._shapes][..., :2] * share[:, None]
        self._share = share
        self._basis = basis.reshape(len(SOLVED), -1).T.astype(np.float64)
        gram = self._basis.T @ self._basis
        gram += _RIDGE * np.trace(gram) / len(SOLVED) * np.eye(len(SOLVED))
        self._root = np.linalg.cholesky(gram)

    def rest(self) -> Mesh:
        """The avatar's own mesh."""
        still = Pose(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
        g = self._geometry
        weights = np.zeros(len(ARKIT_NAMES), np.float32)
        return Mesh(weights, g.face.copy(), still, g.place(g.face, g.face_follow, still))

    def read(self, points: F32) -> Mesh:
        """The mesh that lies on landmarks f32[478,3], pixels of the avatar's picture."""
        geometry = self._geometry
        pose = self._pose(points)
        seen = points[: lm.MESH_POINTS, :2].astype(np.float32).copy()
        weights = np.zeros(len(ARKIT_NAMES), np.float32)
        for k, eye in enumerate(lm.EYES):
            blink = self._blink(k, points)
            weights[MOTION_INDEX[f"eyeBlink{eye.person_side}"]] = blink
            _shut(seen, eye, blink, self._lids[k])
            self._look(weights, k, points)
        plain = self._unplaced(seen, geometry.face[:, 2], pose)
        weights[self._shapes] = self._solve(plain - geometry.face)
        face = self._unplaced(seen, geometry.deform(weights, 0.0)[:, 2], pose)
        return Mesh(weights, face, pose, geometry.place(face, geometry.face_follow, pose))

    def motion(self, mesh: Mesh) -> F32:
        """f32[58] in MOTION_NAMES order that asks for such a mesh."""
        out = np.zeros(MOTION_SIZE, np.float32)
        given = self._geometry.weights(np.ones(MOTION_SIZE, np.float32))
        out[: len(ARKIT_NAMES)] = np.clip(mesh.weights / np.maximum(given, 0.1), 0, 1)
        out[MOTION_INDEX["headPitch"] :][:3] = angles(mesh.pose.rotation)
        shift = mesh.pose.shift / np.float32(self._geometry.face_width)
        out[MOTION_INDEX["headX"] :] = shift * np.array([1, -1, 1], np.float32)
        return out

    def _pose(self, points: F32) -> Pose:
        """Gauss-Newton on where the still points of the face are seen."""
        g, still = self._geometry, list(STABLE)
        face, follow, goal = g.face[still], g.face_follow[still], points[still, :2]
        unit = g.face_width

        def off(values: NDArray[np.float64]) -> NDArray[np.float64]:
            placed = g.place(face, follow, _pose(values, unit))[:, :2]
            lean = np.sqrt(_LEAN) * values[:2] * 0.1
            return np.concatenate([((placed - goal) / unit).ravel(), lean])

        at = np.zeros(6)
        for _ in range(_STEPS):
            here = off(at)
            slope = np.stack([(off(at + step) - here) / 1e-3 for step in 1e-3 * np.eye(6)], 1)
            at = at - np.linalg.solve(slope.T @ slope + 1e-6 * np.eye(6), slope.T @ here)
        return _pose(at, unit)

    def _unplaced(self, seen: F32, depth: F32, pose: Pose) -> F32:
        """f32[468,3]: the face without its pose that is seen at f32[468,2] with depths f32[468]."""
        g = self._geometry
        camera = np.float32(CAMERA_FACE_WIDTHS * g.face_width)
        follow = g.face_follow[:, None, None]
        turn = follow * pose.rotation + (1 - follow) * np.eye(3, dtype=np.float32)
        shift = g.face_follow[:, None] * pose.shift
        deep = depth - g.pivot[2]
        away = seen * _PIXEL - g.pivot[:2]
        back = np.linalg.inv(turn[:, :2, :2])
        local = away.copy()
        for _ in range(4):
            z = (turn[:, 2, :2] * local).sum(1) + turn[:, 2, 2] * deep + shift[:, 2]
            flat = away * (1 - z / camera)[:, None] - turn[:, :2, 2] * deep[:, None] - shift[:, :2]
            local = (back @ flat[:, :, None])[..., 0]
        face = local / (1 - deep / camera)[:, None] + g.pivot[:2]
        return np.concatenate([face, depth[:, None]], 1).astype(np.float32)

    def _solve(self, moved: F32) -> F32:
        """f32[len(SOLVED)] in [0, 1]: shapes that move the face by f32[468,3]."""
        from scipy.optimize import nnls

        goal = self._basis.T @ (moved[:, :2] * self._share[:, None]).ravel()
        found, _ = nnls(self._root.T, np.linalg.solve(self._root, goal))
        out: F32 = np.minimum(found, 1).astype(np.float32)
        return out

    def _blink(self, k: int, points: F32) -> float:
        ratio = _height(points, lm.EYES[k]) / max(self._lids[k], 1e-3)
        return float(np.clip((_OPEN_SHARE - ratio) / (_OPEN_SHARE - SHUT_SHARE), 0, 1))

    def _look(self, weights: F32, k: int, points: F32) -> None:
        """Gaze that turns the avatar's iris to where it is seen; none of an eye that is shut."""
        side = lm.EYES[k].person_side
        if weights[MOTION_INDEX[f"eyeBlink{side}"]] > 0.5:
            return
        away = _iris_seen(points, lm.EYES[k]) - self._iris[k]
        corners = self._geometry.points[list(lm.EYES[k].corners), :2]
        away = away * np.linalg.norm(corners[1] - corners[0])
        for first, second in (("In", "Out"), ("Up", "Down")):
            for name in (first, second):
                one = np.zeros(len(ARKIT_NAMES), np.float32)
                index = MOTION_INDEX[f"eyeLook{name}{side}"]
                one[index] = 1
                reach = np.array(self._eyeballs[k].gaze(one), np.float32)
                weights[index] = np.clip(away @ reach / (reach @ reach), 0, 1)


def _pose(values: NDArray[np.float64], unit: float) -> Pose:
    """Of pitch, yaw, roll (radians) and shift in face widths, head axes."""
    pitch, yaw, roll = values[:3]
    cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    cr, sr = np.cos(roll), np.sin(roll)
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    tilt = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return Pose((tilt @ turn @ nod).astype(np.float32), (values[3:] * unit).astype(np.float32))


def _height(points: F32, eye: lm.Eye) -> float:
    """Mean height of the lid opening over the eye's width."""
    a, b = points[list(eye.corners), :2]
    gap = points[list(eye.upper), :2] - points[list(eye.lower), :2]
    return float(np.linalg.norm(gap, axis=1).mean() / np.linalg.norm(b - a))


def _iris_seen(points: F32, eye: lm.Eye) -> F32:
    """f32[2]: the iris from the middle of the eye's corners, picture axes turned upright by the
    corners, in eye widths.
    """
    a, b = sorted(points[list(eye.corners), :2], key=lambda p: float(p[0]))
    along = (b - a) / np.linalg.norm(b - a)
    away = (points[eye.iris[0], :2] - (a + b) / 2) / np.linalg.norm(b - a)
    return np.array([away @ along, along[0] * away[1] - along[1] * away[0]], np.float32)


def _shut(seen: F32, eye: lm.Eye, blink: float, rest: float) -> None:
    """Lids of f32[468,2] come as close as the blink says: the tracker never sees them meet."""
    if blink <= 0:
        return
    upper, lower = list(eye.upper), list(eye.lower)
    a, b = seen[list(eye.corners)]
    high, low = seen[upper], seen[lower]
    gap = float(np.linalg.norm(high - low, axis=1).mean() / np.linalg.norm(b - a))
    closer = 1 - min(1.0, (1 - blink) * rest / max(gap, 1e-4))
    line = 0.14 * high + 0.86 * low
    seen[upper] = high + closer * (line - high)
    seen[lower] = low + closer * (line - low)
