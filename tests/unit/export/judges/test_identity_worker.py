import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from export.judges.identity import WORKER


class FakeNet:
    """Answers with the picture's first pixel (RGB) and the face's first point."""

    def __init__(self, path: str) -> None:
        self.path = path

    def compute_face_descriptor(self, picture: Any, face: Any) -> list[float]:
        return [*map(float, picture[0, 0]), *face.parts[0], *[0.0] * 123]


def fake_dlib() -> SimpleNamespace:
    return SimpleNamespace(
        face_recognition_model_v1=FakeNet,
        points=list,
        point=lambda x, y: (x, y),
        rectangle=lambda *sides: sides,
        full_object_detection=lambda box, parts: SimpleNamespace(box=box, parts=parts),
    )


def test_pictures_are_turned_to_rgb_and_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", fake_dlib())
    package = tmp_path / "face_recognition_models"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    images = np.zeros((1, 4, 4, 3), np.uint8)
    images[..., 0] = 200  # BGR: blue
    points = np.full((1, 5, 2), 1.6, np.float32)
    source, target = tmp_path / "in.npz", tmp_path / "out.npz"
    np.savez(source, images=images, points=points)
    runpy.run_path(str(WORKER))["main"](str(source), str(target))
    with np.load(target) as out:
        assert out["vectors"][0, :5].tolist() == [0, 0, 200, 2, 2]


def test_missing_models_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", fake_dlib())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="face-recognition-models is missing"):
        runpy.run_path(str(WORKER))["models"]()
