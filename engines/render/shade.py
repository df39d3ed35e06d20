"""How light on the skin changes as the face bends and turns.

Engine thread; one object per avatar and size, no state between frames.
Never touches lips, lids or the outline: those keep the photo's own light.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.render.rig import Rig
from engines.values import F32, U8

_LIGHT = np.array([0.0, 0.53, 0.85], np.float32)
"""Toward the light in head axes at rest: in front, a little above."""
_AMBIENT = 0.45
_LOWEST, _HIGHEST = 0.8, 1.1
_AXES = np.array([1, 2, 0, 1])
_GLOSS = 0.9
"""Share of brightening that skin which shines already does without: it is a mirror, not lit."""


class Shade:
    """Brightness factors of the mesh points."""

    def __init__(self, geometry: Geometry, rig: Rig, photo: U8) -> None:
        """`photo`: u8[S,S,3] at the size of the geometry."""
        holes = [*lm.mouth_cap(), *lm.eye_cap(lm.EYES[0]), *lm.eye_cap(lm.EYES[1])]
        caps = [t for t in holes if len(set(t)) == 3]
        share = _share(geometry, rig)
        # Most points keep the photo's light: neither they nor triangles beside them are looked at.
        self._lit = np.flatnonzero(share)
        triangles = np.concatenate([rig.triangles, np.array(caps, np.int64)])
        triangles = triangles[np.isin(triangles, self._lit).any(1)]
        self._triangles = np.ascontiguousarray(triangles.T)
        self._around = np.ascontiguousarray(_triangles_around(triangles)[self._lit].T)
        self._share = share[self._lit]
        self._brighter = self._share * (1 - _GLOSS * _gloss(geometry, photo)[self._lit])
        self._rest = self._light(geometry.face, _LIGHT)

    def factors(self, face: F32, rotation: F32) -> F32:
        """f32[468] for the unposed face f32[468,3] and the head's rotation; 1 at rest."""
        # Hair, ears and neck keep the photo's light, so the face may follow a turn only half way.
        light: F32 = (_LIGHT @ rotation + _LIGHT) / np.float32(2)
        more = self._light(face, light) / self._rest
        more -= 1
        brighter = np.minimum(np.maximum(more, 0), np.float32(_HIGHEST - 1))
        darker = np.maximum(np.minimum(more, 0), np.float32(_LOWEST - 1))
        out = np.ones(lm.MESH_POINTS, np.float32)
        out[self._lit] += self._brighter * brighter + self._share * darker
        return out

    def _light(self, face: F32, light: F32) -> F32:
        """f32[L]: light from f32[3] on those points of f32[468,3] whose light changes."""
        # Of y, z, x and y: a cross product's rows are then slices.
        corner = face.T.take(_AXES, axis=0).take(self._triangles, axis=1)
        a, b = (corner[:, 1:] - corner[:, :1]).transpose(1, 0, 2)
        cross = np.zeros((3, a.shape[1] + 1), np.float32)
        into = np.multiply(a[:3], b[1:4], out=cross[:, :-1])
        into -= a[1:4] * b[:3]
        # Windings of the mesh differ; every side that matters faces the camera.
        cross *= np.copysign(np.float32(1), cross[2])
        total = cross.take(self._around, axis=1).sum(1)
        length = np.sqrt((total * total).sum(0)) + np.float32(1e-6)
        lit: F32 = _AMBIENT + (1 - _AMBIENT) * np.maximum((light @ total) / length, 0)
        return lit


def _triangles_around(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """i64[468,N]: triangles at each point, padded with the number of triangles."""
    lists: list[list[int]] = [[] for _ in range(lm.MESH_POINTS)]
    for k, corners in enumerate(triangles.tolist()):
        for point in corners:
            lists[point].append(k)
    longest = max(len(one) for one in lists)
    return np.array([one + [len(triangles)] * (longest - len(one)) for one in lists], np.int64)


def _gloss(geometry: Geometry, photo: U8) -> F32:
    """f32[468] in [0, 1]: how much brighter than the face's usual skin the photo is there."""
    grey = cv2.GaussianBlur(
        cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), (0, 0), max(0.015 * geometry.face_width, 0.5)
    )
    x, y = geometry.face[:, 0], -geometry.face[:, 1]
    level = cv2.remap(grey, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    level = level[0].astype(np.float32)
    usual = max(float(np.median(level)), 1.0)
    return smoothstep(np.maximum((level / usual - 1.12) / 0.35, (level - 205) / 40))


def _share(geometry: Geometry, rig: Rig) -> F32:
    """f32[468]: how much of the change is shown: skin all; lips, lids and outline none."""
    place, unit = geometry.face[:, :2], geometry.face_width
    fixed = [*lm.OUTER_LOOP, *lm.INNER_LOOP, *(i for row in lm.UPPER_ROWS[1:3] for i in row)]
    fixed += [i for row in lm.LOWER_ROWS[1:3] for i in row]
    for eye in lm.EYES:
        fixed += [*eye.upper, *eye.lower, *eye.corners, *eye.crease]
    near = np.linalg.norm(place[:, None] - place[fixed][None], axis=2).min(1) / unit
    rim = np.linalg.norm(place[:, None] - place[rig.oval][None], axis=2).min(1) / unit
    return smoothstep(near / 0.07) * smoothstep((rim - 0.02) / 0.16)
