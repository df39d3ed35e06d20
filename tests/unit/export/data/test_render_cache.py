"""Pairs are drawn once, kept by box and kind, training apart from test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.render.cv import cv2
from export.data import faces, grid, render_grid
from export.data.render_cache import (
    SMOKE,
    boxes_of,
    face_plan,
    path_of,
    portraits,
    prepare,
    stored,
)
from tests.support.laughing import laughing
from tests.support.sample_avatar import sample, soft_mask

COUNT = 8


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Portraits of one person under several names, half of them laughing."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    (data / "portraits").mkdir(parents=True)
    (cache / "face").mkdir(parents=True)
    points = []
    for i in range(COUNT):
        photo, at = laughing() if i % 2 else (sample().portrait, sample().landmarks)
        cv2.imwrite(str(data / "portraits" / f"p{i}.jpg"), photo)
        points.append(at + np.array([0.5, 0.5, 0], np.float32))
    mask = (soft_mask() * 255).astype(np.uint8)
    np.savez(
        cache / "face" / "portraits.npz",
        points=np.stack(points), found=np.ones(COUNT, np.int32), masks=np.stack([mask] * COUNT),
    )  # fmt: skip
    (cache / "lips").mkdir()
    np.savez(
        cache / "lips" / "tts.npz",
        power=np.full((50, 4, 80), 0.01, np.float32), geometry_weight=np.ones(50, np.float32),
        geometry=np.linspace(0, 0.1, 50, dtype=np.float32)[:, None] * np.ones(7, np.float32),
    )  # fmt: skip
    return data, cache


def test_held_out_portraits_are_never_among_the_training_ones(places: tuple[Path, Path]) -> None:
    train, test = (portraits(*places, test=test) for test in (False, True))
    held = faces.split([f"p{i}" for i in range(COUNT)])[1]
    assert test.names == [f"p{i}" for i in held]
    assert not {*train.names} & {*test.names} and len(train.names) + len(test.names) == COUNT


def test_stills_are_drawn_once_and_kept_apart(places: tuple[Path, Path]) -> None:
    data, cache = places
    prepare(data, cache, SMOKE, kinds=("cycle",))
    train, test = stored(cache, "eye"), stored(cache, "eye", test=True)
    assert not {*train.identity} & {*test.identity} and set(train.kind) == {"cycle"}
    # Stills of training speak, or sound would be the mark of the one speaker in video.
    assert (train.condition[:, -3] > 0).mean() > 0.3 and not test.condition[:, -3].any()
    before = path_of(cache, "mouth", "cycle").stat().st_mtime_ns
    prepare(data, cache, SMOKE, kinds=("cycle",))
    assert path_of(cache, "mouth", "cycle").stat().st_mtime_ns == before


def test_two_processes_draw_what_one_does(places: tuple[Path, Path]) -> None:
    data, cache = places
    few = replace(SMOKE, portraits=(1, 1))
    prepare(data, cache, few, ("kept",))
    paths = sorted((cache / "renderer").iterdir())
    alone = {path: path.read_bytes() for path in paths}
    for path in paths:
        path.unlink()
    prepare(data, cache, few, ("kept",), jobs=2)
    assert {path: path.read_bytes() for path in (cache / "renderer").iterdir()} == alone
    assert len(alone) == 2


def test_a_fault_in_another_process_is_told(places: tuple[Path, Path]) -> None:
    data, cache = places
    (cache / "face" / "portraits.npz").unlink()
    with pytest.raises(FileNotFoundError, match="train face"):
        prepare(data, cache, SMOKE, kinds=("restore",), jobs=2)


def test_nothing_on_disk_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--prepare"):
        stored(tmp_path, "mouth")


def test_no_landmarks_say_what_to_run(places: tuple[Path, Path]) -> None:
    data, cache = places
    (cache / "face" / "portraits.npz").unlink()
    with pytest.raises(FileNotFoundError, match="train face"):
        prepare(data, cache, SMOKE, kinds=("restore",))


def test_clips_come_by_the_split_of_the_lips(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def make(
        data: Path, tracks: Path, names: list[str], *rest: object, **more: int
    ) -> list[object]:
        asked.append(names)
        assert more == {"face": 0}
        return []

    names = [f"c{i:03d}" for i in range(200)]
    monkeypatch.setattr(grid, "clip_names", lambda data: names)
    monkeypatch.setattr(render_grid, "make", make)
    prepare(*places, plan=SMOKE, kinds=("grid",))
    split = grid.split(names)
    assert asked == [split["train"][:4], split["test"][:2]]
    assert len(stored(places[1], "mouth")) == 0


def test_faces_are_drawn_instead_of_boxes_where_they_are_asked_for(
    places: tuple[Path, Path],
) -> None:
    plan = replace(SMOKE, face=256, portraits=(1, 1))
    prepare(*places, plan=plan, kinds=("cycle", "kept"))
    assert stored(places[1], "face").picture.shape[1:] == (256, 256, 3)
    assert not path_of(places[1], "mouth", "cycle").exists()
    assert boxes_of("grid", plan) == ("face",) and boxes_of("kept", plan) == ()
    assert face_plan(512, 3).restore == (12, 6) and face_plan(512).face == 512
