"""Mouths and sound of GRID clips for the sync expert, cut once and kept in the cache folder.

Offline; one process.
Never mixes the clips of training, validation and test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.face.mesh import HALF_PIXEL
from engines.features import log_scale
from engines.render.boxes import Boxes
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data import grid
from export.data.lip_examples import mel_blocks
from export.data.sound import read_sound
from export.nets.sync import HEIGHT, WIDTH

ROWS_A_FRAME = 4
MARGIN = 2
"""Frames of silence kept on either side of the speech."""


@dataclass(frozen=True, slots=True)
class SyncClip:
    """One clip."""

    name: str
    mouths: U8
    """u8[F,48,64], grey."""
    sound: F32
    """f32[F,4,80]: log-mel rows of each frame."""
    span: tuple[int, int]
    """First and one past the last frame that is used."""


def grey_mouths(frames: U8, points: F32) -> U8:
    """u8[F,48,64] of frames u8[F,H,W,3] and meshes f32[F,468+,2+]: the renderer's mouth box.

    Boxes are placed from the first frame's mesh: a clip begins at rest.
    """
    boxes = Boxes(points[0])
    out = np.empty((len(frames), HEIGHT, WIDTH), np.uint8)
    for i, (frame, mesh) in enumerate(zip(frames, points, strict=True)):
        cut = boxes.place(mesh)[0].cut(frame)
        grey = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)
        out[i] = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return out


def sound_rows(samples: F32, frames: int) -> F32:
    """f32[F,4,80]: the log-mel rows that belong to each frame."""
    return log_scale(mel_blocks(samples, frames))


def read_clip(data: Path, tracks: Path, name: str, words: Sequence[grid.Word]) -> SyncClip:
    """One clip from its files. Raises OSError, ValueError when the face was lost."""
    with np.load(tracks / f"{name}.npz", allow_pickle=False) as file:
        if not file["found"].all():
            raise ValueError(f"{name}: frames without a face")
        points = file["landmarks"] - np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    path = grid.folder(data) / f"{name}.mkv"
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    count = min(len(frames), len(points))
    if not count:
        raise ValueError(f"{path}: no pictures")
    mouths = grey_mouths(np.stack(frames[:count]), points[:count].astype(np.float32))
    first, last = grid.speech_span(list(words))
    span = max(first - MARGIN, 0), min(last + MARGIN, count)
    return SyncClip(name, mouths, sound_rows(read_sound(path), count), span)


def clips(data: Path, cache: Path, part: str, step: Callable[[], None]) -> list[SyncClip]:
    """Clips of "train", "validation" or "test", from the cache where they are there.

    Raises grid.DataMissing.
    """
    path = cache / "sync" / f"{part}.npz"
    if not path.exists():
        names = grid.split(grid.clip_names(data))[part]
        words = grid.words(data)
        made = []
        for name in names:
            step()
            try:
                made.append(read_clip(data, cache / "grid_tracks", name, words[name]))
            except (OSError, ValueError):
                # Not tracked, or the face was lost: the other clips are enough.
                continue
        if not made:
            raise grid.DataMissing(f"{cache}: no tracked clips; run: python -m export prepare lips")
        save(path, made)
    return load(path)


def save(path: Path, made: Sequence[SyncClip]) -> None:
    """Write aside and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part.npz")
    np.savez(
        aside,
        names=np.array([c.name for c in made]),
        lengths=np.array([len(c.mouths) for c in made]),
        spans=np.array([c.span for c in made]),
        mouths=np.concatenate([c.mouths for c in made]),
        sound=np.concatenate([c.sound for c in made]).astype(np.float16),
    )
    os.replace(aside, path)


def load(path: Path) -> list[SyncClip]:
    """What `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        mouths, sound = file["mouths"], file["sound"].astype(np.float32)
        rows = zip(file["names"], file["lengths"], file["spans"], strict=True)
        out, at = [], 0
        for name, length, (first, last) in rows:
            part = slice(at, at + int(length))
            out.append(SyncClip(str(name), mouths[part], sound[part], (int(first), int(last))))
            at += int(length)
    return out


def made_up(count: int, seed: int) -> list[SyncClip]:
    """Clips of a dark opening that follows the loudness of noise: learnable in seconds."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(count):
        loud = np.clip(np.convolve(rng.normal(0, 1.5, 60), np.ones(3) / 2, "same"), -1, 1)
        sound = rng.normal(0, 0.1, (60, ROWS_A_FRAME, 80)) + loud[:, None, None]
        mouths = rng.integers(120, 130, (60, HEIGHT, WIDTH))
        for frame, level in zip(mouths, loud, strict=True):
            half = round(8 + 7 * level)
            frame[24 - half : 24 + half, 16:48] -= 80
        out.append(
            SyncClip(f"made up {i}", mouths.astype(np.uint8), sound.astype(np.float32), (0, 60))
        )
    return out
