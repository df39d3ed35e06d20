from pathlib import Path

import cv2
import numpy as np
import pytest

from export.gallery import studio
from export.gallery.likeness import Likeness
from export.gallery.shape import face_width, lip_gap
from export.gallery.sources import Portraits, SourceError
from export.gallery.studio import FaceSpace, Portrait, build, write
from tests.unit.export.gallery.studio_folder import RECIPE, SIDE, draw
from tests.unit.export.gallery.test_likeness import colours


def test_face_space_makes_closed_mouths_and_needs_enough_faces(tmp_path: Path) -> None:
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    space = FaceSpace(portraits)
    shape = space.shape(RECIPE)
    assert lip_gap(shape) < 0.045
    assert face_width(shape) == pytest.approx(1, abs=0.1)
    for stem in list(portraits.all_points())[5:]:
        portraits.all_points().pop(stem)
    with pytest.raises(SourceError, match="need 20"):
        FaceSpace(portraits)


def test_build_makes_a_picture_with_its_matte_and_write_leaves_two_whole_files(
    tmp_path: Path,
) -> None:
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    made = build(RECIPE, portraits, FaceSpace(portraits), SIDE)
    assert made.picture.shape == (SIDE, SIDE, 3) and made.matte.shape == (SIDE, SIDE)
    assert np.std(made.picture) > 20 and made.matte[100, 100] == 255
    out = tmp_path / "out"
    out.mkdir()
    assert write(made, "test", out) == out / "test.png"
    assert sorted(p.name for p in out.iterdir()) == ["test.matte.png", "test.png"]
    picture = cv2.imread(str(out / "test.png"))
    assert picture is not None and np.array_equal(picture, made.picture)


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    made = Portrait(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((478, 3)))
    with pytest.raises(SourceError, match="writable"):
        write(made, "test", tmp_path / "none")


def test_a_search_starts_from_the_recipes_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "DESIGN_SIZE", SIDE)
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    likeness = Likeness(portraits, colours)
    space = FaceSpace(portraits)
    found = studio.search(RECIPE, portraits, space, likeness, rounds=1, batch=3)
    assert len(found.step) == len(space.modes("female")) and found.source in portraits.names()
