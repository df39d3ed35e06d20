import numpy as np
import pytest

from export.gallery import regions
from export.gallery.arrays import F64, f32
from tests.unit.export.gallery.faces import face

SIZE = 200


@pytest.fixture
def points() -> F64:
    return face()[:, :2]


def test_polygon_covers_its_inside_and_its_hull_covers_more(points: F64) -> None:
    mask = regions.polygon(points, regions.OVAL, SIZE)
    assert mask[100, 100] == 1 and mask[5, 5] == 0
    spread = tuple(regions.LIPS[::3]) + tuple(regions.LIPS[1::3])  # out of order
    assert (
        regions.polygon(points, spread, SIZE, hull=True).sum()
        >= regions.polygon(points, spread, SIZE).sum()
    )


def test_grow_dilates_erodes_and_leaves_alone() -> None:
    mask = np.zeros((30, 30), np.float32)
    mask[10:20, 10:20] = 1
    assert regions.grow(mask, 2)[8, 15] == 1 and regions.grow(mask, -2)[10, 15] == 0
    assert regions.grow(mask, 0) is mask


def test_face_parts_never_overlap_and_lie_where_they_should(points: F64) -> None:
    parts = regions.face_parts(points, SIZE, 2.0)
    assert set(parts) == {"eyes", "nose", "mouth", "skin"}
    total = np.sum(list(parts.values()), axis=0)
    assert total.max() <= 1 + 1e-6 and min(p.min() for p in parts.values()) >= 0
    assert parts["mouth"][132, 100] == 1
    assert parts["eyes"][88, 76] == 1 and parts["eyes"][88, 124] == 1
    assert parts["nose"][105, 100] == 1
    assert total[100, 20] == 0


def test_ramp_goes_both_ways() -> None:
    values = np.array([0.0, 0.5, 1.0])
    assert list(regions.ramp(values, 0, 1)) == [0, 0.5, 1]
    assert list(regions.ramp(values, 1, 0)) == [1, 0.5, 0]


def test_body_part_is_below_the_chin_and_beside_it_but_not_the_head(points: F64) -> None:
    mask = regions.body_part(points, SIZE, above_chin=0.25)
    assert mask[190, 100] == 1 and mask[190, 5] == 1
    assert mask[145, 10] == 1  # shoulder beside the jaw
    assert mask[60, 100] == 0 and mask[60, 10] == 0


def test_skin_colour_is_the_cheeks_and_foreheads(points: F64) -> None:
    lab = np.zeros((SIZE, SIZE, 3), np.float32)
    lab[:] = (20.0, 0.0, 0.0)
    lab[50:180, 45:155] = (65.0, 14.0, 18.0)
    assert np.allclose(regions.skin_colour(lab, points), (65, 14, 18))


def test_skin_likeness_knows_shade_from_hair_and_cloth() -> None:
    skin = f32([65.0, 14.0, 18.0])
    shade = [40.0, 14 * (40 / 65) ** 0.7, 18 * (40 / 65) ** 0.7]
    lab = f32([[[65, 14, 18], shade, [10, 2, 3], [60, -2, -25]]])
    likeness = regions.skin_likeness(lab, skin)[0]
    assert likeness[0] > 0.95 and likeness[1] > 0.9
    assert likeness[2] < 0.05 and likeness[3] < 0.05
