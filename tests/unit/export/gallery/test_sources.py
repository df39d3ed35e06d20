from pathlib import Path

import cv2
import numpy as np
import pytest

from export.gallery import sources
from tests.unit.export.gallery.faces import face


def folder_with(tmp_path: Path, *stems: str) -> Path:
    for stem in stems:
        cv2.imwrite(str(tmp_path / f"{stem}.jpg"), np.full((20, 30, 3), 90, np.uint8))
    return tmp_path


def test_names_with_a_mirror_mark() -> None:
    assert sources.split_name("female_1~") == ("female_1", True)
    assert sources.split_name("female_1") == ("female_1", False)
    assert sources.other_side("a") == "a~" and sources.other_side("a~") == "a"


def test_mirrored_twice_is_the_same_face() -> None:
    points = face()
    index = np.arange(478)
    index[[234, 454]] = [454, 234]
    once = sources.mirror_points(points, 200, index)
    assert once[454, 0] == pytest.approx(199 - points[234, 0])
    assert np.allclose(sources.mirror_points(once, 200, index), points)


def test_pictures_are_listed_and_read(tmp_path: Path) -> None:
    portraits = sources.Portraits(folder_with(tmp_path, "b_2", "a_1"))
    assert portraits.names() == ["a_1", "b_2"]
    picture = portraits.picture("a_1")
    assert picture.shape == (20, 30, 3) and portraits.picture("a_1") is picture


def test_a_missing_folder_or_portrait_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(sources.SourceError, match="--data"):
        sources.Portraits(tmp_path / "none")
    with pytest.raises(sources.SourceError, match="missing or not a picture"):
        sources.Portraits(tmp_path).picture("ghost")


def test_landmarks_come_from_the_cache_when_there(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    np.savez(cache / "landmarks.npz", a_1=face())
    portraits = sources.Portraits(folder_with(tmp_path, "a_1"), cache)
    assert np.array_equal(portraits.all_points()["a_1"], face())


def test_without_the_tracker_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mediapipe", None)
    portraits = sources.Portraits(folder_with(tmp_path, "a_1"))
    with pytest.raises(sources.SourceError, match="pip install"):
        portraits.all_points()
