from pathlib import Path

import cv2
import numpy as np
import pytest

from export.gallery.shape import face_width, lip_gap
from export.gallery.sources import Portraits, SourceError
from export.gallery.studio import FaceSpace, build
from tests.unit.export.gallery.studio_folder import RECIPE, SIDE, draw


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


def test_build_writes_one_finished_file_and_says_how_near_the_sources_are(tmp_path: Path) -> None:
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    line = build(RECIPE, portraits, FaceSpace(portraits), SIDE, tmp_path)
    picture = cv2.imread(str(tmp_path / "test.png"))
    assert picture is not None and picture.shape == (SIDE, SIDE, 3)
    assert "nearest source" in line and "% of the face width" in line
    assert [p.name for p in tmp_path.glob("*.png")] == ["test.png"], "nothing left aside"
    assert np.std(picture) > 20
