"""What people read of a network's back-end."""

from __future__ import annotations

from engines.backends.base import Model
from engines.backends.ort import OrtBackend
from engines.backends.runs import Runs
from engines.render.nets import DEFAULT_FOLDER


def test_it_reads_as_a_line() -> None:
    assert str(Runs("torch-cuda", "2.9", "fp16")) == "torch-cuda 2.9, fp16"


def test_onnx_runtime_tells_eight_bits_from_single_precision() -> None:
    for file, precision in (("eye.int8", "int8"), ("eye", "fp32")):
        graph = (DEFAULT_FOLDER / f"{file}.onnx").read_bytes()
        assert OrtBackend().load(Model("renderer/eye", graph)).runs.precision == precision
