"""Tests of export.evaluate.lips_rendered with a stand-in for the tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.avatars.bundle import load as read_avatar
from engines.avatars.store import BUILTIN
from engines.motion.lips import LipModel
from engines.render.stage import AS_IT_IS
from engines.render.warp import WarpRenderer
from engines.values import MOTION_SIZE, U8
from export.evaluate import lips_rendered
from export.train.lip_data import GridClip, Places
from tests.support.tiny_renderer import write_weights


class OneAvatar:
    """A store with one avatar that is nothing but a name."""

    def names(self) -> list[str]:
        return ["plain"]

    def load(self, name: str) -> str:
        return name


def test_drawn_frames_are_tracked_and_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def draw(samples: np.ndarray, avatar: str, motion: Any, **_: Any) -> list[Any]:
        class Drawn:
            image: U8 = np.zeros((16, 16, 3), np.uint8)

        return [Drawn()] * (len(samples) // 640)

    def tracker(places: Places, videos: list[Path], out: Path) -> None:
        out.mkdir()
        for video in videos:
            seen.append(video)
            frames = len(np.load(video))
            points = np.zeros((frames, 478, 3), np.float32)
            points[:, 152, 1] = 100.0
            points[:, 14, 1] = np.arange(frames)
            np.savez(out / f"{video.stem}.npz", landmarks=points, found=np.ones(frames, bool))

    monkeypatch.setattr(lips_rendered, "render_file", draw)
    monkeypatch.setattr(lips_rendered, "run_tracker", tracker)
    clips = [
        GridClip(f"c{i}", np.zeros(640 * 20, np.float32), np.zeros((20, 7), np.float32), [])
        for i in range(12)
    ]
    found = lips_rendered.drawn_geometry(
        Places(tmp_path, tmp_path, tmp_path),
        clips,
        "plain",
        OneAvatar(),  # type: ignore[arg-type]
        LipModel.load(),
    )
    assert len(found) == len(seen) == 12
    np.testing.assert_allclose(found[3][:, 0], np.arange(20) / 100.0, rtol=1e-5)
    assert not any(path.exists() for path in seen)


def test_nets_of_a_folder_draw(tmp_path: Path) -> None:
    aria = read_avatar(BUILTIN / "aria")
    draw = lips_rendered.refined(write_weights(tmp_path, gain=0.3))
    renderer = draw(aria, 256, AS_IT_IS)
    plain = WarpRenderer(aria, 256)
    still = np.zeros(MOTION_SIZE, np.float32)
    seen = renderer.render(renderer.new_state(1), still)
    assert (seen != plain.render(plain.new_state(), still)).any()
