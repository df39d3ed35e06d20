"""What the teacher said is asked once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.face.weights import load
from engines.render.cv import cv2
from engines.values import U8
from export.data import face_cache
from export.data import faces as source
from export.data.face_drawn import drawn_cache
from export.data.faces import FacesMissing

DRAWN = drawn_cache(8, 4)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "portraits").mkdir(parents=True)
    for name, photo in zip(DRAWN.names, DRAWN.photos, strict=True):
        cv2.imwrite(str(tmp_path / "data" / "portraits" / f"{name}.jpg"), photo)
    return tmp_path


def teacher(calls: list[int]) -> object:
    mirror = load().mirror

    def teach(images: U8, tracker: Path) -> tuple[object, object, object]:
        calls.append(len(images))
        points, masks = DRAWN.photo_points[: len(images)], DRAWN.masks[: len(images)]
        if len(calls) == 2:
            points = points[:, mirror] * np.array([-1, 1, 1]) + [images.shape[2], 0, 0]
            masks = masks[:, :, ::-1]
        found = np.ones(len(images), np.int32)
        return points.astype(np.float32), found, masks.astype(np.float32) / 255

    return teach


def test_the_second_time_the_teacher_is_not_asked(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(source, "teach", teacher(calls))
    monkeypatch.setattr(source, "mirror_index", lambda a, b: load().mirror)
    monkeypatch.setattr(source, "puppet", lambda photo, *_: [photo])
    said: list[str] = []
    folder = data / "cache"
    args = (data / "data", folder, Path("python"), data / "tracks", said.append)
    first = face_cache.prepare(*args)
    assert calls == [8, 8, 6]
    again = face_cache.prepare(*args)
    assert len(calls) == 3
    assert np.array_equal(first.train.points, again.train.points)
    assert len(first.test.images) == len(first.test_rows) == 2
    assert {*first.train_rows}.isdisjoint(first.test_rows)
    assert set(first.train.kinds.tolist()) == {0, 1, 3}
    assert "held_out" in (folder / "split.json").read_text()


def test_no_portraits_no_cache(tmp_path: Path) -> None:
    with pytest.raises(FacesMissing):
        face_cache.prepare(tmp_path, tmp_path / "c", Path("p"), tmp_path, lambda _: None)
