"""Groups of points with nets of their own."""

from __future__ import annotations

import numpy as np
import pytest

from engines.face.frame import frame_of
from engines.face.parts import LEFT_EYE, LIDS, LIPS, PARTS, RIGHT_EYE, part_frame
from engines.face.weights import load


def test_groups_have_no_point_twice_and_lids_lie_in_the_eyes() -> None:
    for group in (LEFT_EYE, RIGHT_EYE, LIPS):
        assert len(set(group)) == len(group)
    assert set(LIDS) <= {*LEFT_EYE, *RIGHT_EYE}
    assert not {*LIPS} & {*LEFT_EYE, *RIGHT_EYE}


def test_the_right_eye_is_the_mirror_of_the_left() -> None:
    mirror = load().mirror
    assert {int(mirror[p]) for p in LEFT_EYE} == {*RIGHT_EYE}


@pytest.mark.parametrize("name", ["lips", "eye", "eye_right"])
def test_a_part_lies_around_its_points(name: str) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 200, (478, 3)).astype(np.float32)
    part = PARTS[name]
    frame = part_frame(part, points)
    assert np.allclose(frame.centre, points[[*part.centre], :2].mean(0), atol=1e-3)
    assert frame.angle == frame_of(points).angle
    assert np.isclose(frame.unit * 3.5, frame_of(points).unit * part.side)
