"""The motion frame: the portrait moved to a motion. Three layers, then mouth and eyes.

Engine thread; one renderer per avatar and size, shared by sessions; scratch is per session.
Never random, never uses a second thread, never reads a file.

Measured design and its limits: docs/motion-frame.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import SIZE, Avatar
from engines.render import landmarks as lm
from engines.render.conditions import NOTHING, Cues
from engines.render.curves import soft, window
from engines.render.cv import cv2
from engines.render.eyes import Eyes
from engines.render.folds import Folds
from engines.render.geometry import Geometry, Pose
from engines.render.head import CELL, HeadField
from engines.render.mouth import Mouth
from engines.render.raster import Painting
from engines.render.rig import load_rig
from engines.render.shade import Shade
from engines.render.stage import AS_IT_IS, Stage, set_up
from engines.render.wall_field import WallField
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8

MOTION_FRAME = "motion frame"
"""Name of this way to draw."""
_SEAL = MOTION_INDEX["mouthClose"]
_MARGIN = 6
_ROUND_PX = 4.0
"""Of a half-size 512 picture: parts of the face's shape thinner than twice this are teeth of
folded triangles, not face."""
_LASHES = 0.6
"""Share of the way from the lid's edge to its crease that lashes cover."""
_ONE = 192
"""Brightness factors are bytes over this."""
_RED = 0.3
"""Share of a fold's shadow that red light fills."""
_SQUARE = np.ones((3, 3), np.uint8)
_BLINK = [MOTION_INDEX[f"eyeBlink{eye.person_side}"] for eye in lm.EYES]


@dataclass(slots=True)
class RenderState:
    """What a session keeps between frames: counters and scratch, nothing that shows.

    Scratch, because megabytes given back to the system and faulted in again each frame cost more
    than the drawing.
    """

    map_full: F32
    map_half: F32
    person: U8
    """u8[rows,S,4]: what moves; remapping takes a third of the time with four bytes a pixel."""
    overlay: Overlay | None
    """Only before another background."""
    frames: int = 0
    stage_s: dict[str, float] = field(default_factory=dict)
    """Time spent in each stage since the state was made."""

    def scratch(self) -> list[NDArray[np.generic]]:
        """All of its memory that counts."""
        over = self.overlay
        layers = [] if over is None else [over.clear, over.behind]
        return [self.map_full, self.map_half, self.person, *layers]


@dataclass(frozen=True, slots=True)
class Overlay:
    """Scratch to lay a person over a background."""

    clear: U8
    behind: U8


@dataclass(frozen=True, slots=True)
class Mesh:
    """The face of one motion."""

    weights: F32
    """f32[52]: blendshapes as this photo takes them."""
    face: F32
    """f32[468,3]: the face without its pose, head axes."""
    pose: Pose
    placed: F32
    """f32[468,3]: the face on the picture: x, y (down) in pixels, and depth."""


class WarpRenderer:
    """Draws one avatar on one stage."""

    def __init__(
        self,
        avatar: Avatar,
        size: int = SIZE,
        stage: Stage = AS_IT_IS,
        mouth: type[Mouth] = Mouth,
    ) -> None:
        """size: side of the square picture, a multiple of 16, 128 to 1024; who draws the mouth."""
        if size % 16 or not 128 <= size <= 1024:
            raise ValueError(f"picture size {size}: take a multiple of 16 from 128 to 1024")
        rig = load_rig()
        self.size = size
        scene = set_up(avatar, size, stage)
        avatar = scene.avatar
        self._geometry = Geometry(avatar, size)
        self._field = HeadField(self._geometry, rig, scene.matte, scene.corner)
        self._layers = scene.layers
        # Only the own wall gives way, and a stage changed live need not wait for the solve.
        self._wall: WallField | None = None
        if self._layers.background is None:
            self._wall = WallField(
                self._field.nodes + scene.corner,
                scene.photo,
                scene.matte,
                self._geometry.face_width,
                self._field.rows + float(scene.corner[1]),
            )
        self._reach, self._corner = _four(scene.reach), scene.reach_corner
        self._mirrored = stage.mirrored
        side = 2 * max(round(_ROUND_PX * size / SIZE), 1) + 1
        self._round = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        self._shade = Shade(self._geometry, rig, self._layers.photo)
        self._folds = Folds(
            self._geometry, self._layers.photo, self._layers.skin[..., 3], avatar.glasses
        )
        self._mouth = mouth(avatar, self._geometry, rig, self._layers.photo)
        self._eyes = Eyes(self._geometry, self._layers.photo, self._layers.eyes)
        # Sorted at rest: what is nearly in order sorts in less time.
        depth = self._geometry.face[:, 2][rig.triangles].sum(1)
        triangles = rig.triangles[depth.argsort(kind="stable")]
        # Both i64[3,N]: as the raster takes them apart.
        self._face_triangles = np.ascontiguousarray(triangles.T)
        # The lips touch: which is in front must not flicker with rounding. The upper one is.
        of_upper = np.isin(triangles, lm.UPPER_ROWS[0]).any(1)
        of_lower = np.isin(triangles, lm.LOWER_ROWS[0]).any(1)
        self._nearer = (of_upper.astype(np.float32) - of_lower) * self._geometry.face_width
        self._cap_triangles = np.ascontiguousarray(_holes().T)
        self._texture_at = self._geometry.face[:, :2] * np.array([1, -1], np.float32)

    @property
    def efforts(self) -> tuple[str, ...]:
        """One way to draw."""
        return (MOTION_FRAME,)

    def new_state(self, seed: int = 0) -> RenderState:
        """A session's own state, 3 MB at 512. Nothing in it is random."""
        overlay, shape = None, (self._field.rows, self.size)
        if self._layers.background is not None:
            overlay = Overlay(np.empty((*shape, 1), np.uint8), np.empty((*shape, 3), np.uint8))
        person = np.empty((*shape, 4), np.uint8)
        return RenderState(self._field.room(CELL), self._field.room(CELL // 2), person, overlay)

    def render(self, state: RenderState, motion: F32, cues: Cues = NOTHING, effort: int = 0) -> U8:
        """u8[size,size,3] BGR for f32[58] in MOTION_NAMES order; a new array each time.

        `cues` change nothing here. Raises ValueError for a motion that is not 58 finite numbers.
        """
        with timed(state, "mesh"):
            mesh = self.mesh(motion)
        return self.finish(self.draw(state, mesh))

    def mesh(self, motion: F32) -> Mesh:
        """Where the face is in a motion f32[58]. Raises ValueError as `render`."""
        if motion.shape != (MOTION_SIZE,) or not np.isfinite(motion).all():
            raise ValueError(f"motion: wanted {MOTION_SIZE} finite values, got {motion.shape}")
        weights = self._geometry.weights(motion)
        face = self._geometry.deform(weights, min(max(float(motion[_SEAL]), 0.0), 1.0))
        pose = self._geometry.pose(motion)
        return Mesh(
            weights, face, pose, self._geometry.place(face, self._geometry.face_follow, pose)
        )

    def draw(self, state: RenderState, mesh: Mesh) -> U8:
        """The picture of a mesh, a new array; not yet mirrored: `finish` does that."""
        weights, face, pose, placed = mesh.weights, mesh.face, mesh.pose, mesh.placed
        with timed(state, "head"):
            offset = self._field.forward(face - self._geometry.face, pose)
            if self._wall is not None:
                offset = self._wall.along(offset)
            coarse = self._field.backward(offset)
            picture = self._head(state, coarse)
        with timed(state, "face map"):
            texture_at = self._texture_rows(weights)
            light = self._shade.factors(face, pose.rotation)
            window = self._face_map(state, coarse, placed, texture_at, light)
        with timed(state, "folds"):
            folded = self._folds.factors(weights, window.source)
        with timed(state, "face"):
            self._face(picture, window, folded)
        with timed(state, "mouth"):
            self._mouth.draw(picture, placed, weights, pose)
        with timed(state, "eyes"):
            self._eyes.draw(picture, placed, weights)
        state.frames += 1
        return picture

    def finish(self, picture: U8) -> U8:
        """The picture as the stage wants it: mirrored or not."""
        return cv2.flip(picture, 1) if self._mirrored else picture

    def _head(self, state: RenderState, coarse: F32) -> U8:
        """Background and person; rows below the moving ones are at rest."""
        rows = self._field.rows
        source = self._field.expand(coarse + self._corner[:, None, None], CELL, state.map_full)
        picture = np.empty((self.size, self.size, 3), np.uint8)
        picture[rows:] = self._layers.rest[rows:]
        cv2.remap(
            self._reach,
            source[0],
            source[1],
            cv2.INTER_LINEAR,
            dst=state.person,
            borderMode=cv2.BORDER_REPLICATE,
        )
        cv2.cvtColor(state.person, cv2.COLOR_BGRA2BGR, picture[:rows])
        if state.overlay is not None:
            self._over_background(state.person, state.overlay, picture[:rows])
        return picture

    def _over_background(self, person: U8, overlay: Overlay, into: U8) -> None:
        assert self._layers.background is not None
        clear = cv2.bitwise_not(cv2.extractChannel(person, 3, overlay.clear), overlay.clear)
        behind = cv2.cvtColor(clear, cv2.COLOR_GRAY2BGR, overlay.behind)
        behind = cv2.multiply(self._layers.background[: len(into)], behind, overlay.behind, 1 / 255)
        cv2.add(into, behind, into)

    def _face_map(
        self, state: RenderState, coarse: F32, placed: F32, texture_at: F32, light: F32
    ) -> _FaceWindow:
        half = self.size // 2
        at = placed[:, :2].copy()
        at += np.float32(0.5)
        at *= np.float32(0.5)
        at -= np.float32(0.5)
        x0, y0, x1, y1 = window(at, _MARGIN, half, self._field.rows // 2) or (0, 0, 1, 1)
        source = self._field.part(coarse, CELL // 2, (x0, y0, x1, y1), state.map_half)
        first, second, third = np.ascontiguousarray(placed[:, 2]).take(self._face_triangles)
        depth = first + second + third + self._nearer
        faces = self._face_triangles.take(depth.argsort(kind="stable"), axis=1)
        order = np.concatenate([self._cap_triangles, faces], axis=1)
        painting = Painting(at - np.array([x0, y0], np.float32), order.T, x1 - x0, y1 - y0)
        texture = painting.values(texture_at.view(np.complex64)[:, 0])
        np.copyto(source[0], texture.real, where=painting.covered)
        np.copyto(source[1], texture.imag, where=painting.covered)
        gain = cv2.convertScaleAbs(painting.values(light, elsewhere=1.0), alpha=_ONE)
        mask = painting.covered.view(np.uint8) * np.uint8(255)
        _mend(mask, source, gain)
        # Opened first: where the far cheek folds under, triangles leave teeth along the contour.
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, self._round)
        mask = cv2.erode(mask, _SQUARE, borderValue=0)
        return _FaceWindow((x0, y0, x1, y1), source, soft(mask, 0.8), soft(gain, 1.5))

    def _texture_rows(self, weights: F32) -> F32:
        """f32[468,2]: where mesh points lie in the photo; lids give up their rims as they close.

        The mesh runs along the lashes, so a strip of eyeball clings to the skin of the lids.
        """
        out = self._texture_at.copy()
        for eye, index in zip(lm.EYES, _BLINK, strict=True):
            rim = float(weights[index]) * self._geometry.face_width
            if rim <= 0:
                continue
            # Lashes point up in the photo: a closing lid shows the skin above them instead.
            over = self._texture_at.take(eye.crease, 0) - self._texture_at.take(eye.upper, 0)
            out[list(eye.upper)] += _LASHES * float(weights[index]) * over
            out[list(eye.lower), 1] += 0.010 * rim
        return out

    def _face(self, picture: U8, window: _FaceWindow, folded: F32 | None) -> None:
        x0, y0, x1, y1 = (2 * v for v in window.box)
        size = (x1 - x0, y1 - y0)
        across, down = (cv2.resize(plane, size) for plane in window.source)
        seen = cv2.remap(
            self._layers.skin, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        share = cv2.multiply(
            cv2.resize(window.mask, size), cv2.extractChannel(seen, 3), scale=1 / 255
        )
        share = cv2.cvtColor(share, cv2.COLOR_GRAY2BGR)
        gain = _gain(window.gain, folded, size)
        lit = cv2.multiply(cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR), gain, scale=1 / _ONE)
        part = picture[y0:y1, x0:x1]
        # Twice as fast as `blendLinear`, and off by a level at most, where the two are mixed.
        below = cv2.multiply(part, cv2.bitwise_not(share), scale=1 / 255)
        cv2.add(cv2.multiply(lit, share, scale=1 / 255), below, part)


@dataclass(frozen=True, slots=True)
class _FaceWindow:
    """The face layer's map at half resolution."""

    box: tuple[int, int, int, int]
    """x0, y0, x1, y1 in half pixels of the picture."""
    source: F32
    """f32[2,h,w]: x and y in the photo that each pixel comes from."""
    mask: U8
    """u8[h,w]: 255 on the face."""
    gain: U8
    """u8[h,w]: brightness factor of the skin, over _ONE."""


def _four(reach: U8) -> U8:
    """u8[h,w,4] of u8[h,w,3], or itself."""
    out: U8 = reach if reach.shape[2] == 4 else cv2.cvtColor(reach, cv2.COLOR_BGR2BGRA)
    return out


def _holes() -> NDArray[np.int64]:
    """Triangles i64[n,3] that fill what the face mesh leaves open: under the lips, mouth, eyes."""
    eyes = [hole for eye in lm.EYES for hole in lm.eye_cap(eye)]
    return np.array([*lm.under_lips(), *lm.mouth_cap(), *eyes], np.int64)


def _gain(gain: U8, folded: F32 | None, size: tuple[int, int]) -> U8:
    """u8[h,w,3] at full size: brightness of blue, green and red.

    Light in a fold has passed through skin, which lets red through.
    """
    if folded is None:
        even: U8 = cv2.cvtColor(cv2.resize(gain, size), cv2.COLOR_GRAY2BGR)
        return even
    deep = cv2.multiply(gain, folded, dtype=cv2.CV_8U)
    red = cv2.addWeighted(deep, 1 - _RED, gain, _RED, 0)
    deep, red = cv2.resize(deep, size), cv2.resize(red, size)
    out: U8 = cv2.merge([deep, deep, red])
    return out


def _mend(mask: U8, source: F32, gain: U8) -> None:
    """Single pixels missed between triangles (a sliver fell between two rows): as the left one."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SQUARE)
    if cv2.countNonZero(closed) == cv2.countNonZero(mask):
        return
    missed = np.flatnonzero(closed > mask)
    missed = missed[missed > 0]
    if not len(missed):
        return
    beside = missed - 1
    beside = np.where(mask.reshape(-1)[beside] > 0, beside, missed - mask.shape[1])
    flat = source.reshape(2, -1)
    flat[:, missed] = flat[:, beside]
    gain.reshape(-1)[missed] = gain.reshape(-1)[beside]
    mask.reshape(-1)[missed] = 255


class timed:
    """Count the time of what is done within it for `stage`."""

    __slots__ = ("_spent", "_stage", "_started")

    def __init__(self, state: RenderState, stage: str) -> None:
        self._spent, self._stage = state.stage_s, stage
        self._started = time.perf_counter()

    def __enter__(self) -> None:
        """It counts already."""

    def __exit__(self, *failed: object) -> None:
        """As far as it came."""
        more = time.perf_counter() - self._started
        self._spent[self._stage] = self._spent.get(self._stage, 0.0) + more
