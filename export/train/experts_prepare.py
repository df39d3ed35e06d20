"""What the experts and their losses need on disk: portraits that act, windows of video.

Offline; one process, minutes the first time.
Never draws what is on disk already, and keeps test people and test clips in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.data import acted
from export.data.render_cache import portraits
from export.train import sync_data, sync_windows
from export.train.experts_data import acted_path

TAKES, EACH, SEED = (4, 2), 2, 7
"""Talks of each feeling or action, training and test; frames of each for a portrait."""
CLIPS, CLIPS_SEED = (50, 16), 3
"""Clips of which there are windows, training and test."""


def prepare(data: Path, cache: Path, step: Callable[[], None]) -> None:
    """Draw what is missing.

    data: folder with portraits/, grid_s1/ and librispeech/; cache: has what `train face` and
    `train lips` left. Raises FileNotFoundError, DataMissing, FacesMissing.
    """
    for test in (False, True):
        if not all(acted_path(cache, box, test).exists() for box in acted.SEEN):
            play(data, cache, test, step)
        if not sync_windows.path_of(cache, test).exists():
            listen(data, cache, test, step)


def play(data: Path, cache: Path, test: bool, step: Callable[[], None]) -> None:
    """The acted boxes of all training or test portraits."""
    shown = acted.plays(data, test, TAKES[test], SEED + test)
    people = portraits(data, cache, test)
    rows = acted.make(people, shown, EACH, SEED + test, step)
    for box, played in acted.gathered(rows).items():
        played.save(acted_path(cache, box, test))


def listen(data: Path, cache: Path, test: bool, step: Callable[[], None]) -> None:
    """The windows of some clips."""
    clips = sync_data.clips(data, cache, "test" if test else "train", step)
    rng = np.random.default_rng(CLIPS_SEED)
    chosen = rng.choice(len(clips), min(CLIPS[test], len(clips)), replace=False)
    few = [clips[int(i)] for i in chosen]
    rows = sync_windows.make(data, cache / "grid_tracks", few, CLIPS_SEED + test, step)
    sync_windows.gathered(list(rows)).save(sync_windows.path_of(cache, test))
