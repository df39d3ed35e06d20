from pathlib import Path

import numpy as np
import pytest

from engines.render.rig import load_rig
from export.rig import build
from export.rig.build import cliques, ring
from export.rig.tracker import Tracked
from tests.unit.export.rig.small_head import small_head


def test_triangles_are_the_threes_that_are_all_joined() -> None:
    edges = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 1], [3, 4]], np.int32)
    assert cliques(edges).tolist() == [[0, 1, 2], [1, 2, 3]]


def test_an_outline_is_walked_in_order() -> None:
    edges = np.array([[5, 7], [10, 5], [7, 10]], np.int32)
    assert ring(edges).tolist() == [10, 5, 7]


def test_the_committed_mesh_has_every_point() -> None:
    assert set(load_rig().triangles.ravel().tolist()) == set(range(468))


def test_a_rig_whose_pictures_show_no_face_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_face(images: object, python: Path) -> Tracked:
        nothing = np.zeros((1, 2), np.int32)
        return Tracked(
            landmarks=np.zeros((2, 478, 3), np.float32),
            faces=np.array([1, 0], np.int32),
            matte=np.zeros((2, 8, 8), np.float32),
            edges=nothing,
            oval=nothing,
        )

    monkeypatch.setattr(build, "track", no_face)
    with pytest.raises(RuntimeError, match="show \\[1, 0\\] faces"):
        build.build(small_head(), Path("python"))
