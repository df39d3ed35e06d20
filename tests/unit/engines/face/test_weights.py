"""The shipped folder, and what is said when it is damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.face.parts import PARTS
from engines.face.person import SIDE_PX
from engines.face.weights import DEFAULT_FOLDER, NETS, BadFaceWeights, load

MAX_BYTES = 6 * 2**20


def test_the_shipped_nets_load_answer_and_are_small() -> None:
    nets = load()
    assert sum((DEFAULT_FOLDER / f"{n}.onnx").stat().st_size for n in NETS) <= MAX_BYTES
    for name in ("mesh", "lips", "eye"):
        part = PARTS[name]
        crops = np.zeros((3, part.side_px, part.side_px, 3), np.uint8)
        for output in ("points", "fine"):
            out = nets.run(name, crops, output)
            assert out.shape == (3, len(part.points), 3)
            assert np.isfinite(out).all()
    scene = np.zeros((1, 256, 256, 3), np.uint8)
    assert nets.run("scene", scene, "faces").shape == (1, 7, 32, 32)
    assert nets.run("scene", scene, "person").shape == (1, 1, 256, 256)
    crop = np.zeros((2, SIDE_PX, SIDE_PX, 3), np.uint8)
    assert nets.run("person", crop, "person").shape == (2, 1, SIDE_PX, SIDE_PX)


def test_the_mirror_is_one_to_one_and_its_own_inverse() -> None:
    mirror = load().mirror
    assert (mirror[mirror] == np.arange(478)).all()
    assert mirror[33] == 263 and mirror[61] == 291 and mirror[468] == 473


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "face"))


def test_a_changed_file_is_named(folder: Path) -> None:
    (folder / "lips.onnx").write_bytes(b"no net")
    with pytest.raises(BadFaceWeights, match=r"lips\.onnx is not the file.*train face"):
        load(folder)


@pytest.mark.parametrize("name", ["eye", "person"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.onnx").unlink()
    with pytest.raises(BadFaceWeights, match=rf"{name}\.onnx"):
        load(folder)


def test_a_net_that_the_manifest_does_not_know_is_named(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sha256"]["person"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadFaceWeights, match=r"person\.onnx.*train face"):
        load(folder)


def test_another_schema_and_no_manifest_are_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema": 99}))
    with pytest.raises(BadFaceWeights, match="schema 99"):
        load(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(BadFaceWeights, match="manifest"):
        load(folder)
