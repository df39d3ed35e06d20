"""Windows of video with their sound: whole ones only, kept as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.data.render_pairs import join
from export.nets.sync import FRAMES, HEIGHT, ROWS, WIDTH
from export.train import sync_windows
from export.train.renderer_cli import made_up
from export.train.sync_data import SyncClip
from export.train.sync_windows import Windows


def windows(count: int = 3) -> Windows:
    sound = np.arange(count, dtype=np.float32)[:, None, None] * np.ones((ROWS, 80), np.float32)
    mean = np.zeros((count, HEIGHT, WIDTH), np.float32)
    return Windows(made_up("mouth", count * FRAMES), sound, mean)


def test_a_window_is_its_five_frames() -> None:
    some = windows()
    few = some.take(np.array([2, 0]))
    assert len(few) == 2 and few.sound[:, 0, 0].tolist() == [2, 0]
    assert (few.pairs.truth[:FRAMES] == some.pairs.truth[10:15]).all()
    assert len(sync_windows.gathered([some, few])) == 5


def test_they_are_kept_as_they_were(tmp_path: Path) -> None:
    path = sync_windows.path_of(tmp_path)
    windows().save(path)
    again = sync_windows.load(path)
    assert (again.pairs.truth == windows().pairs.truth).all() and len(again) == 3


def test_the_mean_is_grey_and_of_the_truth() -> None:
    pairs = made_up("mouth", 2)
    mean = sync_windows.grey_mean(pairs)
    assert mean.shape == (HEIGHT, WIDTH)
    grey = (pairs.truth * np.array([0.114, 0.587, 0.299])).sum(-1)
    assert abs((mean.mean() + 1) * 127.5 - grey.mean()) < 1


def test_windows_without_a_frame_or_a_clip_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clip:
        frames = np.zeros((40, 2, 2, 3), np.uint8)

    def read(_data: Path, _tracks: Path, name: str) -> Clip:
        if name == "lost":
            raise OSError(name)
        return Clip()

    one = made_up("mouth", FRAMES)
    asked: list[int] = []

    def window(_puppet: object, _clip: object, _at: object, first: int) -> object:
        asked.append(first)
        return None if first == 15 else one

    monkeypatch.setattr(sync_windows, "read_clip", read)
    monkeypatch.setattr(sync_windows, "reference", lambda clips, rng: (None, None))
    monkeypatch.setattr(sync_windows, "_window", window)
    mouths = np.zeros((40, HEIGHT, WIDTH), np.uint8)
    sound = np.arange(40, dtype=np.float32)[:, None, None] * np.ones((4, 80), np.float32)
    clips = [SyncClip("lost", mouths, sound, (0, 40)), SyncClip("here", mouths, sound, (10, 33)),
             SyncClip("short", mouths, sound, (3, 5))]  # fmt: skip
    found = list(sync_windows.make(Path(), Path(), clips, 1, lambda: None))
    assert asked == [10, 15, 20, 25] and len(found) == 1 and len(found[0]) == 3
    assert found[0].sound[:, 0, 0].tolist() == [10, 20, 25]
    assert len(join([found[0].pairs])) == 3 * FRAMES
