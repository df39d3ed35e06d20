"""Where the renderer works: boxes at mouth and eyes, or one of the whole face, held by the head.

Engine thread and training; pure but for pasting into the picture it is given.
Never follows an expression: a box moves with the skull, so what moves in it is the face.

The box of the second eye is mirrored: one net draws both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask
from engines.render.cv import cv2
from engines.values import F32, U8

PX_PER_FACE_WIDTH = 160
"""Scale of the boxes: a square of 1.6 face widths would have 256 pixels a side."""
FACE_PX = 256
"""Pixels a side of a face's box at that scale: 1.6 face widths, brow to chin and some more."""
LATENT_PX = 8
LATENT = 32
"""Channels of a face's latent: a sixth of the numbers of its picture."""
MASKS = 2
"""Layers of `masks`: the opening, and the lips or lids about it."""
_STILL = [33, 133, 362, 263, 168, 6, 197, 195, 98, 327, 2]
"""Eye corners, bridge and wings of the nose: what the skull moves and the face hardly does."""
_MOUTH_BELOW = 0.02
"""Face widths from the corners of the mouth down to the middle of its box."""
_EDGE = 0.14
"""Share of a box's shorter side over which what is drawn fades into the picture."""
_UPPER_CHAIN = (lm.INNER_LEFT, *lm.UPPER_INNER, lm.INNER_RIGHT)
_LOWER_CHAIN = (lm.INNER_LEFT, *lm.LOWER_INNER, lm.INNER_RIGHT)
_OUTER_UPPER = (lm.MOUTH_LEFT, *lm.UPPER_ROWS[3], lm.MOUTH_RIGHT)
_OUTER_LOWER = (lm.MOUTH_LEFT, *lm.LOWER_ROWS[3], lm.MOUTH_RIGHT)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a net is made for."""

    name: str
    width: int
    height: int
    latent: int = 0
    """Channels of the latent that its net works in, at an eighth of the box; 0: in its pixels."""

    @property
    def scale(self) -> float:
        """Pixels of the box to a face's width."""
        return PX_PER_FACE_WIDTH * (self.width / FACE_PX if self.latent else 1.0)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns of what is sampled: noise and residual."""
        if not self.latent:
            return 3, self.height, self.width
        return self.latent, self.height // LATENT_PX, self.width // LATENT_PX

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


MOUTH = Kind("mouth", 128, 96)
EYE = Kind("eye", 64, 48)
KINDS = {kind.name: kind for kind in (MOUTH, EYE)}
"""Of the profile for processors: together the boxes of a face."""
FACE_SIDES = (256, 512)


def face_box(side: int) -> Kind:
    """The profile for cards: the whole face, so many pixels a side. Raises ValueError."""
    if side not in FACE_SIDES:
        raise ValueError(f"a face's box of {side} pixels: take {' or '.join(map(str, FACE_SIDES))}")
    return Kind("face", side, side, LATENT)


Chains = tuple[tuple[int, ...], tuple[int, ...]]
Outlines = tuple[tuple[Chains, ...], tuple[Chains, ...]]
"""Of each mask the polygons in it."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a face at rest."""

    kind: Kind
    rest: F32
    """f32[2,3]: from pixels of the box to pixels of the picture of the face at rest."""
    outlines: Outlines
    """Upper and lower chain of mesh points: of openings, and of the lips or lids about them."""


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box on one picture."""

    kind: Kind
    to_picture: F32
    """f32[2,3]: from pixels of the box (centres are whole numbers) to pixels of the picture."""
    outlines: tuple[tuple[tuple[F32, F32], ...], ...]
    """Of each mask the chains f32[N,2], in pixels of the box."""

    def cut(self, picture: U8) -> U8:
        """u8[h,w,3]: what the picture u8[S,S,3] shows in the box; past its edge, its edge.

        A box of fewer pixels than it covers takes their mean.
        """
        shown, to_picture = self._shrunk(picture)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (self.kind.width, self.kind.height)
        out: U8 = cv2.warpAffine(
            shown, to_picture, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return out

    def _shrunk(self, picture: U8) -> tuple[U8, F32]:
        """The part of a large picture under the box at about the box's scale, and the way there."""
        times = round(float(np.linalg.norm(self.to_picture[:, 0])))
        low, high = self._reach(picture)
        if times < 2 or (high <= low).any():
            return picture, self.to_picture
        part = picture[low[1] : high[1], low[0] : high[0]]
        below, right = -part.shape[0] % times, -part.shape[1] % times
        part = cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REPLICATE)
        size = (part.shape[1] // times, part.shape[0] // times)
        to_part = self.to_picture.copy()
        to_part[:, 2] -= low
        to_part /= np.float32(times)
        to_part[:, 2] -= np.float32((1 - 1 / times) / 2)
        return cv2.resize(part, size, interpolation=cv2.INTER_AREA), to_part

    def _reach(self, picture: U8) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First pixel x, y of the picture under the box, and the one past the last."""
        corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], np.float32) * np.array(
            [self.kind.width - 1, self.kind.height - 1, 1], np.float32
        )
        on = corners @ self.to_picture.T
        low = np.maximum(np.floor(on.min(0)).astype(int), 0)
        high = np.minimum(np.ceil(on.max(0)).astype(int) + 1, picture.shape[1::-1])
        return low, high

    def masks(self) -> U8:
        """u8[2,h,w]: 255 in the opening; 255 on the lips or lids about it."""
        opening, rim = (self._mask(chains) for chains in self.outlines)
        return np.stack([opening, cv2.subtract(rim, opening)])

    def _mask(self, chains: tuple[tuple[F32, F32], ...]) -> U8:
        """u8[h,w]: 255 in any of some polygons."""
        out: U8 | None = None
        for upper, lower in chains:
            one = polygon_mask(lens(upper, lower), (0, 0), self.kind.shape, 0.7)
            out = one if out is None else cv2.max(out, one)
        assert out is not None
        return out

    def paste(self, picture: U8, residual: F32, weight: float = 1.0) -> None:
        """Add f32[h,w,3] (levels of 255), times `weight`, to the picture u8[S,S,3] in place.

        Fades to nothing at the edge of the box: there the picture stays as it is.
        """
        low, high = self._reach(picture)
        if (high <= low).any():
            return
        shifted = self.to_picture.copy()
        shifted[:, 2] -= low
        faded = residual * (np.float32(weight) * fade(self.kind))[..., None]
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        added = cv2.warpAffine(faded, shifted, size, flags=cv2.INTER_LINEAR)
        part = picture[low[1] : high[1], low[0] : high[0]]
        part[:] = cv2.add(part, added, dtype=cv2.CV_8U)


class Boxes:
    """The three boxes of one face, or the one of all of it."""

    def __init__(self, points: F32, face: Kind | None = None) -> None:
        """Points f32[468+,2+]: the mesh on the picture at rest, pixels, y down.

        `face`: of `face_box`, instead of mouth and eyes.
        """
        self._still = points[_STILL, :2].astype(np.float32)
        left, right = (points[list(eye.corners), :2].mean(0) for eye in lm.EYES)
        across = (right - left) / np.linalg.norm(right - left)
        down = np.array([-across[1], across[0]], np.float32)
        unit = float(np.linalg.norm((points[lm.FACE_LEFT] - points[lm.FACE_RIGHT])[:2]))
        mouth = points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], :2].mean(0) + _MOUTH_BELOW * unit * down
        step = unit / PX_PER_FACE_WIDTH
        if face is not None:
            middle = points[[lm.FACE_TOP, lm.CHIN], :2].mean(0)
            at = _about(middle, across, down, unit / face.scale, face)
            self.boxes: tuple[Box, ...] = (Box(face, at, _FACE_OUTLINES),)
            return
        self.boxes = (
            Box(MOUTH, _about(mouth, across, down, step, MOUTH), _MOUTH_OUTLINES),
            Box(EYE, _about(left, across, down, step, EYE), _eye_outlines(lm.EYES[0])),
            Box(EYE, _about(right, -across, down, step, EYE), _eye_outlines(lm.EYES[1])),
        )

    def place(self, placed: F32) -> tuple[PlacedBox, ...]:
        """Mouth, the eye on the picture's left, the other; or the face.

        placed f32[468+,2+] is the mesh now.
        """
        move = _similarity(self._still, placed[_STILL, :2].astype(np.float32))
        return tuple(_placed(box, move, placed) for box in self.boxes)


@cache
def fade(kind: Kind) -> F32:
    """f32[h,w]: 1 in the middle of a box, 0 at its edge; not to be written."""
    across, down = (
        np.minimum(np.arange(n), np.arange(n)[::-1]).astype(np.float32) / (_EDGE * min(kind.shape))
        for n in (kind.width, kind.height)
    )
    out: F32 = smoothstep(down)[:, None] * smoothstep(across)[None]
    return out


_MOUTH_OUTLINES: Outlines = (((_UPPER_CHAIN, _LOWER_CHAIN),), ((_OUTER_UPPER, _OUTER_LOWER),))


def _eye_outlines(eye: lm.Eye) -> Outlines:
    outer, inner = eye.corners
    lower = (outer, *eye.lower, inner)
    return (((outer, *eye.upper, inner), lower),), (((outer, *eye.crease, inner), lower),)


_OF_FACE = (_MOUTH_OUTLINES, *(_eye_outlines(eye) for eye in lm.EYES))
_FACE_OUTLINES: Outlines = (
    tuple(chains for openings, _ in _OF_FACE for chains in openings),
    tuple(chains for _, rims in _OF_FACE for chains in rims),
)


def _about(centre: F32, across: F32, down: F32, step: float, kind: Kind) -> F32:
    """f32[2,3] of a box about `centre`; `step` picture pixels to one of its own."""
    turn = np.stack([across, down], 1) * np.float32(step)
    middle = np.array([kind.width - 1, kind.height - 1], np.float32) / 2
    return np.concatenate([turn, (centre - turn @ middle)[:, None]], 1).astype(np.float32)


def _similarity(source: F32, target: F32) -> F32:
    """f32[2,3]: turn, scale and shift that bring f32[N,2] to f32[N,2] best (Umeyama 1991)."""
    a, b = source.mean(0), target.mean(0)
    x, y = (source - a).T
    u, v = (target - b).T
    norm = float((x * x + y * y).sum())
    c, s = float((x * u + y * v).sum()) / norm, float((x * v - y * u).sum()) / norm
    turn = np.array([[c, -s], [s, c]], np.float32)
    return np.concatenate([turn, (b - turn @ a)[:, None]], 1).astype(np.float32)


def _placed(box: Box, move: F32, placed: F32) -> PlacedBox:
    turn = move[:, :2] @ box.rest[:, :2]
    shift = move[:, :2] @ box.rest[:, 2] + move[:, 2]
    back = np.linalg.inv(turn)

    def inside(chain: Sequence[int]) -> F32:
        out: F32 = ((placed[list(chain), :2] - shift) @ back.T).astype(np.float32)
        return out

    def each(mask: tuple[Chains, ...]) -> tuple[tuple[F32, F32], ...]:
        return tuple((inside(upper), inside(lower)) for upper, lower in mask)

    return PlacedBox(
        box.kind,
        np.concatenate([turn, shift[:, None]], 1).astype(np.float32),
        tuple(each(mask) for mask in box.outlines),
    )
