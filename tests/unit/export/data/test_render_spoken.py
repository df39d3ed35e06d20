"""Portraits that speak: real motions and wide ones, and truths that only mouths differ in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.values import MOTION_INDEX
from export.data import render_spoken
from export.data.render_pairs import sorted_by_box
from export.data.render_spoken import Frame
from export.data.render_stills import Portraits
from export.data.sound import write_wav
from tests.support.laughing import laughing
from tests.support.sample_avatar import motion, sample, soft_mask

SOUND = np.linspace(0, 1, 80, dtype=np.float32)


def talk(count: int = 12) -> list[Frame]:
    """A jaw that opens slowly."""
    return [(motion(jawOpen=0.05 * i), SOUND) for i in range(count)]


def people() -> Portraits:
    """One with shut lips, and one who laughs."""
    mask = (soft_mask() * 255).astype(np.uint8)
    photo, points = laughing()
    return Portraits(
        ["calm", "laughs"], np.stack([sample().portrait, photo]),
        np.stack([sample().landmarks, points]), np.stack([mask, mask]),
    )  # fmt: skip


def test_sounds_differ_and_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    motions = np.stack([render_spoken.random_mouth(rng) for _ in range(80)])
    assert motions[:, :52].min() >= 0 and motions[:, :52].max() <= 1
    jaw = motions[:, MOTION_INDEX["jawOpen"]]
    assert jaw.min() < 0.1 and jaw.max() > 0.4
    assert motions[:, MOTION_INDEX["mouthPucker"]].max() > 0.3


def test_frames_are_neighbours_and_wide_ones_come_more_often() -> None:
    rng, spoken = np.random.default_rng(1), [talk()]
    drawn = [render_spoken.two_frames(spoken, rng) for _ in range(300)]
    told = [(b, n) for b, n in drawn if n[1] is not None]
    assert 0.5 < len(told) / len(drawn) < 0.8
    jaw = np.array([[f[0][MOTION_INDEX["jawOpen"]] for f in both] for both in told])
    assert np.allclose(jaw[:, 1] - jaw[:, 0], 0.05, atol=1e-5)
    assert jaw[:, 1].mean() > 0.33
    made_up = [np.abs(b[0] - n[0]).max() for b, n in drawn if n[1] is None]
    assert 0 < max(made_up) < 0.3


def test_portraits_speak() -> None:
    ticks: list[int] = []
    rows = list(render_spoken.make(people(), [talk()], 4, 4, lambda: ticks.append(1)))
    found = sorted_by_box(rows)["mouth"]
    assert len(found) == 8 and ticks == [1, 1] and set(found.kind) == {"spoken"}
    hole = found.masks[:, 0] > 200
    away = np.abs(found.picture.astype(int) - found.truth).mean(3)
    assert away[hole].mean() > 4 * away[~hole].mean()
    assert found.has_previous.all() and (found.previous_truth != found.previous_picture).any()
    heard = found.condition[:, -3] > 0
    assert heard.any() and (found.condition[heard][:, 58:138] == SOUND).all()


def test_no_readers_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="librispeech"):
        render_spoken.talks(tmp_path, False, 1, 1)


def test_a_reader_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "librispeech").mkdir()
    rng = np.random.default_rng(2)
    file = tmp_path / "librispeech" / "one.wav"
    write_wav(file, (0.1 * rng.standard_normal(16000)).astype(np.float32))
    monkeypatch.setattr(render_spoken, "voice_files", lambda data: {"train": [file], "test": []})
    (spoken,) = render_spoken.talks(tmp_path, False, 3, 1)
    assert len(spoken) == 25
    assert all(m.shape == (58,) and s is not None and s.shape == (80,) for m, s in spoken)
