"""Fifths of a second of video as renderer pairs, with their sound: what a sync loss is asked about.

Offline; one process; some tens of milliseconds a frame.
Never mixes the clips of training and of test; no pair for a frame means no window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.avatars.fit import BadPortrait
from engines.render.cv import cv2
from engines.values import F32
from export.data.render_grid import Clip, drawn_frame, read_clip, reference
from export.data.render_pairs import Pairs, join, load_beside
from export.data.render_puppet import Puppet, Window
from export.nets.sync import FRAMES, HEIGHT, ROWS, WIDTH
from export.train.sync_data import SyncClip

PER_CLIP = 5


@dataclass(frozen=True, slots=True)
class Windows:
    """W windows of FRAMES mouths each."""

    pairs: Pairs
    """FRAMES rows a window, in order."""
    sound: F32
    """f32[W,20,80]"""
    mean: F32
    """f32[W,48,64]: the mean grey mouth of the window's clip, -1..1."""

    def __len__(self) -> int:
        return len(self.sound)

    def take(self, rows: NDArray[np.int64]) -> Windows:
        """Some windows."""
        frames = (rows[:, None] * FRAMES + np.arange(FRAMES)).reshape(-1)
        return Windows(self.pairs.take(frames), self.sound[rows], self.mean[rows])

    def save(self, path: Path) -> None:
        """As `Pairs.save`."""
        self.pairs.save(path, window_sound=self.sound, window_mean=self.mean)


def load(path: Path) -> Windows:
    """What `save` wrote. Raises OSError."""
    pairs, (first, second) = load_beside(path, "window_sound", "window_mean")
    return Windows(pairs, first, second)


def path_of(cache: Path, test: bool = False) -> Path:
    """Where windows are kept."""
    return cache / "experts" / f"mouth-windows{'-test' if test else ''}.npz"


def grey_mean(pairs: Pairs) -> F32:
    """f32[48,64]: mean of the truths, as the sync expert's own data are made."""
    parts = [
        cv2.resize(
            cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
        )
        for one in pairs.truth
    ]
    out: F32 = (np.mean(parts, 0) / 127.5 - 1).astype(np.float32)
    return out


def make(
    data: Path, tracks: Path, clips: Sequence[SyncClip], seed: int, step: Callable[[], None]
) -> Iterator[Windows]:
    """Windows of each clip that there are pictures, a track and a face for."""
    rng = np.random.default_rng(seed)
    for sounds in clips:
        step()
        try:
            clip = read_clip(data, tracks, sounds.name)
            puppet, at = reference([clip], rng)
        except (OSError, ValueError, BadPortrait):
            # Not tracked, or no avatar can be made of it: the other clips are enough.
            continue
        first, last = sounds.span
        last = min(last, len(clip.frames), len(sounds.sound)) - FRAMES + 1
        places = np.arange(first, max(last, first), FRAMES)
        if len(places) == 0:
            continue
        chosen = np.sort(rng.choice(places, min(PER_CLIP, len(places)), replace=False))
        found = [(at_, _window(puppet, clip, at, int(at_))) for at_ in chosen]
        whole = [(at_, pairs) for at_, pairs in found if pairs is not None]
        if not whole:
            continue
        pairs = join([pairs for _, pairs in whole])
        mean = np.broadcast_to(grey_mean(pairs), (len(whole), HEIGHT, WIDTH))
        heard = [sounds.sound[at_ : at_ + FRAMES].reshape(ROWS, -1) for at_, _ in whole]
        yield Windows(pairs, np.stack(heard).astype(np.float32), mean.copy())


def _window(puppet: Puppet, clip: Clip, at: Window, first: int) -> Pairs | None:
    rows = []
    for row in range(first, first + FRAMES):
        sound = None if clip.sound is None else clip.sound[row]
        drawn = drawn_frame(puppet, clip, at, row)
        mouth = puppet.pairs(clip.kind, clip.identity, drawn, None, sound)[0]
        if mouth is None:
            return None
        rows.append(mouth)
    return join(rows)


def gathered(parts: Sequence[Windows]) -> Windows:
    """One after the other. Raises ValueError for none."""
    return Windows(
        join([part.pairs for part in parts]),
        np.concatenate([part.sound for part in parts]),
        np.concatenate([part.mean for part in parts]),
    )
