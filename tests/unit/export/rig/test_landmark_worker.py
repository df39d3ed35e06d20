import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from export.rig.tracker import WORKER


class FakeNet:
    """Stands for both nets: one face at the picture's middle when its first pixel is red."""

    def __init__(self, **_: object) -> None:
        pass

    def __enter__(self) -> "FakeNet":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def process(self, picture: Any) -> SimpleNamespace:
        point = SimpleNamespace(x=0.5, y=0.25, z=-0.1)
        face = SimpleNamespace(landmark=[point] * 478)
        red = bool(picture[0, 0, 0] > 200)
        mask = np.full(picture.shape[:2], 0.75, np.float32)
        return SimpleNamespace(multi_face_landmarks=[face] if red else None, segmentation_mask=mask)


def test_landmarks_are_in_pixels_and_pictures_without_a_face_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = SimpleNamespace(
        FaceMesh=FakeNet,
        FACEMESH_TESSELATION=frozenset({(1, 2), (0, 1)}),
        FACEMESH_FACE_OVAL=frozenset({(3, 4)}),
    )
    selfie = SimpleNamespace(SelfieSegmentation=FakeNet)
    fake = SimpleNamespace(solutions=SimpleNamespace(face_mesh=mesh, selfie_segmentation=selfie))
    monkeypatch.setitem(sys.modules, "mediapipe", fake)
    images = np.zeros((2, 40, 80, 3), np.uint8)
    images[0, ..., 2] = 255  # BGR: red
    source, target = tmp_path / "in.npz", tmp_path / "out.npz"
    np.savez(source, images=images)
    runpy.run_path(str(WORKER))["main"](str(source), str(target))
    with np.load(target) as out:
        assert out["faces"].tolist() == [1, 0]
        np.testing.assert_allclose(out["landmarks"][0, 5], [40, 10, -8])
        assert not out["landmarks"][1].any()
        assert out["matte"].shape == (2, 40, 80) and out["matte"].max() == 0.75
        assert out["edges"].tolist() == [[0, 1], [1, 2]]
