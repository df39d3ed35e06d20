"""Moves the mesh: expression, lip seal, blink, then the head's pose in perspective.

Engine thread; pure arithmetic on a few hundred points.
Never touches a pixel.

Head axes: x right, y up, z toward the camera, in pixels of the picture being made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin, tanh

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.matte import ease, smoothstep
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.groove import Groove
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, U8

YAW_LIMIT, PITCH_LIMIT, ROLL_LIMIT = np.deg2rad([15.0, 10.0, 8.0])
YAW_REACH, PITCH_REACH = np.deg2rad([20.0, 15.0])
"""The photo's own turn and the motion's together: past this a cheek has nothing to show."""
_LEAST = 0.4
"""Of a limit: what a turned photo may still do toward the side it is turned to."""
SHIFT_LIMIT = 0.12
"""Face widths, each axis. Beyond these limits the photo has nothing to show."""
_PITCH_AT_REST = np.deg2rad(7.0)
"""Forehead to chin leans this much on a head held straight."""
_KNEE = 0.7
_FAR, _FAR_SHARE = (0.72, 1.05), 0.85
"""Face widths to the side of the chin where less follows the head, and how much less."""
CAMERA_FACE_WIDTHS = 6.0
_RIM_SLOPE, _RIM_WIDTH = 1.5, 0.16
"""Depth may fall this steeply, over this many face widths at the outline: steeper, a turn would
draw a cheek of twenty pixels from a strip of three."""
_SLOPE = 2.2
"""The same anywhere: a steeper nose would hide its own wing behind a jagged edge."""
_SEAL_ROWS = (1.0, 0.9, 0.7, 0.45)
_SEAL_UPPER_SHARE = 0.55
_UPPER = [np.array(row) for row in lm.UPPER_ROWS]
_LOWER = [np.array(row) for row in lm.LOWER_ROWS]
_UPPER_ROLL, _LOWER_ROLL = (np.concatenate(rows[:3]) for rows in (_UPPER, _LOWER))
"""The inner three rows, which meet where lips roll or press."""
_LIPS = np.concatenate([*_UPPER, *_LOWER])
_MEET = np.concatenate(
    [
        np.multiply(1 - _SEAL_UPPER_SHARE, _SEAL_ROWS),
        np.multiply(-_SEAL_UPPER_SHARE, _SEAL_ROWS),
    ]
).astype(np.float32)[:, None, None]
"""How far each row of `_LIPS` goes of the way from upper to lower lip, to seal them."""
_CORNERS = np.array([61, 76, 62, 78, 291, 306, 292, 308])
_BOW = np.sin(np.linspace(0, np.pi, len(lm.UPPER_INNER) + 2)[1:-1]).astype(np.float32)
"""1 in the middle of the lips, 0 at their corners."""
_BLINK = [MOTION_INDEX[f"eyeBlink{eye.person_side}"] for eye in lm.EYES]
_SMILE = [MOTION_INDEX["mouthSmileLeft"], MOTION_INDEX["mouthSmileRight"]]
_FROWN = [MOTION_INDEX["mouthFrownLeft"], MOTION_INDEX["mouthFrownRight"]]
_EASED_FROM, _EASED = 0.5, 0.2
"""From there on a mouth frowns on less and less, and at full it is so much short: with all of the
rig's somebody looks like somebody else."""
LAID_OFF = 0.1
"""Frown with which the smile of the photo itself is gone: nobody frowns and smiles."""
_BROWS_UP = [MOTION_INDEX[n] for n in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")]
_BROW_SHARE = 0.68
"""Of the rig's raised brows: together at full they draw the shade below a brow out to a second."""
_BROWS = [*_BROWS_UP, MOTION_INDEX["browDownLeft"], MOTION_INDEX["browDownRight"]]
_UNDER_BROWS = ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))
"""Lower edges of the brows, outer to inner, as `landmarks.EYES`."""
_SEAL = MOTION_INDEX["mouthClose"]
_SHAPES = len(ARKIT_NAMES)
_STRAIGHT = np.eye(3, dtype=np.float32)
_ROLL = MOTION_INDEX["mouthRollLower"]
_JAW = MOTION_INDEX["jawOpen"]
_TUCK_FROM, _TUCK_TO = 0.1, 0.4
"""Rolled this far, the lower lip leaves the floor of the mouth and lies at the upper teeth."""
_TUCK_GAP = 0.072
"""Mouth widths between the lips then: the tips of the upper teeth."""
_TUCK_UPPER_SHARE = 0.15
_TUCK_BOW, _TUCK_NARROW = 3.0, 0.07
"""The slit is round, not the length of a grin, and so much narrower is the mouth."""
_LIP_STAYS = 0.75
"""Of the way the rig's jaw takes the middle of the upper lip along: the lip of a living face stays
at its teeth, which would be covered."""
_EVEN_LIDS = 0.8
_OVERLAP_AT = 0.04
"""Opening of an eye, face widths, from which on its lids overlap in full when shut."""
_LAUGH_FROM, _LAUGH_TO = 0.35, 0.85
"""Smile over which lips part that were parted in the photo."""


def soft_limit(value: float, limit: float) -> float:
    """Identity up to 70% of the limit, then bends smoothly and never passes it."""
    ratio = abs(value) / limit
    if ratio <= _KNEE:
        return value
    bent = limit * (_KNEE + (1 - _KNEE) * tanh((ratio - _KNEE) / (1 - _KNEE)))
    return bent if value > 0 else -bent


@dataclass(frozen=True, slots=True)
class Pose:
    """Rotation about and shift of the pivot."""

    rotation: F32
    """f32[3,3]"""
    shift: F32
    """f32[3] px, head axes."""


class Geometry:
    """The mesh of one avatar at one picture size."""

    def __init__(self, avatar: Avatar, size: int) -> None:
        scale = size / avatar.size
        points = avatar.landmarks * np.float32(scale)
        points[:, :2] += (scale - 1) / 2
        self.size = size
        self.points = (points * np.array([1, -1, -1], np.float32)).astype(np.float32)
        self.face = self.points[: lm.MESH_POINTS]
        self.face_width = float(
            np.linalg.norm((self.points[lm.FACE_LEFT] - self.points[lm.FACE_RIGHT])[:2])
        )
        self.mouth_width = float(
            np.linalg.norm((self.points[lm.MOUTH_LEFT] - self.points[lm.MOUTH_RIGHT])[:2])
        )
        self.rig_scale = avatar.rig_scale * scale
        self._headroom: list[float] = (1 - avatar.smile).tolist()
        self._share = np.ones(_SHAPES, np.float32)
        self._share[_SMILE], self._share[_BROWS_UP] = self._headroom, _BROW_SHARE
        self._laugh = avatar.laugh * np.float32(scale) if avatar.laugh.any() else None
        deltas = avatar.deltas * np.float32(scale)
        # Lids are closed by rule, not by the rig: its blink stops short of other people's lids.
        deltas[_BLINK] = 0
        deltas[_SEAL] = 0
        _even_sockets(avatar, deltas)
        for row in _UPPER:
            deltas[_JAW, row, 1] *= 1 - _LIP_STAYS * _BOW**4
        self._deltas = np.ascontiguousarray(deltas.reshape(_SHAPES, -1))
        # What the landmarks of the closed mouth already overlap is left: rest is the photo.
        self._overlap = np.maximum(self.face[_LOWER[0], 1] - self.face[_UPPER[0], 1], 0)
        gap = self.face[_LOWER[0]] - self.face[_UPPER[0]]
        self._rest_gap = gap.copy()
        # Sealed is sealed, also where the photo's lips are a hair apart.
        self._sealed_gap = gap
        self._sealed_gap[:, 1] = np.maximum(gap[:, 1], 0)
        ears = (self.points[lm.FACE_LEFT] + self.points[lm.FACE_RIGHT]) / 2
        chin = self.points[lm.CHIN]
        self.pivot = np.array(
            [ears[0], 0.45 * ears[1] + 0.55 * chin[1], ears[2] - 0.05 * self.face_width],
            np.float32,
        )
        # Of all six: turns in radians, shifts in face widths.
        shifts = np.full(3, SHIFT_LIMIT, np.float32)
        self._limits = [np.append(side, shifts).tolist() for side in _turn_limits(self.points)]
        self._shift_unit = np.array([1, -1, 1], np.float32) * np.float32(self.face_width)
        self.face[:, 2] = _gentle_rim(self.face, self.face_width)
        self._camera = CAMERA_FACE_WIDTHS * self.face_width
        self.face_follow = self.follow(self.face)
        self._groove = Groove(self.face)

    def follow(self, points: F32) -> F32:
        """f32[N]: how much of the head's motion each point takes: hair all, shoulders none."""
        unit = self.face_width
        below = (self.points[lm.CHIN, 1] - points[:, 1]) / unit
        aside = np.abs(points[:, 0] - self.points[lm.CHIN, 0]) / unit
        shoulder = smoothstep((aside - 0.6) / 0.35) * smoothstep((below + 0.45) / 0.4)
        # No head is so wide, hair and all: what the matte took along there is mostly furniture.
        far = _FAR_SHARE * smoothstep((aside - _FAR[0]) / (_FAR[1] - _FAR[0]))
        out: F32 = (1 - smoothstep((below + 0.05) / 0.85)) * (1 - shoulder) * (1 - far)
        return out

    def weights(self, motion: F32) -> F32:
        """f32[52]: blendshapes in [0, 1], less what the photo already shows."""
        out: F32 = np.minimum(np.maximum(motion[:_SHAPES], np.float32(0)), np.float32(1))
        out *= self._share
        for index in _FROWN:
            far = (float(out[index]) - _EASED_FROM) / (1 - _EASED_FROM)
            if far > 0:
                out[index] -= _EASED * far**2
        return out

    def deform(self, weights: F32, seal: float) -> F32:
        """f32[468,3]: the unposed face for f32[52] weights and a lip seal in [0, 1]."""
        shown = weights.copy()
        for smile, frown, room in zip(_SMILE, _FROWN, self._headroom, strict=True):
            shown[smile] -= min(float(weights[frown]) / LAID_OFF, 1) * (1 - room)
        face: F32 = (shown @ self._deltas).reshape(-1, 3)
        face += self.face
        if self._laugh is not None:
            # A laugh taken out of the photo comes back with a broad smile, not with a slight one.
            left, right = (
                float(weights[i]) / r for i, r in zip(_SMILE, self._headroom, strict=True)
            )
            broad = (left + right) / 2
            face += ease((broad - _LAUGH_FROM) / (_LAUGH_TO - _LAUGH_FROM)) * self._laugh
        _uncross(face, self._overlap)
        tuck = float(weights[_ROLL]) - _TUCK_FROM
        if tuck > 0:
            share = ease(tuck / (_TUCK_TO - _TUCK_FROM))
            _tuck_lip(face, share, self._rest_gap, _TUCK_GAP * self.mouth_width)
        if seal > 0:
            close_lips(face, seal, self._sealed_gap)
        self._groove.keep(face)
        for eye, index in zip(lm.EYES, _BLINK, strict=True):
            if weights[index] > 0:
                close_lids(face, eye, float(weights[index]), self.face_width)
        return face

    def pose(self, motion: F32) -> Pose:
        """The head's rotation and shift, softly limited. Signs as in `engines.values`."""
        pitch, yaw, roll, *shift = (
            soft_limit(value, most if value > 0 else least)
            for value, most, least in zip(motion[_SHAPES:].tolist(), *self._limits, strict=True)
        )
        return Pose(_rotation(pitch, yaw, roll), np.array(shift, np.float32) * self._shift_unit)

    def place(self, points: F32, follow: F32, pose: Pose) -> F32:
        """f32[N,3]: picture x, y (down) and depth z of points f32[N,3] in head axes.

        At rest every point lands where it is in the photo, whatever its depth.
        """
        out: F32 = self.placed(np.ascontiguousarray(points.T), follow, pose).T.copy()
        return out

    def placed(self, points: F32, follow: F32 | None, pose: Pose) -> F32:
        """As `place`, of points f32[3,N] to f32[3,N]; None follows as a whole."""
        pivot = self.pivot[:, None]
        local = points - pivot
        local[:2] *= 1 - local[2] / self._camera
        turned = (pose.rotation - _STRAIGHT) @ local
        turned += pose.shift[:, None]
        if follow is not None:
            turned *= follow
        turned += local
        turned[:2] *= self._camera / (self._camera - turned[2])
        turned[:2] += pivot[:2]
        np.negative(turned[1], out=turned[1])
        return turned


def _turn_limits(points: F32) -> tuple[F32, F32]:
    """f32[3] each, pitch, yaw, roll: limits of positive and of negative motion, radians.

    points f32[478,3] head axes. Narrower toward the side to which the photo is turned already.
    """
    across, down = (
        points[b] - points[a] for a, b in ((lm.FACE_LEFT, lm.FACE_RIGHT), (lm.FACE_TOP, lm.CHIN))
    )
    yaw = -np.arctan2(across[2], np.hypot(across[0], across[1]))
    pitch = -np.arctan2(down[2], np.hypot(down[0], down[1])) - _PITCH_AT_REST
    full = np.array([PITCH_LIMIT, YAW_LIMIT, ROLL_LIMIT], np.float32)
    own, reach = np.array([pitch, yaw, 0.0]), np.array([PITCH_REACH, YAW_REACH, np.inf])
    most, least = (np.clip(reach - side * own, _LEAST * full, full) for side in (1, -1))
    return most.astype(np.float32), least.astype(np.float32)


def _gentle_rim(face: F32, face_width: float) -> F32:
    """f32[468]: depths that fall no steeper than _RIM_SLOPE near the outline of the face.

    The smallest surface above the given one with that slope, blended in toward the rim.
    """
    place, depth = face[:, :2], face[:, 2]
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    gentle = (depth[None] - _RIM_SLOPE * apart).max(1)
    hull = cv2.convexHull(place.astype(np.float32))
    inside = [cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in place]
    share = 1 - smoothstep(np.array(inside, np.float32) / (_RIM_WIDTH * face_width))
    out = depth + share * (gentle - depth)
    even: F32 = (out[None] - _SLOPE * apart).max(1).astype(np.float32)
    return even


def _even_sockets(avatar: Avatar, deltas: F32) -> None:
    """Skin between brow and lid shares the brow's way: the rig leaves nearly all of it to the strip
    below the brow, which a frown tears and raised brows draw out into a dark patch.

    What is dark there, the hair of a low brow or the shade under it, keeps its height: the lighter
    skin stretches. Changes deltas f32[52,468,3] in place.
    """
    points = avatar.landmarks[:, :2]
    grey = cv2.cvtColor(avatar.portrait, cv2.COLOR_BGR2GRAY)
    blur = 0.008 * float(np.linalg.norm(points[lm.FACE_LEFT] - points[lm.FACE_RIGHT]))
    grey = cv2.GaussianBlur(grey, (0, 0), max(blur, 0.5))
    for eye, brow in zip(lm.EYES, _UNDER_BROWS, strict=True):
        edge = points[list(brow)]
        order = np.argsort(edge[:, 0])
        places = np.arange(len(brow), dtype=np.float32)
        for above, crease in zip(eye.above, eye.crease, strict=True):
            at = np.interp(points[above, 0], edge[order, 0], places)
            low = min(int(at), len(brow) - 2)
            part = np.float32(at - low)
            a, b = brow[order[low]], brow[order[low + 1]]
            over = points[a] + part * (points[b] - points[a])
            up, down = (_gives(grey, points[above], p) for p in (over, points[crease]))
            share = np.float32(down / max(up + down, 1e-3))
            moved = deltas[_BROWS, a] + part * (deltas[_BROWS, b] - deltas[_BROWS, a])
            lid = deltas[_BROWS, crease]
            deltas[_BROWS, above] = lid + share * (moved - lid)


def _gives(grey: U8, a: F32, b: F32) -> float:
    """How readily the skin from f32[2] to f32[2] stretches: its length, and more of it the lighter
    it is.
    """
    places = a + np.linspace(0.1, 0.9, 5, dtype=np.float32)[:, None] * (b - a)
    columns, rows = np.clip(np.rint(places).astype(int), 0, grey.shape[0] - 1).T
    light = float(grey[rows, columns].mean()) / 255
    return float(np.linalg.norm(b - a)) * (0.02 + light**2)


def _rotation(pitch: float, yaw: float, roll: float) -> F32:
    """f32[3,3]: first the nod, then the turn, then the tilt."""
    cp, sp, cy, sy = cos(pitch), sin(pitch), cos(yaw), sin(yaw)
    cr, sr = cos(roll), sin(roll)
    # Of turn and nod; the tilt mixes the first two rows.
    x, y = (cy, sy * sp, sy * cp), (0.0, cp, -sp)
    return np.array(
        [
            [cr * a + sr * b for a, b in zip(x, y, strict=True)],
            [cr * b - sr * a for a, b in zip(x, y, strict=True)],
            [-sy, cy * sp, cy * cp],
        ],
        np.float32,
    )


def _tuck_lip(face: F32, share: float, rest_gap: F32, slit: float) -> None:
    """The lower lip comes up until only a slit of f32 pixels shows below the upper one, as in f.

    rest_gap as in `close_lips`.
    """
    parted = face[_LOWER[0]] - face[_UPPER[0]] - rest_gap
    # Toward the corners the lips touch.
    over = share * np.maximum(-parted[:, 1] - slit * _BOW**_TUCK_BOW, 0)
    for k, factor in enumerate(_SEAL_ROWS):
        face[_UPPER[k], 1] -= factor * _TUCK_UPPER_SHARE * over
        face[_LOWER[k], 1] += factor * (1 - _TUCK_UPPER_SHARE) * over
    for row in (*_UPPER, *_LOWER, _CORNERS):
        face[row, 0] -= share * _TUCK_NARROW * (face[row, 0] - face[_CORNERS, 0].mean())


def _uncross(face: F32, allowed: F32) -> None:
    """Where rolled or pressed lips would pass through each other, let them meet."""
    height = face[:, 1]
    overlap = height.take(_LOWER[0]) - height.take(_UPPER[0]) - allowed
    if overlap.max() <= 0:
        return
    overlap = np.maximum(overlap, 0) / 2
    # Neighbours share the push, or the line of the lips turns into a zigzag.
    overlap = np.convolve(overlap, [0.25, 0.5, 0.25], "same")
    push = np.outer(_SEAL_ROWS[:3], overlap).ravel()
    height[_UPPER_ROLL] += push
    height[_LOWER_ROLL] -= push


def close_lips(face: F32, seal: float, rest_gap: F32) -> None:
    """Bring both inner lips to where they meet at rest, the rows outward after them.

    rest_gap f32[9,3]: lower minus upper inner lips where they meet; what overlaps there is left.
    """
    parted = face.take(_LOWER[0], 0) - face.take(_UPPER[0], 0) - rest_gap
    face[_LIPS] += (np.float32(seal) * _MEET * parted).reshape(-1, 3)


def _lid_line(line: F32, a: Sequence[float], b: Sequence[float]) -> F32:
    """Where lids meet, f32[7,3], as an even bow between the corners of the eye a and b.

    An open lower lid falls off steeply beside its corners; shut lids do not hang there in a hook.
    """
    t = np.minimum(np.maximum((line[:, 0] - a[0]) / (b[0] - a[0]), 0), 1)
    bow = 4 * t * (1 - t)
    away = a[1] + t * (b[1] - a[1]) - line[:, 1]
    out = line.copy()
    out[:, 1] += _EVEN_LIDS * (away - bow * (float(away @ bow) / float(bow @ bow)))
    return out


def close_lids(face: F32, eye: lm.Eye, blink: float, face_width: float) -> None:
    """The upper lid comes down over the eye with its crease after it; the lower rises a little."""
    high, low = face.take(eye.upper, 0), face.take(eye.lower, 0)
    line = _lid_line(0.14 * high + 0.86 * low, *face.take(eye.corners, 0).tolist())
    drop = blink * (line - high)
    shut = min((blink - 0.8) / 0.2, 1.0)
    if shut > 0:
        # Nearly shut, the lids overlap a little, or a slit of white stays. Less so beside the
        # corners, where the skin below the lower lid would be folded under.
        open_by = (high - low)[:, 1] / (_OVERLAP_AT * face_width)
        open_by = np.minimum(np.maximum(open_by, 0.1), 1)
        drop[:, 1] -= 0.007 * face_width * shut * blink * open_by
    drop[:, 2] += 0.01 * face_width * blink
    rows = [*eye.upper, *eye.lower, *eye.crease, *eye.above]
    face[rows] += np.concatenate([drop, blink * (line - low), 0.4 * drop, 0.14 * drop])
