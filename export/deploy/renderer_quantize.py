"""The drawing nets in int8: static, calibrated on training pairs, ends in single precision.

Offline; ONNX Runtime's own quantiser.
Never decides what ships: `export.deploy.renderer_parity` compares.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from engines.values import F32

_FEW = 1
"""Channels that a filter of pictures gives: grey, or how much of it."""


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Sequence[Mapping[str, F32]]) -> None:
        self._left: Iterator[Mapping[str, F32]] = iter(feeds)

    def get_next(self) -> dict[str, F32] | None:
        found = next(self._left, None)
        return None if found is None else dict(found)


def quantised(model: bytes, feeds: Sequence[Mapping[str, F32]]) -> bytes:
    """The net with its inner convolutions in int8 (weights by channel), calibrated on `feeds`.

    The first and the last convolution, which see and give levels, stay as they are, and so do
    filters that give one channel and all that is no convolution. Raises ValueError for a net with
    fewer than three of them.
    """
    wide, thin = _convolutions(onnx.load_from_string(model).graph)
    if len(wide) < 3:
        raise ValueError("no inner convolution to quantise")
    with tempfile.TemporaryDirectory() as folder:
        plain, shaped, small = (Path(folder, f"{n}.onnx") for n in ("plain", "shaped", "small"))
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(shaped), skip_symbolic_shape=True)
        quantize_static(
            str(shaped),
            str(small),
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[wide[0], wide[-1], *thin],
            per_channel=True,
            # Processors with AVX2 and no VNNI add pairs of products in 16 bits: 7-bit weights
            # cannot overflow there, so that a net is the same net everywhere.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return small.read_bytes()


def _convolutions(graph: onnx.GraphProto) -> tuple[list[str], list[str]]:
    """Names of those that give many channels, and of those that give few."""
    channels = {constant.name: constant.dims[0] for constant in graph.initializer}
    wide: list[str] = []
    thin: list[str] = []
    for node in graph.node:
        if node.op_type == "Conv":
            (wide if channels.get(node.input[1], _FEW + 1) > _FEW else thin).append(node.name)
    return wide, thin
