import numpy as np
import pytest

from engines.values import MOTION_INDEX, MOTION_SIZE
from export.evaluate.avatar_motions import GRADED, LEVELS, graded, judged, motion


def test_a_name_without_its_side_stands_for_both() -> None:
    out = motion({"mouthSmile": 0.5, "jawOpen": 1.0})
    assert out.shape == (MOTION_SIZE,) and out.dtype == np.float32
    names = {name for name, i in MOTION_INDEX.items() if out[i]}
    assert names == {"mouthSmileLeft", "mouthSmileRight", "jawOpen"}


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        motion({"mouthGrin": 1.0})


def test_rest_and_twelve_motions_within_the_contract() -> None:
    rows = judged()
    assert len(rows) == 13 and not rows[0].motion.any() and not rows[0].extreme
    assert len({row.name for row in rows}) == 13
    shapes = np.stack([row.motion[:52] for row in rows])
    assert shapes.min() >= 0 and shapes.max() == 1
    turns = np.abs(np.stack([row.motion[52:55] for row in rows])).max(0)
    np.testing.assert_allclose(np.rad2deg(turns), [10, 15, 8], rtol=1e-5)


def test_the_sign_turns_the_head_the_other_way_and_nothing_else() -> None:
    for one, other in zip(judged(1.0), judged(-1.0), strict=True):
        np.testing.assert_array_equal(one.motion[:52], other.motion[:52])
        np.testing.assert_array_equal(one.motion[52:], -other.motion[52:])


def test_each_gauge_rises_through_its_levels() -> None:
    ladder = graded()
    assert set(ladder) == set(GRADED)
    for rows in ladder.values():
        assert [float(row.max()) for row in rows] == list(LEVELS)
