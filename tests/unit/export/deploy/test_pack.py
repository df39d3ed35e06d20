"""The command `pack`: what ships goes in whole, and nothing damaged does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engines.backends.networks import NETWORKS, WEIGHTS
from engines.backends.pack import read_pack
from engines.render.nets import load
from export.deploy.pack import CARD, NotPacked, main, pack


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packs") / "pack"
    assert main(["--out", str(out)]) == 0
    return out


def test_everything_that_ships_is_in_it(packed: Path) -> None:
    found = read_pack(packed)
    assert set(found.networks) == set(NETWORKS)
    for name in NETWORKS:
        assert found.model(name) == NETWORKS[name].model()
        assert f"weights/{name.split('/')[0]}/{CARD}" in found.files
    assert {"LICENSE", "NOTICE", "docs/licenses/ict-facekit.txt"} <= set(found.files)
    on_disk = {p.relative_to(packed).as_posix() for p in packed.rglob("*") if p.is_file()}
    assert on_disk - set(found.files) == {"pack.json"}


def test_the_engine_draws_with_it(packed: Path) -> None:
    assert load(read_pack(packed).weights("renderer")).digest == load().digest


def test_it_is_the_same_each_time(packed: Path, tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "again")]) == 0
    again = (tmp_path / "again" / "pack.json").read_bytes()
    assert again == (packed / "pack.json").read_bytes()


def test_nothing_is_written_over(packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(packed)]) == 1
    assert "is there already; name another folder" in capsys.readouterr().err


def test_damaged_weights_and_weights_without_a_card_are_not_packed(tmp_path: Path) -> None:
    renderer = tmp_path / "renderer"
    shutil.copytree(WEIGHTS / "renderer", renderer)
    (renderer / "eye.onnx").write_bytes(b"another")
    with pytest.raises(NotPacked, match="eye.onnx: not the file its manifest names"):
        pack(tmp_path / "out", {"renderer": renderer})
    (renderer / CARD).unlink()
    with pytest.raises(NotPacked, match="no model card"):
        pack(tmp_path / "out", {"renderer": renderer})
    with pytest.raises(NotPacked, match="face/scene: its file is not among the weights"):
        pack(tmp_path / "out", {"renderer": WEIGHTS / "renderer"})
    with pytest.raises(NotPacked, match="LICENSE is missing"):
        pack(tmp_path / "out", {"renderer": WEIGHTS / "renderer"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["renderer"], "nothing half made stays"
