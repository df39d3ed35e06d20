"""Renderer pairs out of real video: a GRID speaker's frames, drawn from other frames of him.

Offline; one process; some tens of milliseconds a frame.
Never mixes the clips of training and of test, and shows nobody his pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.avatars.fit import BadPortrait
from engines.face.mesh import HALF_PIXEL
from engines.features import log_scale
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data import grid
from export.data.lip_examples import mel_blocks
from export.data.motion_labels import eye_heights
from export.data.render_pairs import Drawn, Pairs
from export.data.render_puppet import Puppet, Window, toned, window_of
from export.data.render_puppet import fitted as fitted_avatar
from export.data.sound import read_sound

IDENTITY = "grid_s1"
_OPEN_COUNTS, _BLINK_COUNTS = 4.0, 6.0
"""How much likelier than others a frame is taken whose mouth is widest open, or an eye shut."""
_FIRST = 0.5
"""Share of references that are a first frame; the others are any."""
_EYES_KEPT = 0.4
"""Share of frames with open eyes whose eyes are kept: a blink is worth more."""
_SHUT = 0.7


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording with its landmarks in the middle of pixels."""

    name: str
    frames: U8
    """u8[F,H,W,3]"""
    points: F32
    """f32[F,478,3]"""
    sound: F32 | None
    """f32[F,80]: mean of the four newest log-mel rows a frame has heard; None: it is silent."""
    kind: str = "grid"
    identity: str = IDENTITY
    """As of `Told`."""


def read_clip(data: Path, tracks: Path, name: str) -> Clip:
    """Pictures, landmarks and sound. Raises OSError, ValueError when something is missing."""
    with np.load(tracks / f"{name}.npz", allow_pickle=False) as file:
        points, found = file["landmarks"], file["found"]
    if not found.all():
        raise ValueError(f"{name}: no face in {int((~found).sum())} frames")
    path = grid.folder(data) / f"{name}.mkv"
    capture = cv2.VideoCapture(str(path))
    frames: list[U8] = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    count = min(len(frames), len(points))
    if count < 2:
        raise ValueError(f"{path}: {count} frames")
    power = mel_blocks(read_sound(path), count + 1)
    points = points[:count] - np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    return Clip(name, np.stack(frames[:count]), points, log_scale(power[1:]).mean(1))


def mouth_gaps(points: F32) -> F32:
    """f32[F]: gap of the inner lips over the mouth's width."""
    gap = np.linalg.norm(points[:, 13, :2] - points[:, 14, :2], axis=1)
    width = np.linalg.norm(points[:, lm.MOUTH_LEFT, :2] - points[:, lm.MOUTH_RIGHT, :2], axis=1)
    return np.asarray(gap / width, np.float32)


def eye_shares(points: F32) -> F32:
    """f32[F]: how open the eyes are, of how open they usually are."""
    height = np.mean([eye_heights(points, eye) for eye in lm.EYES], axis=0)
    return np.asarray(height / np.quantile(height, 0.7), np.float32)


def choose(points: F32, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Frames of a clip to draw, the rare ones rather: no first one, none twice."""
    gaps, eyes = mouth_gaps(points), eye_shares(points)
    chance = 1 + _OPEN_COUNTS * np.clip(gaps / 0.3, 0, 1)
    chance += _BLINK_COUNTS * np.clip((_SHUT + 0.1 - eyes) / 0.4, 0, 1)
    chance[0] = 0
    count = min(count, len(points) - 1)
    rows = rng.choice(len(points), count, replace=False, p=chance / chance.sum())
    return np.sort(rows).astype(np.int64)


def reference(
    clips: Sequence[Clip], rng: np.random.Generator, face: int = 0
) -> tuple[Puppet, Window]:
    """An avatar from a frame with open eyes of one of the clips. Raises BadPortrait."""
    clip = clips[int(rng.integers(len(clips)))]
    eyes = eye_shares(clip.points)
    row = 0 if rng.random() < _FIRST else int(rng.integers(len(clip.points)))
    if eyes[row] < 0.9:
        row = int(np.argmin(np.abs(eyes - 1.0)))
    points, frame = clip.points[row], clip.frames[row]
    mask = np.zeros(frame.shape[:2], np.float32)
    # Down from where the hair of an upright head would begin: `square` looks for it.
    top = points[lm.FACE_TOP, 1] - 0.3 * (points[lm.CHIN, 1] - points[lm.FACE_TOP, 1])
    mask[max(int(top), 0) :] = 1
    at = window_of(points, mask)
    return Puppet(fitted_avatar(at.cut(frame), at.move(points)), face), at


def clip_rows(
    clip: Clip, puppet: Puppet, at: Window, count: int, rng: np.random.Generator
) -> Iterator[list[Pairs | None]]:
    """Boxes of some frames of a clip, each with the frame before."""
    eyes = eye_shares(clip.points)
    for row in choose(clip.points, count, rng):
        before, now = (drawn_frame(puppet, clip, at, i) for i in (row - 1, row))
        sound = None if clip.sound is None else clip.sound[row]
        boxes = puppet.pairs(clip.kind, clip.identity, now, before, sound)
        if eyes[row] > _SHUT and rng.random() > _EYES_KEPT:
            boxes[1:] = [None, None]
        yield boxes


def drawn_frame(puppet: Puppet, clip: Clip, at: Window, row: int) -> Drawn:
    """A frame of the clip as the puppet draws it, and as it was, in the colours of the puppet."""
    drawn = puppet.drawn(at.move(clip.points[row]), at.cut(clip.frames[row]))
    return replace(drawn, truth=toned(drawn.truth, drawn.picture, drawn.mesh.placed))


def make(
    data: Path,
    tracks: Path,
    names: Sequence[str],
    per_clip: int,
    seed: int,
    step: Callable[[], None],
    share: int = 4,
    face: int = 0,
) -> Iterator[list[Pairs | None]]:
    """Rows of all clips; `share` clips at a time share an avatar. `step` is told of each clip."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    for start in range(0, len(names), share):
        clips = []
        for i in order[start : start + share]:
            step()
            try:
                clips.append(read_clip(data, tracks, names[i]))
            except (OSError, ValueError):
                # Not tracked, or no face in some frames: the other clips are enough.
                continue
        if not clips:
            continue
        try:
            puppet, at = reference(clips, rng, face)
        except BadPortrait:
            continue
        for clip in clips:
            yield from clip_rows(clip, puppet, at, per_clip, rng)
