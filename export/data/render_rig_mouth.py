"""What is inside a mouth, as a lit and wet thing of three dimensions: teeth, gums, tongue, palate.

Offline; one thread, some tens of milliseconds a picture; the shapes are ICT-FaceKit's (MIT).
Never draws lips or skin, and never needs a graphics card.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.render.cv import cv2
from engines.render.raster import fill
from engines.values import F32
from export.rig.ict import Head

JAW_SHAPES = ("jawOpen", "jawForward", "jawLeft", "jawRight")
FINE = 2
"""Pixels of the drawing to one of the picture, each way."""
_FRONT_CM, _TIP_CM = 10.7, -3.5
"""Where the incisors stand, and how low they reach, in the rig."""
_BACK_CM = 2.5
"""What lies further back is never seen."""
_JAW_MOVES = 0.3
_ARCH_Z, _ARCH_X = (1.0, 5.0, 7.0, 8.5, 9.3), (2.3, 2.0, 1.75, 1.35, 0.9)
"""Half width of the floor between the lower teeth: the tongue."""
_TONGUE_BACK, _TONGUE_FRONT = 4.0, 9.2
_UPPER_GUM, _LOWER_GUM = -1.95, -4.75
_FLOOR_FRONT = 9.7
_TEETH = 32
_CLOSER = np.array([0.05, 0.0, 0.0], np.float32)
_AMBIENT = 0.55
_LIT_CM = 1.3
"""So far behind the incisors' front the light is still full."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What one person's mouth is like."""

    tooth: F32
    """f32[3] BGR 0-255 of a tooth in full light."""
    gum: F32
    tongue: F32
    shifts: F32
    """f32[32,3] cm: each tooth out of its place."""
    tints: F32
    """f32[32]: each tooth's own lightness."""
    light: F32
    """f32[3] direction to the light, head axes, length 1."""
    wet: float
    """0 dry to 1."""
    deep_cm: float
    """Depth over which the light falls to a third."""


def random_looks(tooth: F32, lip: F32, rng: np.random.Generator) -> Looks:
    """Of a person whose lit teeth and lips have colours f32[3] BGR 0-255."""
    yellow = np.array([1 - rng.uniform(0, 0.14), 1 - rng.uniform(0, 0.04), 1], np.float32)
    flesh = np.array([98, 88, 166], np.float32) * (0.5 + 0.5 * float(lip.max()) / 190)
    light = np.array([rng.normal(0, 0.3), rng.uniform(0.2, 0.7), 1.0])
    return Looks(
        tooth=(tooth * yellow * rng.uniform(1.05, 1.3)).astype(np.float32),
        gum=(0.5 * flesh + 0.5 * lip * rng.uniform(0.8, 1.0)).astype(np.float32),
        tongue=(flesh * rng.uniform(0.95, 1.3)).astype(np.float32),
        shifts=rng.normal(0, rng.uniform(0.0, 0.02), (_TEETH, 3)).astype(np.float32),
        tints=(1 + rng.normal(0, 0.03, _TEETH)).astype(np.float32),
        light=(light / np.linalg.norm(light)).astype(np.float32),
        wet=float(rng.uniform(0.3, 1.0)),
        deep_cm=float(rng.uniform(2.2, 4.2)),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """How jaw and tongue are held."""

    jaw: F32
    """f32[4] weights of JAW_SHAPES."""
    tongue_up: float = 0.0
    """Centimetres its tip is raised."""
    tongue_out: float = 0.0
    """Centimetres its tip comes forward."""


class RigMouth:
    """The inside of the rig's mouth."""

    def __init__(self, head: Head) -> None:
        centre = head.neutral[head.triangles].mean(1)
        inside = np.isin(head.material, ("M_Teeth", "M_GumsTongue")) & (centre[:, 2] > _BACK_CM)
        used, triangles = np.unique(head.triangles[inside], return_inverse=True)
        self._triangles = triangles.reshape(-1, 3).astype(np.int64)
        self._points = head.neutral[used]
        self._jaw = np.stack([head.shapes[name][used] for name in JAW_SHAPES])
        falls = np.linalg.norm(self._jaw[0], axis=1) > _JAW_MOVES
        is_tooth = head.material[inside] == "M_Teeth"
        self._tooth = _pieces(self._triangles[is_tooth], len(used))
        x, y, z = self._points.T
        arch = np.interp(z, _ARCH_Z, _ARCH_X)
        floor = (self._tooth < 0) & falls & (z < _FLOOR_FRONT) & (y > -4.6)
        # Soft at its sides: a triangle half of the tongue and half of the gum would be a stripe.
        self._tongue = (floor * smoothstep((arch + 0.2 - np.abs(x)) / 0.3)).astype(np.float32)
        along = np.clip((z - _TONGUE_BACK) / (_TONGUE_FRONT - _TONGUE_BACK), 0, 1)
        aside = smoothstep((arch + 0.1 - np.abs(x)) / 0.5)
        self._bend = np.where(floor & (z < _TONGUE_FRONT), along**2 * aside, 0).astype(np.float32)
        height = np.where(falls, (y - _LOWER_GUM) / 1.4, (_UPPER_GUM - y) / 1.5)
        self._crown = np.clip(height, 0, 1).astype(np.float32)
        middles = np.array(
            [self._points[self._tooth == k].mean(0) for k in range(int(self._tooth.max()) + 1)]
        )
        crowned = self._tooth >= 0
        # The rig's teeth stand apart by a hair, which reads as a black line.
        self._wider = np.zeros_like(self._points)
        # At rest: a tongue bent would show its few triangles as stripes.
        self._normals = _normals(self._points, self._triangles)
        self._wider[crowned] = (self._points[crowned] - middles[self._tooth[crowned]]) * _CLOSER

    def posed(self, looks: Looks, held: Held) -> F32:
        """f32[V,3] cm from the tips of the upper incisors, rig axes."""
        points = self._points + self._wider + np.tensordot(held.jaw, self._jaw, 1)
        points[:, 1] += held.tongue_up * self._bend
        points[:, 2] += held.tongue_out * self._bend
        crowned = self._tooth >= 0
        points[crowned] += looks.shifts[self._tooth[crowned] % _TEETH]
        out: F32 = (points - np.array([0, _TIP_CM, _FRONT_CM])).astype(np.float32)
        return out

    def draw(
        self, posed: F32, placed: F32, looks: Looks, shape: tuple[int, int]
    ) -> tuple[F32, F32]:
        """Colour f32[h,w,3] and cover f32[h,w] of a window.

        posed from `posed`; placed f32[V,3]: the same points on the picture, pixels of the window
        and depth toward the camera.
        """
        high, wide = (FINE * n for n in shape)
        at = (placed[:, :2] + 0.5) * FINE - 0.5
        order = np.argsort(placed[self._triangles, 2].mean(1))
        triangles = self._triangles[order]
        values = np.concatenate([self._normals, posed], 1)
        values = np.concatenate([values, self._crown[:, None], self._tongue[:, None]], 1).astype(
            np.float32
        )
        spans = fill(at.astype(np.float32), values, triangles, wide, high)
        surface = np.zeros((high * wide, values.shape[1]), np.float32)
        surface[spans.pixels] = spans.values
        owner = np.full(high * wide, -1, np.int64)
        owner[spans.pixels] = triangles[spans.triangles, 0]
        seen = np.flatnonzero(owner >= 0)
        colour = np.zeros((high * wide, 3), np.float32)
        colour[seen] = self._lit(surface[seen], owner[seen], looks)
        cover = (owner >= 0).astype(np.float32)
        picture = np.concatenate([colour, cover[:, None]], 1).reshape(high, wide, 4)
        small = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
        return small[..., :3] / np.maximum(small[..., 3:], 1e-3), small[..., 3]

    def _lit(self, surface: F32, owner: NDArray[np.int64], looks: Looks) -> F32:
        """f32[N,3] colours of f32[N,8]: normal, place, height on a crown, share of tongue."""
        normal = surface[:, :3] / (np.linalg.norm(surface[:, :3], axis=1, keepdims=True) + 1e-6)
        normal *= np.where(normal[:, 2:] < 0, -1, 1)
        crown, tongue = surface[:, 6:7], surface[:, 7:]
        tooth = (self._tooth[owner] >= 0)[:, None]
        base = np.where(tooth, looks.tooth, looks.gum + tongue * (looks.tongue - looks.gum))
        # Enamel: warmer toward the gum, a little glassy at the tip.
        ripe = 1 - (1 - smoothstep(crown / 0.5)) * np.array([0.16, 0.10, 0.05], np.float32)
        glass = 1 - 0.12 * smoothstep((crown - 0.8) / 0.2) * np.array([0.6, 0.9, 1], np.float32)
        tint = looks.tints[np.maximum(self._tooth[owner], 0) % _TEETH][:, None]
        base = np.where(tooth, base * ripe * glass * tint, base)
        facing = np.clip(normal @ looks.light, 0, 1)[:, None]
        lit = base * (_AMBIENT + (1 - _AMBIENT) * facing)
        half = looks.light + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        sharp = np.where(tooth, 90, 28).astype(np.float32)
        glint = np.clip(normal @ half, 0, 1)[:, None] ** sharp * np.where(tooth, 90, 60)
        lit += looks.wet * glint
        deep = np.exp(np.minimum(surface[:, 5:6] + _LIT_CM, 0) / looks.deep_cm)
        out: F32 = (lit * deep).astype(np.float32)
        return out


def _pieces(triangles: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """i64[count]: which connected piece a point belongs to; -1 for one of no triangle."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(edges)), tuple(edges.T)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    out = np.full(count, -1, np.int64)
    used = np.unique(triangles)
    out[used] = np.unique(label[used], return_inverse=True)[1]
    return out


def _normals(points: F32, triangles: NDArray[np.int64]) -> F32:
    """f32[V,3]: of the points, by area."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    out = np.stack(
        [
            sum(np.bincount(triangles[:, k], face[:, d], len(points)) for k in range(3))
            for d in range(3)
        ],
        1,
    )
    normal: F32 = (out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-9)).astype(np.float32)
    return normal
