"""Figures of films: rows of the table, judges asked with what they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.avatars.bundle import load as read_avatar
from engines.avatars.store import BUILTIN
from engines.render.boxes import MOUTH
from engines.values import F32, MOTION_SIZE, U8, MotionFrame
from export.evaluate import film_figures
from export.evaluate.film import Film, shot
from export.evaluate.film_figures import (
    WayFigures,
    bars,
    markdown,
    real_flicker,
    sync_clip,
    take_drift,
    take_identity,
    take_in,
    take_sync,
)
from export.nets.sync import SyncNet, SyncNetConfig
from tests.support.tiny_judge import tiny_judge


def film(seed: int, count: int = 60, jitter: int = 0) -> Film:
    rng = np.random.default_rng(seed)
    still = rng.integers(0, 255, (1, *MOUTH.shape, 3))
    noise = rng.integers(-jitter, jitter + 1, (count, *MOUTH.shape, 3))
    mouths = np.clip(still + noise, 0, 255).astype(np.uint8)
    pictures = np.zeros((2, 512, 512, 3), np.uint8)
    return Film(mouths, [0, 1], pictures, np.full(count, 7.0, np.float32), {"mouth": 1.5})


def test_rows_of_the_table() -> None:
    calm, wild = WayFigures(), WayFigures()
    steady, jumpy = film(1), film(1, jitter=20)
    take_in(calm, steady, steady)
    take_in(wild, jumpy, steady)
    assert calm.flicker == [0.0] and wild.flicker[0] > 0.05 and wild.added[0] > 1
    take_drift(calm, tiny_judge(), steady, steady, 20)
    assert len(calm.drift[1.0]) == 5 and max(calm.wandered[60.0]) < 1e-6
    net = SyncNet(SyncNetConfig(4, 8)).eval()
    sound = np.random.default_rng(1).normal(0, 0.1, 640 * 60).astype(np.float32)
    clips = [sync_clip(f"c{i}", film(i).mouths, sound) for i in range(2)]
    take_sync(wild, net, clips)
    assert wild.sync["own sound"].clips == 2
    text = "\n".join(markdown({"calm": calm, "wild": wild, "real": WayFigures()}, [0.1]))
    assert "| calm | 0.000 | 0.00 |" in text and "wild, another clip's" in text
    assert "mouth 1.5" in text and "| real |" not in text
    assert "| calm | 0.000 | - |" in "\n".join(markdown({"calm": calm}, []))


def test_identity_meets_meshes_of_the_kept_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    aria = read_avatar(BUILTIN / "aria")
    frames = [MotionFrame(i, 0, np.zeros(MOTION_SIZE, np.float32), True) for i in range(2)]
    given = shot(aria, frames)
    asked: dict[str, Any] = {}

    def vectors(pictures: U8, meshes: F32, python: Path) -> F32:
        asked.update(pictures=pictures, meshes=meshes)
        out = np.zeros((len(pictures), 128), np.float32)
        out[:, 0] = np.arange(len(pictures))
        return out

    monkeypatch.setattr(film_figures, "identity_vectors", vectors)
    row = WayFigures()
    take_identity(row, film(1, 2), given, Path("python"))
    assert row.identity == [1.0, 2.0]
    assert (asked["pictures"][0] == aria.portrait).all() and asked["meshes"].shape == (3, 468, 3)


def test_real_video_has_the_same_figure() -> None:
    mesh = read_avatar(BUILTIN / "aria").landmarks
    frames = np.random.default_rng(1).integers(0, 255, (1, 512, 512, 3)).astype(np.uint8)
    assert real_flicker(np.repeat(frames, 3, 0), np.repeat(mesh[None], 3, 0)) < 1e-6


def test_bars_over_time_can_be_missed() -> None:
    frame, drawn = WayFigures(frame_ms=[8.0]), WayFigures(flicker=[0.5], frame_ms=[18.0])
    drawn.drift = {1.0: [0.02], 10.0: [0.02], 60.0: [0.0201]}
    ways = {"a": frame, "b": drawn}
    verdicts = [line.verdict for line in bars(ways, [0.45], "a", "b")]
    assert verdicts == ["met", "met", "met"]
    drawn.flicker, drawn.frame_ms, drawn.drift[60.0] = [0.6], [30.0], [0.03]
    assert {line.verdict for line in bars(ways, [0.45], "a", "b")} == {"MISSED"}
    assert {line.verdict for line in bars({"a": frame}, [], "a", "b")} == {"not measured"}
