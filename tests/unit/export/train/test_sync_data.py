"""Clips of the sync expert: what is cut, kept, and made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.avatars.bundle import load as read_avatar
from engines.avatars.store import BUILTIN
from export.data import grid
from export.nets.sync import HEIGHT, WIDTH
from export.train import sync_data
from export.train.sync_data import grey_mouths, load, made_up, save, sound_rows


def test_mouths_are_cut_where_the_mesh_says() -> None:
    mesh = read_avatar(BUILTIN / "aria").landmarks[:468]
    points = np.stack([mesh, mesh + np.array([7, 3, 0], np.float32)])
    frames = np.random.default_rng(1).integers(0, 255, (2, 512, 512, 3)).astype(np.uint8)
    frames[1] = np.roll(frames[0], (3, 7), (0, 1))
    mouths = grey_mouths(frames, points)
    assert mouths.shape == (2, HEIGHT, WIDTH)
    assert np.abs(mouths[0].astype(int) - mouths[1]).mean() < 2


def test_sound_rows_belong_to_frames() -> None:
    sound = np.zeros(640 * 10, np.float32)
    sound[640 * 5 : 640 * 6] = np.random.default_rng(1).normal(0, 0.3, 640)
    rows = sound_rows(sound, 10).mean((1, 2))
    assert sound_rows(sound, 10).shape == (10, 4, 80) and int(rows.argmax()) == 5


def test_clips_are_kept_as_they_were(tmp_path: Path) -> None:
    clips = made_up(2, 1)
    save(tmp_path / "sync" / "test.npz", clips)
    for a, b in zip(clips, load(tmp_path / "sync" / "test.npz"), strict=True):
        assert a.name == b.name and a.span == b.span and (a.mouths == b.mouths).all()
        np.testing.assert_allclose(a.sound, b.sound, atol=2e-3)


def test_clips_without_a_track_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "clip_names", lambda data: [f"c{i}" for i in range(160)])
    words = [grid.Word(0, 20, "sil"), grid.Word(20, 50, "bin")]
    monkeypatch.setattr(grid, "words", lambda data: {f"c{i}": words for i in range(160)})
    with pytest.raises(grid.DataMissing, match="prepare lips"):
        sync_data.clips(tmp_path, tmp_path, "test", lambda: None)
