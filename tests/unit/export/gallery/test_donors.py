from pathlib import Path

import numpy as np
import pytest

from export.gallery.arrays import F64
from export.gallery.donors import Donors, cover
from export.gallery.recipes import Patch
from export.gallery.shape import mirror_index
from export.gallery.sources import Portraits, SourceError
from tests.unit.export.gallery.faces import face
from tests.unit.export.gallery.studio_folder import SIDE, draw


@pytest.fixture
def target() -> F64:
    return face()[:, :2]


@pytest.fixture
def donors(tmp_path: Path, target: F64) -> Donors:
    portraits = Portraits(draw(tmp_path) / "portraits", tmp_path / "cache")
    return Donors(portraits, mirror_index(face()), target, SIDE)


def test_a_patch_is_covered_by_its_neighbour() -> None:
    cloth = np.full((60, 60, 3), 0.6, np.float32)
    cloth[20:26, 30:40] = 0.1
    clean = cover(cloth, Patch("any", (20, 12, 30, 22), 0, 24))
    assert np.abs(clean - 0.6).max() < 0.05
    assert np.allclose(clean[:2], cloth[:2], atol=1e-3)


def test_face_is_warped_onto_the_target_once(donors: Donors) -> None:
    lab = donors.face("female_1")
    assert lab.shape == (SIDE, SIDE, 3) and donors.face("female_1") is lab
    assert 60 < donors.skin("female_1")[0] < 80
    assert lab[5, 5, 0] > 75 and lab[30, 100, 0] < 35  # wall, hair
    names = ("female_1", "female_2", "female_3")
    low, high = (f([donors.skin(n)[0] for n in names]) for f in (min, max))
    assert low <= donors.robust_skin(names)[0] <= high


def test_person_has_hair_inside_and_nothing_outside(donors: Donors) -> None:
    person = donors.person("female_5~", plain=False, low=0.06, width=0.86)
    assert person.alpha[60, 100] == 1 and person.alpha[5, 5] == 0
    cloth = donors.person("female_5", plain=False, low=0.2, width=0.65, cloth=True)
    assert 0 < cloth.alpha.sum() < person.alpha.sum() * 1.05
    assert person.residual.shape == (SIDE, SIDE, 3)


def test_a_source_without_a_face_is_named(donors: Donors) -> None:
    donors.portraits.all_points().pop("male_3")
    with pytest.raises(SourceError, match="male_3"):
        donors.face("male_3")
