"""A pack: what it gives, and every way in which it may not be what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.backends.networks import NETWORKS, WEIGHTS
from engines.backends.pack import (
    MANIFEST,
    MOST_BYTES,
    BadPack,
    digest_of,
    model_of,
    read_pack,
    weights_of,
)

EYE = "weights/renderer/eye.onnx"


def write(folder: Path, change: Callable[[dict[str, Any]], object] = lambda told: None) -> Path:
    """A pack of one "network"; `change` comes before the digest."""
    path = folder / EYE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"eye")
    files = {EYE: hashlib.sha256(b"eye").hexdigest()}
    told: dict[str, Any] = {
        "schema": 1,
        "networks": {"renderer/eye": {"file": EYE}},
        "files": files,
    }
    change(told)
    (folder / MANIFEST).write_text(json.dumps(told | {"digest": digest_of(told)}))
    return folder


def test_it_gives_networks_and_folders(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert model_of("renderer/eye", str(folder)).graph == b"eye"
    assert weights_of("renderer", str(folder)) == folder / "weights" / "renderer"
    with pytest.raises(BadPack, match="no network renderer/mouth; make it again: python -m export"):
        model_of("renderer/mouth", str(folder))
    with pytest.raises(BadPack, match="no weights of the face"):
        weights_of("face", str(folder))


def test_none_is_what_is_installed() -> None:
    assert weights_of("renderer", None) == WEIGHTS / "renderer"
    assert model_of("renderer/eye", None) == NETWORKS["renderer/eye"].model()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(schema=2), "schema 2, wanted 1"),
        (lambda told: told.pop("files"), "no 'files'"),
        (lambda told: told.update(networks=[1]), "no attribute"),
        (lambda told: told["files"].update({"../up": "00"}), "'../up' is no file of a pack"),
        (lambda told: told["files"].update({"/etc/up": "00"}), "is no file of a pack"),
        (lambda told: told["files"].update({"a\\up": "00"}), "is no file of a pack"),
        (lambda told: told["networks"].update(x={"file": "b"}), "'b' is no file of a pack"),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    with pytest.raises(BadPack, match=said):
        read_pack(write(tmp_path, change))


def test_an_edited_a_huge_and_a_missing_manifest_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path) / MANIFEST
    path.write_text(path.read_text().replace("renderer/eye", "renderer/eyf"))
    with pytest.raises(BadPack, match="changed after it was written"):
        read_pack(tmp_path)
    path.write_text("[]")
    with pytest.raises(BadPack, match="no manifest"):
        read_pack(tmp_path)
    path.write_text(" " * (MOST_BYTES + 1))
    with pytest.raises(BadPack, match="more than"):
        read_pack(tmp_path)
    path.unlink()
    with pytest.raises(BadPack, match="no pack; make it again"):
        read_pack(tmp_path)


def test_a_changed_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    pack = read_pack(write(tmp_path))
    (tmp_path / EYE).write_bytes(b"another")
    with pytest.raises(BadPack, match="eye.onnx: not the file its manifest names"):
        pack.model("renderer/eye")
    (tmp_path / EYE).unlink()
    with pytest.raises(BadPack, match="eye.onnx: No such file"):
        pack.weights("renderer")
