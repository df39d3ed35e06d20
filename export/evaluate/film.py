"""A film of an avatar as a session would draw it: what is kept of it for the figures over time.

Offline; the renderers are those that serve, on one thread.
Never keeps whole pictures but for a few: a minute of them is more than a gigabyte.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.avatars.bundle import Avatar
from engines.offline import move_file
from engines.pipeline import Motion, Renderer
from engines.render.boxes import Boxes
from engines.render.conditions import Cues
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_SIZE, U8, MotionFrame

SEED = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """What is to be filmed: an avatar, motions, and where its boxes and mesh are then."""

    avatar: Avatar
    frames: Sequence[MotionFrame]
    boxes: Boxes
    meshes: list[F32]
    """f32[468,3] on the picture, for each frame."""


@dataclass(frozen=True, slots=True)
class Film:
    """One shot drawn by one renderer."""

    mouths: U8
    """u8[F,96,128,3]: the mouth's box."""
    kept: list[int]
    """Frames of which the whole picture is kept."""
    pictures: U8
    """u8[K,S,S,3]"""
    frame_ms: F32
    """f32[F]: CPU time of each frame."""
    stages_ms: dict[str, float]
    """Of each stage that the renderer tells of: wall time a frame."""


def motions(model: Motion, samples: F32) -> list[MotionFrame]:
    """The motion of each 40 ms of sound, as `render_file` draws it."""
    return list(move_file(samples, model, seed=SEED))


def repeated(frames: Sequence[MotionFrame], count: int) -> list[MotionFrame]:
    """The frames over and over, `count` in all: equal motion at different times."""
    return [frames[i % len(frames)] for i in range(count)]


def shot(avatar: Avatar, frames: Sequence[MotionFrame]) -> Shot:
    """Find mesh and boxes of every frame."""
    warp = WarpRenderer(avatar, avatar.size)
    rest = warp.mesh(np.zeros(MOTION_SIZE, np.float32))
    meshes = [warp.mesh(frame.motion).placed for frame in frames]
    return Shot(avatar, frames, Boxes(rest.placed), meshes)


def shoot(given: Shot, renderer: Renderer, keep: Sequence[int] = ()) -> Film:
    """Draw every frame in order with one state. Raises what the renderer raises."""
    state = renderer.new_state(SEED)
    mouths, pictures, spent = [], [], []
    wanted = set(keep)
    for i, (frame, mesh) in enumerate(zip(given.frames, given.meshes, strict=True)):
        began = time.thread_time()
        picture = renderer.render(state, frame.motion, cues_of(frame))
        spent.append(1000 * (time.thread_time() - began))
        mouths.append(given.boxes.place(mesh)[0].cut(picture))
        if i in wanted:
            pictures.append(picture)
    size = given.avatar.size
    count = max(len(spent), 1)
    return Film(
        np.stack(mouths),
        sorted(wanted),
        np.stack(pictures) if pictures else np.zeros((0, size, size, 3), np.uint8),
        np.asarray(spent, np.float32),
        {name: 1000 * seconds / count for name, seconds in state.stage_s.items()},
    )


def cues_of(frame: MotionFrame) -> Cues:
    """What a session tells its renderer besides the motion."""
    felt = frame.emotion.z if frame.emotion is not None else None
    return Cues(frame.sound, felt, frame.manner)
