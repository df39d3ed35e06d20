import numpy as np
import pytest

from engines.render import landmarks as lm
from engines.render.creases import Group, groups
from engines.values import ARKIT_NAMES, F32
from tests.support.sample_avatar import sample_geometry


def points() -> F32:
    out: F32 = sample_geometry().face[:, :2] * np.array([1, -1], np.float32)
    return out


def found(age: float = 0.5) -> dict[str, list[Group]]:
    out: dict[str, list[Group]] = {}
    for one in groups(points(), sample_geometry().face_width, age):
        out.setdefault(one.name, []).append(one)
    return out


def middle(group: Group) -> F32:
    shapes = [c.path for c in group.creases] + [p.outline for p in group.patches]
    return np.asarray(np.concatenate(shapes).mean(0), np.float32)


def test_every_group_is_driven_by_shapes_that_exist_and_lies_on_the_face() -> None:
    face = points()
    low, high = face.min(0), face.max(0)
    for same in found().values():
        for one in same:
            assert one.drive and set(one.drive) <= set(ARKIT_NAMES)
            assert all(0 < abs(share) <= 1 for share in one.drive.values())
            assert max(one.drive.values()) >= 0.4
            assert (middle(one) > low).all() and (middle(one) < high).all(), one.name
            for crease in one.creases:
                assert len(crease.along) == len(crease.path)
                assert 0 <= crease.along.min() and crease.along.max() <= 1


@pytest.mark.parametrize(
    "name", ["crow's feet", "smile fold", "sneer fold", "marionette", "dimple", "lid crease"]
)
def test_a_fold_of_one_side_follows_the_shapes_of_that_side(name: str) -> None:
    centre = points()[lm.CHIN, 0]
    for one in found()[name]:
        # The person's left is the picture's right.
        side = "Right" if middle(one)[0] < centre else "Left"
        assert all(n.endswith(side) for n in one.drive if n.endswith(("Left", "Right")))
    assert len(found()[name]) == 2


def test_raised_brow_ends_fold_their_own_side_of_the_forehead() -> None:
    one = found()["forehead left"][0]
    weight = sum((c.along[:, None] * c.path).sum(0) for c in one.creases)
    total = sum(float(c.along.sum()) for c in one.creases)
    assert (weight / total)[0] < points()[lm.FACE_TOP, 0]
    assert one.drive["browOuterUpRight"] > 0.5 and "browOuterUpLeft" not in one.drive


def test_forehead_lines_lie_between_brows_and_hairline_one_above_the_other() -> None:
    face = points()
    for age in (0.0, 0.5, 1.0):
        rows = [
            float(c.path[len(c.path) // 2, 1]) for c in found(age)["forehead middle"][0].creases
        ]
        assert rows == sorted(rows, reverse=True)
        assert face[lm.FACE_TOP, 1] < min(rows) and max(rows) < face[9, 1]


def test_older_skin_has_more_lines() -> None:
    young, old = found(0.0), found(1.0)
    assert len(young["forehead middle"][0].creases) == 2
    assert len(old["forehead middle"][0].creases) == 4
    assert len(old["crow's feet"][0].creases) > len(young["crow's feet"][0].creases)
