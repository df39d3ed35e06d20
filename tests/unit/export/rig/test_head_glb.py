"""The glTF file: its parts can be read back, named as Apple names them; the example ships it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES
from export.rig import head_glb as module
from export.rig.head_glb import LEAST_CM, UNIT_CM, Glb, head_glb, main
from export.rig.head_mesh import HeadMesh, head_mesh

SHIPPED = Path(__file__).parents[4] / "examples" / "head3d" / "head.glb"


@pytest.fixture(scope="module")
def head() -> HeadMesh:
    return head_mesh(load_rig())


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON" and size % 4 == 0
    rest, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert kind == b"BIN\0" and rest == len(data) - 28 - size
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def bytes_of(tree: dict[str, Any], data: bytes, view: int) -> bytes:
    row = tree["bufferViews"][view]
    return data[row["byteOffset"] : row["byteOffset"] + row["byteLength"]]


def test_the_shapes_read_back(head: HeadMesh) -> None:
    tree, data = parts(head_glb(head))
    mesh = tree["meshes"][0]
    assert mesh["extras"]["targetNames"] == list(ARKIT_NAMES)
    targets = mesh["primitives"][0]["targets"]
    assert len(targets) == len(mesh["weights"]) == len(ARKIT_NAMES)
    for delta, target in zip(head.deltas, targets, strict=True):
        accessor = tree["accessors"][target["POSITION"]]
        sparse = accessor["sparse"]
        rows = np.frombuffer(bytes_of(tree, data, sparse["indices"]["bufferView"]), "<u2")
        values = np.frombuffer(bytes_of(tree, data, sparse["values"]["bufferView"]), "<i2")
        assert (np.diff(rows.astype(int)) > 0).all()
        read = np.zeros_like(delta)
        read[rows] = values.reshape(-1, 3) / 32767 * UNIT_CM
        assert np.linalg.norm(read - delta, axis=1).max() <= LEAST_CM + 1e-3
    names = [node["name"] for node in tree["nodes"]]
    assert names[0] == "Head" and set(names[1:]) == {"EyeLeft", "EyeRight"}
    assert "ICT" in tree["asset"]["copyright"]


def test_the_example_s_head_is_the_one_this_makes(head: HeadMesh) -> None:
    made, shipped = parts(head_glb(head)), parts(SHIPPED.read_bytes())
    assert made[0]["meshes"] == shipped[0]["meshes"]
    assert len(made[1]) == pytest.approx(len(shipped[1]), rel=0.01)
    assert len(SHIPPED.read_bytes()) < 700_000


def test_a_shape_too_large_for_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match="moves a point"):
        Glb().sparse(np.full((2, 3), 1.0, np.float32), 0.0)


def test_the_command_writes_and_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "head_glb", lambda head: b"glTF")
    monkeypatch.setattr(module, "head_mesh", lambda rig: None)
    assert main(["--out", str(tmp_path / "a.glb")]) == 0
    assert (tmp_path / "a.glb").read_bytes() == b"glTF"
    assert main(["--out", str(tmp_path / "none" / "a.glb")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["--out", "a.obj"])
    assert caught.value.code == 2
