from pathlib import Path

import numpy as np
import pytest

from export.rig.ict import Head, draw, project, read_head
from tests.unit.export.rig.small_head import small_head


def test_a_file_is_read_with_quads_cut_in_two(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "kit.npz",
        neutral=np.zeros((4, 3), np.float32),
        faces=np.array([[0, 1, 2, 3], [0, 1, 2, -1]], np.int32),
        face_material=np.array([0, 1], np.int8),
        materials=np.array(["M_Face", "M_Teeth"]),
        expression=np.ones((1, 4, 3), np.float16),
        expression_names=np.array(["jawOpen"]),
        identity=np.zeros((2, 4, 3), np.float16),
    )
    head = read_head(tmp_path / "kit.npz")
    assert head.triangles.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]
    assert head.material.tolist() == ["M_Face", "M_Teeth", "M_Face"]
    assert head.shapes["jawOpen"].dtype == np.float32


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        read_head(tmp_path / "none.npz")


def test_near_things_look_larger() -> None:
    far, near = project(np.array([[5, 5, 0], [5, 5, 10]], np.float32), 600) - 300
    assert near[0] > far[0] > 0 and near[1] < far[1] < 0


def test_what_is_in_front_is_seen() -> None:
    head: Head = small_head()
    picture, seen = draw(head, head.neutral, 200)
    assert picture.shape == (200, 200, 3)
    middle = seen[118, 104]
    assert head.material[middle] == "M_Face"
    assert seen[2, 2] == -1
    behind = head.neutral.copy()
    behind[:4, 2] -= 30  # the face goes behind the teeth
    assert head.material[draw(head, behind, 200)[1][118, 104]] == "M_Teeth"
