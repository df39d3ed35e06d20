import dataclasses
from pathlib import Path

import numpy as np

from export.gallery.compose import compose
from export.gallery.donors import Donors
from export.gallery.recipes import Cloth, Hair
from export.gallery.shape import mirror_index
from export.gallery.sources import Portraits
from tests.unit.export.gallery.faces import face
from tests.unit.export.gallery.studio_folder import RECIPE, SIDE, draw


def studio(tmp_path: Path) -> Donors:
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    return Donors(portraits, mirror_index(face()), face()[:, :2], SIDE)


def test_a_person_with_face_hair_body_and_backdrop_is_made(tmp_path: Path) -> None:
    donors = studio(tmp_path)
    picture, alpha = compose(RECIPE, donors)
    assert alpha.shape == (SIDE, SIDE) and alpha[100, 100] == 1 and alpha[10, 10] < 0.02
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8
    assert picture[120, 70].astype(int)[2] > picture[120, 70].astype(int)[0] + 30  # warm skin
    assert picture[15, 100].max() < 90  # hair
    assert picture[10, 10].min() > 90  # backdrop
    assert np.array_equal(picture, compose(RECIPE, donors)[0]), "the same seed, the same picture"


def test_one_donor_for_hair_and_body_works_too(tmp_path: Path) -> None:
    donors = studio(tmp_path)
    same = dataclasses.replace(RECIPE, body=RECIPE.hair, hair_over_px=0.0)
    assert not np.array_equal(compose(same, donors)[0], compose(RECIPE, donors)[0])


def test_new_strands_and_new_cloth_change_hair_and_clothes_but_not_the_face(
    tmp_path: Path,
) -> None:
    donors = studio(tmp_path)
    plain, _ = compose(RECIPE, donors)
    changed = dataclasses.replace(RECIPE, style=Hair(lift=30.0), cloth=Cloth(tint=(0.0, -40.0)))
    picture, _ = compose(changed, donors)
    moved = np.abs(picture.astype(int) - plain).max(2)
    assert moved[15, 100] > 20 and moved[195, 100] > 20
    assert moved[80:120, 80:120].max() < 8
