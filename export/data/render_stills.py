"""Renderer pairs out of portraits: mouths given back (restore), faces moved away and back (cycle).

Offline; one process; about half a second for each avatar that is made on the way.
Never looks at who is held out unless told to: the caller names the portraits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.avatars.eye_texture import complete_eyes
from engines.avatars.fit import BadPortrait
from engines.avatars.retake import retaken
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask
from engines.render.eyes import Eyeball
from engines.render.geometry import Geometry, close_lips
from engines.render.warp import Mesh, WarpRenderer
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, MOTION_SIZE, U8
from export.data.faces import random_motion
from export.data.render_pairs import Drawn, Pairs
from export.data.render_puppet import Puppet, fitted, window_of

_CALM = (0.35, 0.9)
"""Random motions are livelier than speech; so much of one is taken."""
_MOST_BLINK = 0.85
_NARROW = ("eyeBlink", "eyeSquint", "cheekSquint")
"""Shapes that hide some of the eye: no turned iris is brought back from under a lid."""
_PARTS_LIPS = ("jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight",
               "mouthLowerDownLeft", "mouthLowerDownRight")  # fmt: skip
_TURN_SHARE = 0.6
_PARTED = 0.5
"""Share of cycles in which the lips part on the way."""
_JITTER = ("jawOpen", "mouthFunnel", "jawForward")
"""Shapes that move what is in the mouth; other values give another picture of the same truth."""
_OTHER_MOUTH = {"mouthPucker": (0.0, 0.45), "mouthFunnel": (0.0, 0.25), "mouthLeft": (-0.3, 0.3)}
_OTHER_SMILE = {"mouthSmile": (-0.6, 0.05), "mouthFrown": (0.0, 0.3), "mouthStretch": (-0.2, 0.2)}
_KEPT_GAP = (0.7, 0.97)
_CHANGE = 0.15
"""How much of another motion a frame lies from the one before."""
_LIGHT, _TINT = 0.15, 0.04
"""How much lighter or darker the teeth of the rig may be, and each of their colours."""


@dataclass(frozen=True, slots=True)
class Portraits:
    """Photos with landmarks in the middle of pixels."""

    names: list[str]
    photos: U8
    """u8[N,H,W,3]"""
    points: F32
    """f32[N,478,3]"""
    masks: U8
    """u8[N,H,W] person 255."""

    def rows(self, index: Sequence[int] | NDArray[np.int64]) -> Portraits:
        """Some of them."""
        rows = np.asarray(index, np.int64)
        names = [self.names[i] for i in rows]
        return Portraits(names, self.photos[rows], self.points[rows], self.masks[rows])

    def squares(self) -> Iterator[tuple[str, U8, F32]]:
        """Name, the square that an avatar shows u8[512,512,3], its landmarks f32[478,3]."""
        for name, photo, points, mask in zip(
            self.names, self.photos, self.points, self.masks, strict=True
        ):
            at = window_of(points, mask.astype(np.float32) / 255)
            yield name, at.cut(photo), at.move(points)

    def avatars(self, step: Callable[[], None]) -> Iterator[tuple[str, U8, F32, Avatar]]:
        """The same with their avatars; `step` is called for each, those that cannot be are not."""
        for name, photo, points in self.squares():
            step()
            try:
                avatar = fitted(photo, points)
            except BadPortrait:
                continue
            yield name, photo, points, avatar


def placed_landmarks(avatar: Avatar, mesh: Mesh, gaze: Sequence[tuple[float, float]]) -> F32:
    """f32[478,3] landmarks of a picture of the mesh; irises moved by the gaze, photo pixels."""
    out = avatar.landmarks.copy()
    out[: lm.MESH_POINTS] = mesh.placed * np.array([1, 1, -1], np.float32)
    for eye, (dx, dy) in zip(lm.EYES, gaze, strict=True):
        was, now = avatar.landmarks[list(eye.corners), :2], out[list(eye.corners), :2]
        a, b = was[1] - was[0], now[1] - now[0]
        c, s = float(a @ b) / float(a @ a), float(a[0] * b[1] - a[1] * b[0]) / float(a @ a)
        turn = np.array([[c, -s], [s, c]], np.float32)
        iris = avatar.landmarks[list(eye.iris), :2] + np.array([dx, dy], np.float32)
        out[list(eye.iris), :2] = (iris - was.mean(0)) @ turn.T + now.mean(0)
    return out


def restore(
    people: Portraits, variants: int, seed: int, step: Callable[[], None], face: int = 0
) -> Iterator[list[Pairs | None]]:
    """Open mouths of photos: sealed by `fit`, drawn open again by the rig; the photo is the truth.

    Half of the variants without the person's own teeth, half with the photo's mouth in another
    shape: people laugh in photos, but they do not laugh all the while they speak.
    """
    rng = np.random.default_rng(seed)
    for name, truth, goal, avatar in people.avatars(step):
        if not np.abs(avatar.landmarks - goal).max() > 0.5:
            continue
        photographed = Photographed(_unposed(avatar, truth, goal))
        for own in (True, False):
            if own and not avatar.teeth.any():
                continue
            light = _other_light(rng)
            puppet = Puppet(_teeth(avatar, own, light), face)
            count = (variants + 1) // 2 if avatar.teeth.any() else variants
            for k in range(count):
                shape = mouth_shape(rng) if k % 2 else np.zeros(len(ARKIT_NAMES), np.float32)
                turn = _slight_turn(rng) * np.float32(k % 2)
                seen = photographed.shaped(shape, turn, rng) if k % 2 else (truth, goal)
                turn += _CHANGE * _slight_turn(rng)
                earlier = photographed.shaped(shape + _CHANGE * mouth_shape(rng), turn, rng)
                before, now = (
                    _drawn_otherwise(puppet, at_points, picture, rng)
                    for picture, at_points in (earlier, seen)
                )
                boxes = puppet.pairs("restore", name, now, before)
                # The eyes of a sealed mouth's portrait are the photo's: nothing to learn.
                yield [boxes[0], None, None]


class Photographed:
    """A photo as it is, its open mouth a part of its texture."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.geometry = Geometry(avatar, avatar.size)
        self._renderer = WarpRenderer(avatar, avatar.size)
        self._state = self._renderer.new_state()

    def shaped(self, weights: F32, turn: F32, rng: np.random.Generator) -> tuple[U8, F32]:
        """The photo u8[S,S,3] with its mouth in another shape and its landmarks f32[478,3].

        weights f32[52] may be negative, turn f32[58] holds the head's motion; what is seen between
        the lips stays the photo's, as they open no further than there.
        """
        geometry, avatar = self.geometry, self.avatar
        face = geometry.face + np.tensordot(weights, avatar.deltas, 1)
        wanted = _inner_gap(geometry.face) * rng.uniform(*_KEPT_GAP)
        seal = float(np.clip(1 - wanted / max(_inner_gap(face), 1e-3), 0, 1))
        close_lips(face, seal, np.zeros((len(lm.UPPER_INNER), 3), np.float32))
        pose = geometry.pose(turn)
        nothing = np.zeros(len(ARKIT_NAMES), np.float32)
        face = face.astype(np.float32)
        mesh = Mesh(nothing, face, pose, geometry.place(face, geometry.face_follow, pose))
        points = placed_landmarks(avatar, mesh, [(0, 0), (0, 0)])
        return self._renderer.draw(self._state, mesh), points


def _unposed(avatar: Avatar, photo: U8, points: F32) -> Avatar:
    """The avatar with the photo's own face instead of one at rest."""
    return retaken(avatar, photo, points, avatar.eyes)


def mouth_shape(rng: np.random.Generator) -> F32:
    """f32[52]: less of a smile, rounder, a little narrower."""
    weights = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, span in _OTHER_MOUTH.items():
        weights[MOTION_INDEX[name]] = rng.uniform(*span)
    for name, span in _OTHER_SMILE.items():
        value = rng.uniform(*span)
        for side in ("Left", "Right"):
            weights[MOTION_INDEX[f"{name}{side}"]] = value
    return weights


def _inner_gap(face: F32) -> float:
    """Of the lips' middle, head axes (y up)."""
    return float((face[list(lm.UPPER_INNER[3:6]), 1] - face[list(lm.LOWER_INNER[3:6]), 1]).mean())


def _slight_turn(rng: np.random.Generator) -> F32:
    motion = np.zeros(MOTION_SIZE, np.float32)
    for name in ("headPitch", "headYaw", "headRoll"):
        motion[MOTION_INDEX[name]] = rng.normal(0, 0.05)
    return motion


def _teeth(avatar: Avatar, own: bool, light: F32) -> Avatar:
    if own:
        return avatar
    none = np.zeros((0, 0, 4), np.uint8)
    return replace(avatar, teeth=none, teeth_light=avatar.teeth_light * light)


def _other_light(rng: np.random.Generator) -> F32:
    """f32[3] factors on the colour of teeth."""
    factors = rng.uniform(1 - _LIGHT, 1 + _LIGHT) * rng.uniform(1 - _TINT, 1 + _TINT, 3)
    out: F32 = factors.astype(np.float32)
    return out


def _drawn_otherwise(puppet: Puppet, points: F32, truth: U8, rng: np.random.Generator) -> Drawn:
    """Drawn on landmarks with the jaw and what hangs on it a little elsewhere."""

    def change(weights: F32) -> F32:
        out = weights.copy()
        for name in _JITTER:
            index = MOTION_INDEX[name]
            out[index] = np.clip(out[index] + rng.normal(0, 0.12), 0, 1)
        return out

    return puppet.drawn(points, truth, change)


def calm_motion(rng: np.random.Generator, gaze: bool, parted: bool) -> F32:
    """f32[58]: a random motion that a photo can be brought back from.

    Either the eyes turn (`gaze`) or the lids move; the lips stay together unless `parted`.
    """
    motion = random_motion(rng) * np.float32(rng.uniform(*_CALM))
    motion[MOTION_INDEX["headPitch"] :] *= _TURN_SHARE
    if not parted:
        motion[[MOTION_INDEX[name] for name in _PARTS_LIPS]] = 0
    for name, index in MOTION_INDEX.items():
        if (gaze and name.startswith(_NARROW)) or (not gaze and name.startswith("eyeLook")):
            motion[index] = 0
        elif name.startswith("eyeBlink"):
            motion[index] = min(float(motion[index]), _MOST_BLINK)
    out: F32 = motion.astype(np.float32)
    return out


def cycle(
    people: Portraits, variants: int, seed: int, step: Callable[[], None], face: int = 0
) -> Iterator[list[Pairs | None]]:
    """Each photo drawn in another expression, that picture drawn back; the photo is the truth."""
    rng = np.random.default_rng(seed)
    for name, _, goal, avatar in people.avatars(step):
        sealed = bool(np.abs(avatar.landmarks - goal).max() > 0.5)
        renderer = WarpRenderer(avatar, avatar.size)
        state = renderer.new_state()
        for k in range(variants):
            gaze, parted = bool(k % 2), bool(rng.random() < _PARTED)
            mesh = renderer.mesh(calm_motion(rng, gaze, parted))
            puppet = Puppet(away(avatar, mesh, renderer.draw(state, mesh)), face)
            near = renderer.mesh(_CHANGE * calm_motion(rng, False, False))
            seen = placed_landmarks(avatar, near, [(0, 0), (0, 0)])
            before = puppet.drawn(seen, renderer.draw(state, near))
            now = puppet.drawn(avatar.landmarks, avatar.portrait)
            if not gaze:
                before, now = with_eyes(before), with_eyes(now)
            boxes = puppet.pairs("cycle", name, now, before)
            # A mouth that was sealed by `fit` is not the photo's, and no truth.
            yield [None, *boxes[1:]] if sealed else boxes


def with_eyes(drawn: Drawn) -> Drawn:
    """The motion frame with the truth's own eyeballs: a lid that was down has hidden them.

    So it is when served: only the lids are drawn by moving skin.
    """
    out, placed = drawn.picture, drawn.mesh.placed
    for eye in lm.EYES:
        a, b = eye.corners
        outline = lens(*(placed[[a, *row, b], :2] for row in (eye.upper, eye.lower)))
        mask = polygon_mask(outline, (0, 0), out.shape[:2], 0.6)
        share = (mask.astype(np.float32) / 255)[..., None]
        out = np.rint(out + share * (drawn.truth.astype(np.float32) - out)).astype(np.uint8)
    return replace(drawn, picture=out)


def away(avatar: Avatar, mesh: Mesh, picture: U8) -> Avatar:
    """The avatar as if `picture` u8[S,S,3] of the mesh had been its photo."""
    geometry = Geometry(avatar, avatar.size)
    gaze = [Eyeball(geometry, eye, avatar.portrait).gaze(mesh.weights) for eye in lm.EYES]
    points = placed_landmarks(avatar, mesh, gaze)
    return retaken(avatar, picture, points, complete_eyes(picture, points))
