"""The torch back-end: near ONNX Runtime on all that ships, and asked for by name alone."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from typing import Any

import pytest

from engines.backends.base import BadGraph, LibraryMissing, Model
from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.torch_backend import TorchBackend, torch_version
from engines.backends.trial import apart

BAR = 1e-4
"""The issue's, of single precision."""


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_near_onnx_runtime(name: str) -> None:
    pytest.importorskip("torch", reason="the extra torch is not installed")
    pytest.importorskip("onnx", reason="the extra torch is not installed")
    row = NETWORKS[name]
    network, reference = TorchBackend().load(row.model()), OrtBackend().load(row.model())
    assert apart(network, reference, 3 if row.axis.most > 1 else 1) <= BAR
    network.close()


def test_an_unknown_network_is_refused() -> None:
    pytest.importorskip("torch", reason="the extra torch is not installed")
    with pytest.raises(BadGraph, match="renderer/hat: not among face/scene"):
        TorchBackend().load(Model("renderer/hat", b""))


@pytest.mark.parametrize("package", ["onnx", "torch"])
def test_what_is_not_installed_is_named_with_its_remedy(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def without(name: str, *rest: Any) -> Any:
        if name == package:
            raise ImportError(f"No module named {name}")
        return real(name, *rest)

    if package == "onnx":
        monkeypatch.setattr(importlib, "import_module", without)
    else:
        # None in place of a module is what import takes for one that cannot be had.
        monkeypatch.setitem(sys.modules, "engines.backends.torch_run.place", None)
    with pytest.raises(LibraryMissing, match=r"install the extra `torch`"):
        TorchBackend()


def test_its_version_is_told_without_loading_it() -> None:
    code = (
        "import sys; from engines.backends.torch_backend import torch_version;"
        "print(torch_version()); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(torch_version())


def test_none_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert torch_version() is None
