"""Training of the sync expert: windows, augmentation, learning, and going on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.nets.sync import FRAMES, HEIGHT, ROWS, WIDTH
from export.train.sync import batch, changed, fit, prepare, start, windows
from export.train.sync_cli import SMOKE
from export.train.sync_data import made_up


def test_windows_stay_inside_and_apart() -> None:
    clip = prepare(replace(made_up(1, 1)[0], span=(10, 40)))
    for seed in range(5):
        starts = sorted(windows(clip, 6, np.random.default_rng(seed)))
        assert len(starts) == 6 and min(np.diff(starts)) >= 3
        assert starts[0] >= 10 and starts[-1] + FRAMES <= 40


def test_a_short_clip_still_gives_a_window() -> None:
    clip = prepare(replace(made_up(1, 1)[0], span=(20, 22)))
    assert windows(clip, 4, np.random.default_rng(1)) == [20]


def test_augmentation_treats_frames_and_mean_alike() -> None:
    mouths = torch.rand(2, FRAMES, HEIGHT, WIDTH) - 0.5
    same = mouths[0, 0].expand(2, FRAMES, -1, -1)
    new, mean = changed(same, mouths[0, 0], np.random.default_rng(2))
    assert new.shape == same.shape and torch.allclose(new[1, 3], mean, atol=1e-5)
    assert not torch.allclose(mean, mouths[0, 0])


def test_a_batch_pairs_mouths_and_sounds() -> None:
    clips = [prepare(clip) for clip in made_up(3, 4)]
    config = replace(SMOKE, clips=2, windows=3)
    mouths, sounds = batch(clips, config, np.random.default_rng(1))
    assert mouths.shape == (6, FRAMES, HEIGHT, WIDTH) and sounds.shape == (6, ROWS, 80)
    again, _ = batch(clips, config, np.random.default_rng(1))
    assert torch.equal(mouths, again)


def test_it_learns_and_resuming_changes_nothing(tmp_path: Path) -> None:
    clips = [prepare(clip) for clip in made_up(8, 1)]
    config = replace(SMOKE, steps=24, every=8)
    rows: list[dict[str, float]] = []
    whole = start(config, tmp_path / "whole", resume=False)
    fit(whole, clips, lambda net: {"ok": 1.0}, rows.append)
    assert rows[-1]["loss"] < rows[0]["loss"] and rows[-1]["step"] == 24

    short = start(config, tmp_path / "part", resume=False)

    class Stop(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        raise Stop

    with pytest.raises(Stop):
        fit(short, clips, lambda net: {}, stop)
    on = start(config, tmp_path / "part", resume=True)
    assert on.step == 8
    fit(on, clips, lambda net: {}, lambda row: None)
    for a, b in zip(whole.net.parameters(), on.net.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
